package dev.platter.devices.block.raw;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.ErrnoException;
import dev.platter.aio.sys.Mapping;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Zeroes to write, for the whole process: a mapping that is never written, so that all of it is the
 * kernel's one page of zeroes, and {@code struct iovec}s that each name all of it.
 */
final class ZeroPages {
  private static final int MAPPED_BYTES = 128 << 10;
  private static final int IOVECS = 16;

  /** Most that one write can cover, in bytes. */
  static final int MAX_BYTES = IOVECS * MAPPED_BYTES;

  private static final MemorySegment ZEROES = map();
  private static final MemorySegment VECTORS = vectors();

  private ZeroPages() {}

  private static MemorySegment map() {
    try {
      return Mapping.anonymous(MAPPED_BYTES).segment();
    } catch (ErrnoException e) {
      throw new IllegalStateException("no address space for " + MAPPED_BYTES + " bytes", e);
    }
  }

  private static MemorySegment vectors() {
    MemorySegment vectors = Arena.global().allocate((long) IOVECS * LinuxAbi.IOVEC_SIZE, 16);
    for (int i = 0; i < IOVECS; i++) {
      long at = (long) i * LinuxAbi.IOVEC_SIZE;
      vectors.set(JAVA_LONG, at + LinuxAbi.IOVEC_BASE, ZEROES.address());
      vectors.set(JAVA_LONG, at + LinuxAbi.IOVEC_LEN, MAPPED_BYTES);
    }
    return vectors;
  }

  /** Address of the iovecs. */
  static long iovecs() {
    return VECTORS.address();
  }

  /** Address of {@link #wholeBytes} bytes or fewer. */
  static long address() {
    return ZEROES.address();
  }

  /** The number of bytes that one iovec covers. */
  static int wholeBytes() {
    return MAPPED_BYTES;
  }
}
