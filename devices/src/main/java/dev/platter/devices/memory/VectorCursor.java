package dev.platter.devices.memory;

import dev.platter.aio.sys.HostMemory;

/**
 * A position in an {@link IoVector} that moves forward, for transfers in pieces: no piece walks
 * over the elements before it. Not thread-safe.
 */
public final class VectorCursor {
  private int element;
  private long within;

  /** Goes back to the vector's first byte. */
  public void reset() {
    element = 0;
    within = 0;
  }

  /** The element that the cursor is in; the vector's count at the end. */
  public int element() {
    return element;
  }

  /** The cursor's offset in that element, in bytes. */
  public long within() {
    return within;
  }

  /** Moves {@code bytes} bytes forward, at most to the vector's end. */
  public void advance(IoVector vector, long bytes) {
    within += bytes;
    while (element < vector.count() && within >= vector.length(element)) {
      within -= vector.length(element);
      element++;
    }
  }

  /** Copies the {@code bytes} bytes from here on to {@code address}, without moving. */
  public void gather(IoVector vector, long address, long bytes) {
    copy(vector, address, bytes, true);
  }

  /** Copies {@code bytes} bytes from {@code address} to here, without moving. */
  public void scatter(IoVector vector, long address, long bytes) {
    copy(vector, address, bytes, false);
  }

  private void copy(IoVector vector, long address, long bytes, boolean fromVector) {
    long skip = within;
    long copied = 0;
    for (int i = element; copied < bytes && i < vector.count(); i++) {
      long part = Math.min(vector.length(i) - skip, bytes - copied);
      long theirs = vector.base(i) + skip;
      long ours = address + copied;
      HostMemory.copy(fromVector ? theirs : ours, fromVector ? ours : theirs, part);
      copied += part;
      skip = 0;
    }
  }
}
