package dev.platter.devices.driver;

/** Hands out guest RAM once, in order: a driver's set-up needs no more. Not thread-safe. */
public final class GuestAllocator {
  private final long end;
  private long next;

  /**
   * Creates an allocator.
   *
   * @param base first guest physical address it may hand out
   * @param lengthBytes how much it may hand out
   */
  public GuestAllocator(long base, long lengthBytes) {
    next = base;
    end = base + lengthBytes;
  }

  /**
   * Takes zero-initialised RAM (as long as the guest has not written it before).
   *
   * @param lengthBytes how many bytes
   * @param alignmentBytes a power of two
   * @return its guest physical address
   * @throws IllegalStateException when there is none left
   */
  public long allocate(long lengthBytes, long alignmentBytes) {
    long address = (next + alignmentBytes - 1) & -alignmentBytes;
    if (address + lengthBytes > end) {
      throw new IllegalStateException("guest RAM exhausted: " + lengthBytes + " bytes wanted");
    }
    next = address + lengthBytes;
    return address;
  }
}
