package dev.platter.devices.virtio;

import dev.platter.devices.memory.GuestMemory;
import dev.platter.devices.memory.IoVector;
import java.lang.foreign.MemorySegment;

/**
 * One buffer from a virtqueue: the readable bytes, then the writable bytes (2.6.4.2), each spread
 * over guest memory in any way (2.7.4). A queue keeps one for each id and fills it again and again.
 *
 * <p>Works on copies of the descriptors, so that a guest that changes them changes nothing. The
 * copies last until the ring takes the next buffer; afterwards a chain in flight can only be
 * answered: {@link #writeLast}. Addresses are checked when they are used: every method reports a
 * bad one by its return value.
 */
public final class DescriptorChain {
  private final GuestMemory memory;
  private final int id;
  private final ChainElements elements;
  private long lastWritable;
  private long readableBytes;
  private long writableBytes;
  private boolean inFlight;

  /**
   * Creates an empty chain.
   *
   * @param memory the memory that its addresses lie in
   * @param id the driver's number for it
   * @param elements the ring's
   */
  DescriptorChain(GuestMemory memory, int id, ChainElements elements) {
    this.memory = memory;
    this.id = id;
    this.elements = elements;
  }

  /** The id: from 0 to the queue size minus 1, unique among the chains in flight. */
  public int id() {
    return id;
  }

  /** The number of bytes that the device can read. */
  public long readableBytes() {
    return readableBytes;
  }

  /** The number of bytes that the device can write. */
  public long writableBytes() {
    return writableBytes;
  }

  boolean inFlight() {
    return inFlight;
  }

  void setInFlight(boolean inFlight) {
    this.inFlight = inFlight;
  }

  /** Empties the chain, for the buffer that is being taken. */
  void clear() {
    elements.begin(id);
    readableBytes = 0;
    writableBytes = 0;
  }

  boolean hasRoom() {
    return elements.hasRoom();
  }

  /** Appends an element; the caller has checked the order and {@link #hasRoom}. */
  void add(long address, long lengthBytes, boolean writable) {
    elements.addresses[elements.count] = address;
    elements.lengths[elements.count] = lengthBytes;
    elements.count++;
    if (writable) {
      writableBytes += lengthBytes;
      if (lengthBytes > 0) {
        lastWritable = address + lengthBytes - 1;
      }
    } else {
      elements.readableCount = elements.count;
      readableBytes += lengthBytes;
    }
  }

  /** Whether a writable element has been added, after which no readable one may come (2.7.4.2). */
  boolean hasWritable() {
    return elements.count > elements.readableCount;
  }

  /**
   * Copies readable bytes out of the guest, before the next buffer is taken.
   *
   * @param offset first byte, counted in readable bytes
   * @return false if the chain is shorter, or a byte lies outside RAM; part may have been copied
   */
  public boolean read(long offset, MemorySegment into, long intoOffset, long lengthBytes) {
    elements.checkOwner(id);
    long[] addresses = elements.addresses;
    long[] lengths = elements.lengths;
    long skip = offset;
    long done = 0;
    for (int i = 0; i < elements.readableCount && done < lengthBytes; i++) {
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
   * Copies bytes into the guest, before the next buffer is taken.
   *
   * @param offset first byte, counted in writable bytes
   * @return false if the chain is shorter, or a byte lies outside RAM; part may have been copied
   */
  public boolean write(long offset, MemorySegment from, long fromOffset, long lengthBytes) {
    elements.checkOwner(id);
    long[] addresses = elements.addresses;
    long[] lengths = elements.lengths;
    long skip = offset;
    long done = 0;
    for (int i = elements.readableCount; i < elements.count && done < lengthBytes; i++) {
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
   * Writes one byte into the guest, before the next buffer is taken.
   *
   * @param offset its place, counted in writable bytes
   * @return false if there is no such byte, or it lies outside RAM
   */
  public boolean writeByte(long offset, int value) {
    elements.checkOwner(id);
    long skip = offset;
    for (int i = elements.readableCount; i < elements.count; i++) {
      if (skip < elements.lengths[i]) {
        return memory.writeByte(elements.addresses[i] + skip, value);
      }
      skip -= elements.lengths[i];
    }
    return false;
  }

  /**
   * Writes the last of the writable bytes, at any time.
   *
   * @return false if there is none, or it lies outside RAM
   */
  public boolean writeLast(int value) {
    return writableBytes > 0 && memory.writeByte(lastWritable, value);
  }

  /**
   * Appends readable bytes to an I/O vector, before the next buffer is taken.
   *
   * @return false if the chain is shorter, or a byte lies outside RAM, or the vector is full
   */
  public boolean appendReadable(IoVector vector, long offset, long lengthBytes) {
    return append(vector, 0, elements.readableCount, offset, lengthBytes);
  }

  /**
   * Appends writable bytes to an I/O vector, before the next buffer is taken.
   *
   * @return false if the chain is shorter, or a byte lies outside RAM, or the vector is full
   */
  public boolean appendWritable(IoVector vector, long offset, long lengthBytes) {
    return append(vector, elements.readableCount, elements.count, offset, lengthBytes);
  }

  private boolean append(IoVector vector, int from, int to, long offset, long lengthBytes) {
    elements.checkOwner(id);
    long skip = offset;
    long left = lengthBytes;
    for (int i = from; i < to && left > 0; i++) {
      long length = elements.lengths[i];
      if (skip >= length) {
        skip -= length;
        continue;
      }
      long part = Math.min(length - skip, left);
      if (!memory.appendTo(vector, elements.addresses[i] + skip, part)) {
        return false;
      }
      left -= part;
      skip = 0;
    }
    return left == 0;
  }
}
