package dev.platter.devices.virtio;

/**
 * The descriptors of the chain that a ring has taken last, copied. One for a ring, as long as its
 * longest chain: what the chains in flight are made of costs nothing, however long they are.
 */
final class ChainElements {
  final long[] addresses;
  final long[] lengths;
  int count;
  int readableCount;
  // The id of the chain whose they are.
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

  /** Forgets all and becomes another chain's. */
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
