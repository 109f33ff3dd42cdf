package dev.platter.devices.block.raw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.file.LockTimeout;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Mapping;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Images that are block devices: loop devices, which needs root. */
@Timeout(120)
class BlockDeviceIT {
  private static final int MIB = 1 << 20;
  private static final ImageOptions WRITEBACK =
      ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);

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

  private Path full(int mebibytes) throws Exception {
    Path file = directory.resolve("backing");
    LoopDevices.sh("head -c " + mebibytes + "M /dev/urandom > " + file);
    return file;
  }

  /** A disk of 64 MiB with room for less than 16: the host has run out of space. */
  @Test
  void aFlushThatHasFailedStaysFailed() throws Exception {
    Path small = devices.tmpfs(directory.resolve("small"), "16m");
    Path device = devices.device(LoopDevices.sparse(small.resolve("disk"), 64L * MIB), "");
    try (ImageRig disk = new ImageRig(device, WRITEBACK)) {
      MemorySegment data = disk.memory(MIB);
      data.fill((byte) 0x5a);
      for (int i = 0; i < 32; i++) {
        assertThat(disk.write((long) i * MIB, data, false)).as("write %d", i).isZero();
      }
      assertThat(disk.flush()).as("the kernel tells it once").isNegative();
      assertThat(disk.flush()).isNegative();
      assertThat(disk.write(0, data, true)).as("FUA").isNegative();
      assertThat(disk.image.sync()).as("at the end").isNegative();
      assertThat(disk.told).startsWith("flush failed", "failed FLUSH");
      LoopDevices.sh("echo 1 > /proc/sys/vm/drop_caches; blockdev --flushbufs " + device);
      int lost = 0;
      for (int i = 0; i < 32; i++) {
        data.fill((byte) 0);
        lost += disk.read((long) i * MIB, data) == 0 ? different(data) : 0;
      }
      assertThat(lost).as("pages that were lost, or this test shows nothing").isPositive();
    }
  }

  private static int different(MemorySegment data) {
    int count = 0;
    for (long at = 0; at < data.byteSize(); at += 4096) {
      count += data.get(ValueLayout.JAVA_BYTE, at) == 0x5a ? 0 : 1;
    }
    return count;
  }

  @Test
  void discardsGiveSpaceBackByTheRingAndByTheCall() throws Exception {
    Path file = full(64);
    Path device = devices.device(file, "--direct-io=on");
    Path limit = Path.of("/sys/block", device.getFileName().toString(), "queue/discard_max_bytes");
    assumeTrue(!Files.readString(limit).strip().equals("0"), device + " does not discard");
    try (ImageRig disk = new ImageRig(device, ImageOptions.WRITABLE)) {
      long before = LoopDevices.allocated(file);
      assertThat(disk.discard(0, 32L * MIB)).isZero();
      long byRing = LoopDevices.allocated(file);
      assertThat(before - byRing).isGreaterThanOrEqualTo(31L * MIB);
      disk.image.deallocation().discardsByRing = false;
      assertThat(disk.discard(32L * MIB, 32L * MIB)).isZero();
      assertThat(byRing - LoopDevices.allocated(file)).isGreaterThanOrEqualTo(31L * MIB);
      assertThat(disk.image.hostFigures().discardsRefused()).isZero();
      MemorySegment data = disk.memory(MIB);
      data.fill((byte) 1);
      assertThat(disk.read(40L * MIB, data)).isZero();
      assertThat(data.toArray(ValueLayout.JAVA_BYTE)).containsOnly(0);
    }
  }

  /** ramfs knows no fallocate, and so a device over it neither discards nor zeroes by itself. */
  @Test
  void aDeviceThatCannotDiscardIsServedAllTheSame() throws Exception {
    Path ramfs = Files.createDirectory(directory.resolve("ramfs"));
    LoopDevices.sh("mount -t ramfs none " + ramfs);
    devices.undo("umount -l " + ramfs);
    Path device = devices.device(LoopDevices.sparse(ramfs.resolve("disk"), 16L * MIB), "");
    try (ImageRig disk = new ImageRig(device, WRITEBACK)) {
      MemorySegment data = disk.memory(MIB);
      data.fill((byte) 0x5a);
      assertThat(disk.write(0, data, false)).isZero();
      for (boolean byRing : new boolean[] {true, false}) {
        disk.image.deallocation().discardsByRing = byRing;
        assertThat(disk.discard(0, 8L * MIB)).as("advice").isZero();
      }
      assertThat(disk.image.hostFigures().discardsRefused()).isGreaterThanOrEqualTo(2);
      assertThat(disk.told).containsExactly("discard refused");
      assertThat(disk.read(0, data)).isZero();
      assertThat(different(data)).isZero();
      assertThat(disk.writeZeroes(0, 4L * MIB, true)).isZero();
      assertThat(disk.read(0, data)).isZero();
      assertThat(data.toArray(ValueLayout.JAVA_BYTE)).containsOnly(0);
    }
  }

  @Test
  void zeroesAreZeroes() throws Exception {
    Path device = devices.device(full(16), "--direct-io=on");
    for (boolean mayUnmap : new boolean[] {true, false}) {
      try (ImageRig disk = new ImageRig(device, ImageOptions.WRITABLE)) {
        MemorySegment data = disk.memory(MIB);
        data.fill((byte) 0x77);
        assertThat(disk.write(0, data, false)).isZero();
        assertThat(disk.writeZeroes(4096, MIB - 8192, mayUnmap)).isZero();
        assertThat(disk.read(0, data)).isZero();
        byte[] bytes = data.toArray(ValueLayout.JAVA_BYTE);
        for (int i = 0; i < MIB; i++) {
          boolean edge = i < 4096 || i >= MIB - 4096;
          assertThat(bytes[i]).isEqualTo((byte) (edge ? 0x77 : 0));
        }
        assertThat(disk.told).isEmpty();
      }
    }
  }

  /** A lock of a dead user: its description is open without a descriptor, and claims nothing. */
  private static Mapping lockOfTheDead(Path device) throws Exception {
    int fd = Libc.open(device.toString(), LinuxAbi.O_RDWR | LinuxAbi.O_CLOEXEC, 0);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment flock = arena.allocate(LinuxAbi.FLOCK_SIZE, 8);
      flock.set(ValueLayout.JAVA_SHORT, LinuxAbi.FLOCK_TYPE, (short) LinuxAbi.F_WRLCK);
      flock.set(ValueLayout.JAVA_LONG, LinuxAbi.FLOCK_LEN, 1L << 62);
      assertThat(Libc.fcntl(fd, LinuxAbi.F_OFD_SETLK, flock.address())).isZero();
      return Mapping.shared(fd, 0, 4096, false);
    } finally {
      Libc.close(fd);
    }
  }

  /** The kernel writes what the page cache has before it gives the claim up, after the lock. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theClaimOfTheDeadMayOutliveTheirLock(boolean ends) throws Exception {
    Path device = devices.device(full(4), "");
    int claim =
        Libc.open(device.toString(), LinuxAbi.O_RDWR | LinuxAbi.O_EXCL | LinuxAbi.O_CLOEXEC, 0);
    assertThat(claim).isNotNegative();
    Mapping inFlight = lockOfTheDead(device);
    CountDownLatch waits = new CountDownLatch(1);
    LockTimeout timeout =
        new LockTimeout(
            ends ? TimeUnit.MINUTES.toNanos(5) : TimeUnit.SECONDS.toNanos(3),
            () -> false,
            new LockTimeout.Listener() {
              @Override
              public void waiting(String path, long nanos) {
                waits.countDown();
              }

              @Override
              public void locked(String path, long nanos) {}
            });
    CompletableFuture<RawImage> opened =
        CompletableFuture.supplyAsync(
            () -> RawImage.open(device.toString(), WRITEBACK, "/run/vda.sock", timeout));
    try {
      waits.await();
      inFlight.close();
      if (ends) {
        assertThatThrownBy(() -> opened.get(2, TimeUnit.SECONDS))
            .isInstanceOf(TimeoutException.class);
        Libc.close(claim);
        opened.get().close();
      } else {
        assertThatThrownBy(opened::get)
            .cause()
            .isInstanceOfSatisfying(
                PlatterException.class,
                e -> assertThat(e.kind()).isEqualTo(PlatterException.Kind.FAILED))
            .hasMessageContaining("is still claimed");
      }
    } finally {
      if (!ends) {
        Libc.close(claim);
      }
    }
  }
}
