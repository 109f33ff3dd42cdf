package dev.platter.devices.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.platter.devices.pci.PciBar.Space;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a function may declare. */
class PciLimitsTest {
  @ParameterizedTest
  @CsvSource({
    "0, MEMORY, 16, 0xfffffff0",
    "5, MEMORY, 0x40000000, 0xc0000000",
    "2, IO, 4, 0xfffffffd",
    "3, IO, 256, 0xffffff01"
  })
  @DisplayName("PCI 6.2.5.1: software finds space and size of a BAR by writing ones")
  void sizing(int index, Space space, String sizeBytes, String found) {
    PciConfigSpace config = new PciConfigSpace();
    config.define(new PciBar(index, space, Integer.decode(sizeBytes), config));
    config.write(PciConfig.BAR_0 + 4 * index, 4, -1);
    assertThat(config.read(PciConfig.BAR_0 + 4 * index, 4)).isEqualTo(Long.decode(found));
  }

  @ParameterizedTest
  @CsvSource({
    "-1, MEMORY, 16",
    "6, MEMORY, 16",
    "0, MEMORY, 8",
    "0, MEMORY, 4097",
    "0, MEMORY, -2147483648",
    "0, IO, 2",
    "0, IO, 512"
  })
  @DisplayName(
      "PCI 6.2.5: six BARs, of a power of two, at least 16 bytes of memory, 4 to 256 of I/O")
  void noSuchBar(int index, Space space, int sizeBytes) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new PciBar(index, space, sizeBytes, new PciConfigSpace()));
  }

  @ParameterizedTest
  @CsvSource({"2, 0, 0", "-1, 0, 0", "0, 3, 0", "0, 64, 0", "0, -1, 0", "0, 0, 2049", "0, 0, -1"})
  @DisplayName("PCI 6.8.1.3, 6.8.2.3: a power of two up to 32 MSI, up to 2048 MSI-X")
  void noSuchVectors(int intx, int msi, int msix) {
    assertThatIllegalArgumentException().isThrownBy(() -> new PciVectors(intx, msi, msix));
  }
}
