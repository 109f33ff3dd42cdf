package dev.platter.devices.block.raw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.devices.block.image.ImageOptions;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An image keeps its sectors wherever it lies: a 4Kn disk, a copy that shares blocks on XFS. */
@Timeout(120)
class SectorSizeIT {
  private static final int MIB = 1 << 20;

  @TempDir Path directory;
  private final LoopDevices devices = new LoopDevices();

  @BeforeEach
  void root() throws Exception {
    assumeTrue(LoopDevices.sh("id -u").equals("0"), "loop devices need root");
    assumeTrue(Files.exists(Path.of("/dev/loop-control")), "the kernel has no loop devices");
  }

  @AfterEach
  void close() throws Exception {
    devices.close();
  }

  /**
   * Writes sectors, parts of blocks and runs of them, as a guest with sectors of 512 bytes does.
   */
  private static void writeSectors(ImageRig disk, byte[] contents) {
    Random random = new Random(5);
    for (int round = 0; round < 200; round++) {
      int sectors = 1 + random.nextInt(random.nextInt(8) == 0 ? 600 : 20);
      int first = random.nextInt(contents.length / 512 - sectors);
      int offset = first * 512;
      int length = sectors * 512;
      if (random.nextInt(5) == 0) {
        assertThat(disk.writeZeroes(offset, length, random.nextBoolean())).isZero();
        Arrays.fill(contents, offset, offset + length, (byte) 0);
      } else {
        byte[] data = new byte[length];
        random.nextBytes(data);
        MemorySegment memory = disk.memory(length);
        memory.copyFrom(MemorySegment.ofArray(data));
        assertThat(disk.write(offset, memory, random.nextInt(9) == 0)).isZero();
        System.arraycopy(data, 0, contents, offset, length);
        MemorySegment back = disk.memory(length);
        assertThat(disk.read(offset, back)).isZero();
        assertThat(back.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(data);
      }
    }
    assertThat(disk.flush()).isZero();
    assertThat(disk.told).isEmpty();
  }

  @Test
  void ofA4KnDisk() throws Exception {
    Path file = directory.resolve("disk");
    LoopDevices.sh("head -c 4M /dev/urandom > " + file);
    byte[] contents = Files.readAllBytes(file);
    Path device = devices.device(file, "-b 4096");
    try (ImageRig disk = new ImageRig(device, ImageOptions.WRITABLE)) {
      assertThat(disk.image.blockSizeBytes()).isEqualTo(512);
      assertThat(disk.image.physicalBlockSizeBytes()).isEqualTo(4096);
      writeSectors(disk, contents);
    }
    LoopDevices.sh("blockdev --flushbufs " + device);
    assertThat(Files.readAllBytes(file)).isEqualTo(contents);
  }

  /** XFS wants whole blocks for O_DIRECT once they are shared. */
  @Test
  void ofAReflinkedCopyOnXfs() throws Exception {
    Path at = Files.createDirectory(directory.resolve("xfs"));
    Path backing = LoopDevices.sparse(directory.resolve("xfs.img"), 320L * MIB);
    LoopDevices.sh("mkfs.xfs -q -m reflink=1 " + backing);
    LoopDevices.sh("mount -o loop " + backing + " " + at);
    devices.undo("umount -l " + at);
    Path original = at.resolve("original");
    LoopDevices.sh("head -c 4M /dev/urandom > " + original);
    try (ImageRig disk = new ImageRig(original, ImageOptions.WRITABLE)) {
      assertThat(disk.image.blockSizeBytes()).isEqualTo(512);
    }
    LoopDevices.sh("cp --reflink=always " + original + " " + at.resolve("copy"));
    byte[] contents = Files.readAllBytes(original);
    byte[] before = contents.clone();
    try (ImageRig disk = new ImageRig(original, ImageOptions.WRITABLE)) {
      assertThat(disk.image.blockSizeBytes()).as("as before it was copied").isEqualTo(512);
      writeSectors(disk, contents);
    }
    assertThat(Files.readAllBytes(original)).isEqualTo(contents);
    assertThat(Files.readAllBytes(at.resolve("copy"))).isEqualTo(before);
  }
}
