package dev.platter.devices.virtio;

import dev.platter.devices.block.IoVector;
import dev.platter.devices.memory.GuestMemory;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * One buffer from a virtqueue: the readable bytes, then the writable bytes (2.6.4.2), each spread
 * over guest memory in any way (2.7.4). A queue keeps one for each id and fills it again and again.
 *
 * <p>Holds copies of the descriptors, so that a guest that changes them changes nothing. Addresses
 * are not checked before they are used: every method tells by its return value.
 */
public final class DescriptorChain {
  private static final int INITIAL_ELEMENTS = 8;

  private final GuestMemory memory;
  private final int id;
  private final int maxElements;
  private long[] addresses = new long[INITIAL_ELEMENTS];
  private long[] lengths = new long[INITIAL_ELEMENTS];
  private int count;
  private int readableCount;
  private long readableBytes;
  private long writableBytes;
  private boolean inFlight;

  /**
   * Creates an empty chain.
   *
   * @param memory what its addresses mean
   * @param id what the driver knows it by
   * @param maxElements the longest chain there can be, in descriptors
   */
  DescriptorChain(GuestMemory memory, int id, int maxElements) {
    this.memory = memory;
    this.id = id;
    this.maxElements = maxElements;
  }

  /** Its id: from 0 to the queue size minus 1, unique among the chains in flight. */
  public int id() {
    return id;
  }

  /** How many bytes the driver has for the device to read. */
  public long readableBytes() {
    return readableBytes;
  }

  /** How many bytes the driver has made room for. */
  public long writableBytes() {
    return writableBytes;
  }

  boolean inFlight() {
    return inFlight;
  }

  void setInFlight(boolean inFlight) {
    this.inFlight = inFlight;
  }

  void clear() {
    count = 0;
    readableCount = 0;
    readableBytes = 0;
    writableBytes = 0;
  }

  /** Whether one more element fits. */
  boolean hasRoom() {
    return count < maxElements;
  }

  /** Appends an element; the caller has checked the order and {@link #hasRoom}. */
  void add(long address, long lengthBytes, boolean writable) {
    if (count == addresses.length) {
      addresses = Arrays.copyOf(addresses, 2 * count);
      lengths = Arrays.copyOf(lengths, 2 * count);
    }
    addresses[count] = address;
    lengths[count] = lengthBytes;
    count++;
    if (writable) {
      writableBytes += lengthBytes;
    } else {
      readableCount = count;
      readableBytes += lengthBytes;
    }
  }

  /** Whether a writable element has been added, after which no readable one may come (2.7.4.2). */
  boolean hasWritable() {
    return count > readableCount;
  }

  /**
   * Copies readable bytes out of the guest.
   *
   * @param offset first byte, counted in readable bytes
   * @return false if there are not as many, or one lies outside RAM; part may have been copied
   */
  public boolean read(long offset, MemorySegment into, long intoOffset, long lengthBytes) {
    long skip = offset;
    long done = 0;
    for (int i = 0; i < readableCount && done < lengthBytes; i++) {
      if (skip >= lengths[i]) {
        skip -= lengths[i];
        continue;
      }
      long part = Math.min(lengths[i] - skip, lengthBytes - done);
      if (!memory.read(addresses[i] + skip, into, intoOffset + done, part)) {
        return false;
      }
      done += part;
      skip = 0;
    }
    return done == lengthBytes;
  }

  /**
   * Copies bytes into the guest.
   *
   * @param offset first byte, counted in writable bytes
   * @return false if there is not as much room, or some lies outside RAM; part may have been copied
   */
  public boolean write(long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    long skip = offset;
    long done = 0;
    for (int i = readableCount; i < count && done < lengthBytes; i++) {
      if (skip >= lengths[i]) {
        skip -= lengths[i];
        continue;
      }
      long part = Math.min(lengths[i] - skip, lengthBytes - done);
      if (!memory.write(addresses[i] + skip, from, fromOffset + done, part)) {
        return false;
      }
      done += part;
      skip = 0;
    }
    return done == lengthBytes;
  }

  /**
   * Writes one byte into the guest.
   *
   * @param offset its place, counted in writable bytes
   * @return false if there is no such byte, or it lies outside RAM
   */
  public boolean writeByte(long offset, int value) {
    long skip = offset;
    for (int i = readableCount; i < count; i++) {
      if (skip < lengths[i]) {
        return memory.writeByte(addresses[i] + skip, value);
      }
      skip -= lengths[i];
    }
    return false;
  }

  /**
   * Appends readable bytes to an I/O vector.
   *
   * @return false if there are not as many, or one lies outside RAM
   */
  public boolean appendReadable(IoVector vector, long offset, long lengthBytes) {
    return append(vector, 0, readableCount, offset, lengthBytes);
  }

  /**
   * Appends writable bytes to an I/O vector.
   *
   * @return false if there are not as many, or one lies outside RAM
   */
  public boolean appendWritable(IoVector vector, long offset, long lengthBytes) {
    return append(vector, readableCount, count, offset, lengthBytes);
  }

  private boolean append(IoVector vector, int from, int to, long offset, long lengthBytes) {
    long skip = offset;
    long left = lengthBytes;
    for (int i = from; i < to && left > 0; i++) {
      if (skip >= lengths[i]) {
        skip -= lengths[i];
        continue;
      }
      long part = Math.min(lengths[i] - skip, left);
      if (!memory.appendTo(vector, addresses[i] + skip, part)) {
        return false;
      }
      left -= part;
      skip = 0;
    }
    return left == 0;
  }
}
