package dev.platter.devices.memory;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.platter.aio.abi.LinuxAbi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * An array of {@code struct iovec} in native memory: host buffers in transfer order. Elements that
 * continue the one before are merged into it. It lies either in memory that its owner lends it, and
 * is full at the end of that, or in memory of its own, which grows as needed. Not thread-safe.
 */
public final class IoVector implements AutoCloseable {
  // Shared, because a slot may be filled by a vCPU and completed by the main loop.
  private @Nullable Arena arena;
  private MemorySegment entries;
  private int count;
  private long totalBytes;

  /**
   * Creates an empty vector in memory of its own.
   *
   * @param initialEntries how many elements to make room for
   */
  public IoVector(int initialEntries) {
    arena = Arena.ofShared();
    entries = arena.allocate((long) Math.max(1, initialEntries) * LinuxAbi.IOVEC_SIZE, 16);
  }

  /** Creates a vector without room, for {@link #use}. */
  public IoVector() {
    entries = MemorySegment.NULL;
  }

  /**
   * Forgets all elements and lies in {@code lent} from now on.
   *
   * @param lent a multiple of 16 bytes, aligned to 16; must outlive its use here
   */
  public void use(MemorySegment lent) {
    if (arena != null) {
      throw new IllegalStateException("vector has memory of its own");
    }
    entries = lent;
    clear();
  }

  /** Whether another element would find no room. */
  public boolean isFull() {
    return arena == null && (long) count * LinuxAbi.IOVEC_SIZE == entries.byteSize();
  }

  /** Forgets all elements. */
  public void clear() {
    count = 0;
    totalBytes = 0;
  }

  /**
   * Appends {@code lengthBytes} bytes at host address {@code address}; an empty one is dropped.
   *
   * @return false, with the vector unchanged, if it is full
   */
  public boolean add(long address, long lengthBytes) {
    if (lengthBytes <= 0) {
      return true;
    }
    if (count > 0) {
      long last = (long) (count - 1) * LinuxAbi.IOVEC_SIZE;
      long lastLength = entries.get(JAVA_LONG, last + LinuxAbi.IOVEC_LEN);
      if (entries.get(JAVA_LONG, last + LinuxAbi.IOVEC_BASE) + lastLength == address) {
        entries.set(JAVA_LONG, last + LinuxAbi.IOVEC_LEN, lastLength + lengthBytes);
        totalBytes += lengthBytes;
        return true;
      }
    }
    long at = (long) count * LinuxAbi.IOVEC_SIZE;
    if (at == entries.byteSize() && !grow()) {
      return false;
    }
    entries.set(JAVA_LONG, at + LinuxAbi.IOVEC_BASE, address);
    entries.set(JAVA_LONG, at + LinuxAbi.IOVEC_LEN, lengthBytes);
    count++;
    totalBytes += lengthBytes;
    return true;
  }

  private boolean grow() {
    if (arena == null) {
      return false;
    }
    Arena bigger = Arena.ofShared();
    MemorySegment copy = bigger.allocate(entries.byteSize() * 2, 16);
    MemorySegment.copy(entries, 0, copy, 0, entries.byteSize());
    arena.close();
    arena = bigger;
    entries = copy;
    return true;
  }

  /** Number of elements. */
  public int count() {
    return count;
  }

  /** Sum of all lengths in bytes. */
  public long totalBytes() {
    return totalBytes;
  }

  /** Host address of element {@code index}'s buffer. */
  public long base(int index) {
    return entries.get(JAVA_LONG, (long) index * LinuxAbi.IOVEC_SIZE + LinuxAbi.IOVEC_BASE);
  }

  /** Length in bytes of element {@code index}. */
  public long length(int index) {
    return entries.get(JAVA_LONG, (long) index * LinuxAbi.IOVEC_SIZE + LinuxAbi.IOVEC_LEN);
  }

  /** Host address of the {@code struct iovec} of element {@code index}. */
  public long entryAddress(int index) {
    return entries.address() + (long) index * LinuxAbi.IOVEC_SIZE;
  }

  /** Frees the memory. Idempotent. */
  @Override
  public void close() {
    if (arena != null && arena.scope().isAlive()) {
      arena.close();
    }
  }
}
