package dev.platter.guestimages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads the volume back by the offsets of Microsoft's FAT specification, 1.03. */
class FatVolumeTest {
  private static final long SECTORS = 64 << 11; // 64 MiB

  @TempDir Path directory;

  private ByteBuffer volume(long sectors, Map<String, byte[]> files) throws IOException {
    Path file = directory.resolve("fat");
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE)) {
      new FatVolume(sectors, 2048, 0x1234_5678).write(channel, 0, files);
      channel.write(ByteBuffer.allocate(1), sectors * 512 - 1);
    }
    return ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static int dataStart(ByteBuffer fat) {
    return (fat.getShort(14) + fat.get(16) * fat.getShort(22)) * 512 + fat.getShort(17) * 32;
  }

  private static int rootStart(ByteBuffer fat) {
    return (fat.getShort(14) + fat.get(16) * fat.getShort(22)) * 512;
  }

  /** The entry of a name in the directory at an offset; its position. */
  private static int find(ByteBuffer fat, int directoryStart, String padded) {
    byte[] name = new byte[11];
    for (int at = directoryStart; fat.get(at) != 0; at += 32) {
      fat.get(at, name);
      if (new String(name, StandardCharsets.US_ASCII).equals(padded)) {
        return at;
      }
    }
    throw new AssertionError("no " + padded);
  }

  private static byte[] follow(ByteBuffer fat, int entry) {
    int clusterBytes = fat.get(13) * 512;
    byte[] content = new byte[fat.getInt(entry + 28)];
    int cluster = Short.toUnsignedInt(fat.getShort(entry + 26));
    for (int at = 0; at < content.length; at += clusterBytes) {
      int from = dataStart(fat) + (cluster - 2) * clusterBytes;
      fat.get(from, content, at, Math.min(clusterBytes, content.length - at));
      cluster = Short.toUnsignedInt(fat.getShort(fat.getShort(14) * 512 + cluster * 2));
    }
    assertThat(cluster).isGreaterThanOrEqualTo(0xfff8);
    return content;
  }

  private static byte[] bytes(int count) {
    ByteBuffer buffer = ByteBuffer.allocate(count / 8 * 8);
    KnownPattern.fill(buffer, count, 0);
    return buffer.array();
  }

  @Test
  void filesReadBackThroughDirectoriesAndChains() throws IOException {
    byte[] large = bytes(1_000_000);
    byte[] small = bytes(24);
    ByteBuffer fat = volume(SECTORS, Map.of("EFI/BOOT/BOOTX64.EFI", large, "A.TXT", small));
    assertThat(fat.getShort(510)).isEqualTo((short) 0xaa55);
    assertThat(fat.getInt(32)).isEqualTo((int) SECTORS);
    int root = rootStart(fat);
    assertThat(follow(fat, find(fat, root, "A       TXT"))).isEqualTo(small);
    int efi = directoryAt(fat, find(fat, root, "EFI        "));
    assertThat(fat.getShort(find(fat, efi, "..         ") + 26)).isZero();
    int boot = directoryAt(fat, find(fat, efi, "BOOT       "));
    assertThat(follow(fat, find(fat, boot, "BOOTX64 EFI"))).isEqualTo(large);
  }

  private static int directoryAt(ByteBuffer fat, int entry) {
    assertThat(fat.get(entry + 11)).isEqualTo((byte) 0x10);
    int cluster = Short.toUnsignedInt(fat.getShort(entry + 26));
    return dataStart(fat) + (cluster - 2) * fat.get(13) * 512;
  }

  @Test
  void bothCopiesOfTheTableAreEqual() throws IOException {
    ByteBuffer fat = volume(SECTORS, Map.of("A", bytes(100_000)));
    int bytes = fat.getShort(22) * 512;
    assertThat(fat.slice(512, bytes)).isEqualTo(fat.slice(512 + bytes, bytes));
  }

  /** Page 14: which FAT it is depends on nothing but the number of clusters. */
  @Test
  void everySizeIsAFat16() throws IOException {
    for (long mib : new long[] {3, 16, 31, 32, 33, 70}) {
      ByteBuffer fat = volume(mib << 11, Map.of("A", bytes(10_000)));
      long sectors = mib << 11;
      int clusters = (int) ((sectors - dataStart(fat) / 512) / fat.get(13));
      assertThat(clusters).as("%d MiB", mib).isBetween(4085, 65_524);
      assertThat((clusters + 2) * 2).isLessThanOrEqualTo(fat.getShort(22) * 512);
      Files.delete(directory.resolve("fat"));
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    assertThatThrownBy(() -> volume(3 << 11, Map.of("A", new byte[4 << 20])))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> volume(SECTORS, Map.of("lower.txt", new byte[1])))
        .hasMessageContaining("lower.txt");
  }
}
