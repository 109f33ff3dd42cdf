package dev.platter.devices.driver;

import java.util.Arrays;

/** The elements of a buffer that a driver is about to offer. */
final class ElementList {
  private long[] addresses = new long[16];
  private int[] lengths = new int[16];
  private boolean[] writes = new boolean[16];
  private int count;

  void add(long guestAddress, int lengthBytes, boolean deviceWrites) {
    if (count == addresses.length) {
      addresses = Arrays.copyOf(addresses, 2 * count);
      lengths = Arrays.copyOf(lengths, 2 * count);
      writes = Arrays.copyOf(writes, 2 * count);
    }
    addresses[count] = guestAddress;
    lengths[count] = lengthBytes;
    writes[count++] = deviceWrites;
  }

  void clear() {
    count = 0;
  }

  int count() {
    return count;
  }

  long address(int index) {
    return addresses[index];
  }

  int length(int index) {
    return lengths[index];
  }

  boolean writes(int index) {
    return writes[index];
  }
}
