package dev.platter.devices.block.image;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.FileFacts;
import dev.platter.aio.file.FileHandle;
import dev.platter.aio.sys.Libc;
import dev.platter.devices.memory.BufferPool;
import dev.platter.devices.memory.IoVector;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What O_DIRECT on one file asks for.
 *
 * @param memoryBytes alignment of buffer addresses, a power of two
 * @param offsetBytes alignment of offsets and lengths, a power of two
 */
public record DirectAlignment(int memoryBytes, int offsetBytes) {
  /** No O_DIRECT, no rules. */
  public static final DirectAlignment NONE = new DirectAlignment(1, 1);

  private static final int LARGEST = 65536;

  /**
   * Discovers it: the kernel's word where it gives one (Linux 6.1), else by trying reads.
   *
   * @throws PlatterException if the file takes no O_DIRECT at all, or in blocks only that are more
   *     than a chunk of {@link BufferPool} or no power of two, as ZFS may have them
   */
  public static DirectAlignment of(FileHandle file, FileFacts facts) {
    if (!file.direct()) {
      return NONE;
    }
    if (facts.directReported() && facts.directOffsetAlignment() == 0) {
      throw noDirect(file);
    }
    if (!facts.directReported()) {
      return byTrying(file);
    }
    int blockBytes = facts.directOffsetAlignment();
    if (blockBytes > BufferPool.CHUNK_BYTES || Integer.bitCount(blockBytes) != 1) {
      throw PlatterException.badInput(
          "cannot use O_DIRECT on "
              + file.path()
              + ": its file system takes it in blocks of "
              + blockBytes
              + " bytes",
          "Use the cache mode writeback; up to 128 KiB and powers of two are possible without");
    }
    return new DirectAlignment(facts.directMemoryAlignment(), blockBytes);
  }

  /** Finds the smallest length, at an offset of the same alignment, that a read accepts. */
  static DirectAlignment byTrying(FileHandle file) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(2L * LARGEST, LARGEST);
      for (int align = 512; align <= LARGEST; align *= 2) {
        if (Libc.pread(file.fd(), buffer.address(), align, align) >= 0) {
          // Memory: try as little as 4, and settle for the offset alignment.
          for (int memory = 4; memory < align; memory *= 2) {
            if (Libc.pread(file.fd(), buffer.address() + memory, align, align) >= 0) {
              return new DirectAlignment(memory, align);
            }
          }
          return new DirectAlignment(align, align);
        }
      }
    }
    throw noDirect(file);
  }

  private static PlatterException noDirect(FileHandle file) {
    return PlatterException.badInput(
        "cannot use O_DIRECT on " + file.path() + ": its file system does not support it",
        "Use the cache mode writeback, or put the image on ext4, xfs or btrfs");
  }

  /** Whether a transfer may go to the kernel as it is: every buffer, and where it goes. */
  public boolean fits(long offset, IoVector vector) {
    int memoryMask = memoryBytes - 1;
    int lengthMask = offsetBytes - 1;
    if ((offset & lengthMask) != 0) {
      return false;
    }
    for (int i = 0; i < vector.count(); i++) {
      if ((vector.base(i) & memoryMask) != 0 || (vector.length(i) & lengthMask) != 0) {
        return false;
      }
    }
    return true;
  }
}
