package dev.platter.devices.memory;

import dev.platter.aio.sys.HostMemory;

/**
 * A place in an {@link IoVector} that moves forward, for transfers that are done piece by piece: no
 * piece has to walk over those before it. Not thread-safe.
 */
public final class VectorCursor {
  private int element;
  private long within;

  /** Goes back to the vector's first byte. */
  public void reset() {
    element = 0;
    within = 0;
  }

  /** The element in which it stands; the vector's count at the end. */
  public int element() {
    return element;
  }

  /** How many bytes of that element lie behind it. */
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

  /** Copies the {@code bytes} bytes from here on to {@code address}, and stays where it is. */
  public void gather(IoVector vector, long address, long bytes) {
    copy(vector, address, bytes, true);
  }

  /** Copies {@code bytes} bytes from {@code address} to here, and stays where it is. */
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
