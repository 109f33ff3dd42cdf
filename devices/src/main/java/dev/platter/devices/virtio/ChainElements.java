package dev.platter.devices.virtio;

/**
 * Copies of the descriptors of the chain that a ring has taken last. A ring has one, as long as its
 * longest chain: chains in flight need no memory for their elements.
 */
final class ChainElements {
  final long[] addresses;
  final long[] lengths;
  int count;
  int readableCount;
  // The id of the chain that the elements belong to.
  private int owner = -1;

  /**
   * Makes room.
   *
   * @param maxElements the longest chain there can be, in descriptors
   */
  ChainElements(int maxElements) {
    addresses = new long[maxElements];
    lengths = new long[maxElements];
  }

  /** Clears the elements, for another chain. */
  void begin(int chain) {
    owner = chain;
    count = 0;
    readableCount = 0;
  }

  boolean hasRoom() {
    return count < addresses.length;
  }

  void checkOwner(int chain) {
    if (owner != chain) {
      throw new IllegalStateException("another chain was taken since: " + owner);
    }
  }
}
