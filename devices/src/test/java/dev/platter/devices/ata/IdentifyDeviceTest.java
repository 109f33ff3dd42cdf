package dev.platter.devices.ata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class IdentifyDeviceTest {
  private static final IdentifyDevice IDENTITY = new IdentifyDevice("Model", "Serial", "Fw");
  private static final long SECTORS = 0x1_2345_6789L;

  private static MemorySegment page(int blockSize, boolean cache, boolean trim) {
    return page(blockSize, blockSize, cache, trim);
  }

  private static MemorySegment page(int blockSize, int physical, boolean cache, boolean trim) {
    MemorySegment page = Arena.ofAuto().allocate(IdentifyDevice.PAGE_BYTES);
    IDENTITY.write(
        page,
        new IdentifyDevice.State(
            SECTORS, blockSize, physical, cache, cache, true, trim, 0, 5, -1, true));
    return page;
  }

  private static int word(MemorySegment page, int index) {
    return page.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * index) & 0xffff;
  }

  @Test
  @DisplayName("ACS-3 7.12: strings are padded with spaces, the first character in the high byte")
  void strings() {
    byte[] bytes = page(512, true, true).toArray(ValueLayout.JAVA_BYTE);
    String raw = new String(bytes, StandardCharsets.US_ASCII);
    assertThat(raw.substring(54, 60)).isEqualTo("oMed l");
    assertThat(raw.substring(60, 94)).isBlank();
    assertThat(raw.substring(20, 26)).isEqualTo("eSirla");
    assertThat(raw.substring(46, 54)).isEqualTo("wF      ");
  }

  @Test
  @DisplayName("ACS-3 7.12: the words that Linux's libata reads")
  void words() {
    MemorySegment page = page(512, true, true);
    assertThat(word(page, 0)).isEqualTo(0x0040);
    assertThat(word(page, 49) & 0x0300).as("LBA, DMA").isEqualTo(0x0300);
    assertThat(word(page, 53)).isEqualTo(6);
    assertThat(word(page, 60) | word(page, 61) << 16).isEqualTo(0x0fffffff);
    assertThat(word(page, 75)).isEqualTo(31);
    assertThat(word(page, 76) & 0x0100).as("NCQ").isNotZero();
    assertThat(word(page, 63)).as("Multiword DMA, none selected").isEqualTo(0x0007);
    assertThat(word(page, 78)).as("software settings preservation").isEqualTo(0x0040);
    assertThat(word(page, 79)).as("enabled").isEqualTo(0x0040);
    assertThat(word(page, 80) & 0x0400).as("ACS-3").isNotZero();
    assertThat(word(page, 82)).isEqualTo(0x0068);
    assertThat(word(page, 83)).isEqualTo(0x7400);
    assertThat(word(page, 84) & 0xc000).isEqualTo(0x4000);
    assertThat(word(page, 87) & 0xc000).isEqualTo(0x4000);
    assertThat(word(page, 88)).isEqualTo(0x207f);
    assertThat(word(page, 93)).as("SATA").isZero();
    assertThat(page.get(ValueLayout.JAVA_LONG_UNALIGNED, 200)).isEqualTo(SECTORS);
    assertThat(word(page, 105)).isEqualTo(8);
    assertThat(word(page, 106)).isEqualTo(0x4000);
    assertThat(word(page, 119) & 8).as("READ LOG DMA EXT").isNotZero();
    assertThat(word(page, 169)).isEqualTo(1);
    assertThat(word(page, 217)).isEqualTo(1);
    assertThat(word(page, 222) >> 12).as("serial").isEqualTo(1);
  }

  @Test
  @DisplayName("ACS-3 7.12: word 255 makes the bytes of the page add up to 0")
  void checksum() {
    for (boolean flag : new boolean[] {false, true}) {
      MemorySegment page = page(4096, flag, flag);
      assertThat(word(page, 255) & 0xff).isEqualTo(0xa5);
      assertThat(IdentifyDevice.sum(page, 512) & 0xff).isZero();
    }
  }

  @Test
  @DisplayName("ACS-3 7.12: words 106 and 117-118 tell of long sectors; no cache, no TRIM")
  void variants() {
    MemorySegment page = page(4096, false, false);
    assertThat(word(page, 106)).isEqualTo(0x5000);
    assertThat(word(page, 117)).isEqualTo(2048);
    assertThat(word(page, 118)).isZero();
    assertThat(word(page, 82) & 0x20).isZero();
    assertThat(word(page, 85) & 0x20).isZero();
    assertThat(word(page, 169)).isZero();
  }

  @Test
  @DisplayName("ACS-3 7.12: words 106 and 209 tell of sectors that are parts of blocks (512e)")
  void physicalSectors() {
    MemorySegment page = page(512, 4096, true, true);
    assertThat(word(page, 106)).as("2^3 logical in a physical one").isEqualTo(0x6003);
    assertThat(word(page, 209)).as("the first is aligned").isEqualTo(0x4000);
    assertThat(word(page, 117)).isZero();
    assertThat(word(page(4096, 65536, true, true), 106)).isEqualTo(0x7004);
    assertThat(word(page(512, 512, true, true), 209)).isZero();
  }

  @Test
  @DisplayName("Strings that do not fit are refused")
  void badStrings() {
    assertThatThrownBy(() -> new IdentifyDevice("x".repeat(41), "s", "f"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("40");
    assertThatThrownBy(() -> new IdentifyDevice("m", "s\n", "f"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
