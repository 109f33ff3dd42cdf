package dev.platter.devices.block;

import dev.platter.aio.sys.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * An aligned buffer for transfers whose own memory O_DIRECT would refuse. Made at first use and
 * kept with its request slot. Not thread-safe.
 */
final class BounceBuffer implements AutoCloseable {
  /** Largest buffer, and so the largest piece of a bounced transfer. */
  static final int MAX_BYTES = 1 << 20;

  private static final int PAGE = 4096;

  private final int alignment;
  private @Nullable Arena arena;
  private MemorySegment memory = MemorySegment.NULL;

  /**
   * Creates an empty buffer.
   *
   * @param alignment what O_DIRECT asks of addresses in bytes, a power of two
   */
  BounceBuffer(int alignment) {
    this.alignment = Math.max(alignment, PAGE);
  }

  /**
   * Makes room for {@code bytes} bytes; what was in a smaller buffer is lost.
   *
   * @return false, with the buffer as it was, if there is no memory
   */
  boolean reserve(long bytes) {
    if (memory.byteSize() >= bytes) {
      return true;
    }
    Arena bigger = Arena.ofShared();
    MemorySegment room;
    try {
      room = bigger.allocate(Math.max(bytes, PAGE), alignment);
    } catch (OutOfMemoryError e) {
      // Of native memory (-XX:MaxDirectMemorySize): the request fails, the loop does not.
      bigger.close();
      return false;
    }
    close();
    arena = bigger;
    memory = room;
    return true;
  }

  /** The buffer's address. */
  long address() {
    return memory.address();
  }

  /** The address of {@code bytes} zero bytes, for which there must be room. */
  long zeroes(long bytes) {
    memory.asSlice(0, bytes).fill((byte) 0);
    return memory.address();
  }

  /** Fills the buffer from {@code bytes} bytes of a vector, starting {@code from} bytes into it. */
  void gather(IoVector vector, long from, long bytes) {
    copy(vector, from, bytes, true);
  }

  /** Copies {@code bytes} bytes of the buffer into a vector, starting {@code to} bytes into it. */
  void scatter(IoVector vector, long to, long bytes) {
    copy(vector, to, bytes, false);
  }

  private void copy(IoVector vector, long start, long bytes, boolean intoBuffer) {
    long skip = start;
    long copied = 0;
    for (int i = 0; i < vector.count() && copied < bytes; i++) {
      long length = vector.length(i);
      if (skip >= length) {
        skip -= length;
        continue;
      }
      long part = Math.min(length - skip, bytes - copied);
      long theirs = vector.base(i) + skip;
      long ours = memory.address() + copied;
      HostMemory.copy(intoBuffer ? theirs : ours, intoBuffer ? ours : theirs, part);
      copied += part;
      skip = 0;
    }
  }

  /** Frees the buffer. Idempotent. */
  @Override
  public void close() {
    if (arena != null) {
      arena.close();
      arena = null;
      memory = MemorySegment.NULL;
    }
  }
}
