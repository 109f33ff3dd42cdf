package dev.platter.devices.block.raw;

import dev.platter.aio.KernelVersion;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import dev.platter.devices.block.BlockListeners;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The ways of freeing and zeroing a range of an image, and which of them the host has refused. Safe
 * for all threads: two loops may each find out the same.
 */
final class Deallocation {
  /** Whether the kernel's ring can discard on block devices; tests have it do without. */
  volatile boolean discardsByRing = true;

  private final BlockListeners listeners;
  private final AtomicLong refusedDiscards = new AtomicLong();
  private volatile boolean punchRefused;
  private volatile boolean zeroRangeRefused;

  Deallocation(BlockListeners listeners) {
    this.listeners = listeners;
  }

  /** Whether the kernel's ring can discard on block devices; true until it has refused. */
  boolean discardsByRing() {
    return discardsByRing;
  }

  /**
   * Whether the kernel's ring has refused a discard that the block device can do: the error is the
   * same for both.
   */
  boolean ringLacksDiscard(int result) {
    KernelVersion kernel = KernelVersion.parse(System.getProperty("os.version", ""));
    boolean lacks =
        (result == -Errno.EOPNOTSUPP || result == -Errno.EINVAL)
            && (kernel == null || !kernel.atLeast(6, 12));
    if (lacks) {
      discardsByRing = false;
    }
    return lacks;
  }

  /** Discards a part of a block device; blocks. Returns 0 or {@code -errno}. */
  static int discard(int fd, long offset, long length) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment range = arena.allocate(ValueLayout.JAVA_LONG, 2);
      range.setAtIndex(ValueLayout.JAVA_LONG, 0, offset);
      range.setAtIndex(ValueLayout.JAVA_LONG, 1, length);
      return Libc.ioctl(fd, LinuxAbi.BLKDISCARD, range.address());
    }
  }

  /** Whether zeroes by deallocation are not worth another attempt. */
  boolean punchRefused() {
    return punchRefused;
  }

  void punchRefused(int result) {
    punchRefused = result == -Errno.EOPNOTSUPP;
  }

  /** Whether zeroes by allocation are not worth another attempt. */
  boolean zeroRangeRefused() {
    return zeroRangeRefused;
  }

  void zeroRangeRefused(int result) {
    zeroRangeRefused = result == -Errno.EOPNOTSUPP;
  }

  /** A discard of this range was refused; the listeners are told of the first one. */
  void discardRefused(long offset, long length, int errno) {
    if (refusedDiscards.getAndIncrement() == 0) {
      listeners.discardRefused(offset, length, errno);
    }
  }

  /** How many discards were refused. */
  long refusedDiscards() {
    return refusedDiscards.get();
  }
}
