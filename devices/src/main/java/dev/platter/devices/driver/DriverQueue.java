package dev.platter.devices.driver;

/**
 * The driver side of a virtqueue in guest memory, whatever the layout of its ring. A buffer's
 * elements are collected with {@link #add} and offered together. Nothing here allocates, so a
 * driver built on it does not either. For one thread.
 */
public interface DriverQueue {
  /** What {@link #offer} and {@link #take} answer when there is no room, or nothing. */
  int NONE = -1;

  /** Queue size in descriptors. */
  int size();

  /** Guest physical address of the descriptor table or ring. */
  long descriptorArea();

  /** Guest physical address of the available ring, or of the driver's event suppression. */
  long driverArea();

  /** Guest physical address of the used ring, or of the device's event suppression. */
  long deviceArea();

  /** Empties the queue, as after a device reset. */
  void reset();

  /** How many descriptors are free. */
  int freeCount();

  /** Adds an element to the buffer that will be offered next; readable ones come first. */
  void add(long guestAddress, int lengthBytes, boolean deviceWrites);

  /**
   * Makes the elements that were added available, one descriptor each; the device may see them
   * before it is told.
   *
   * @return the buffer's id, below the queue size; or {@link #NONE} if there is no room, with the
   *     elements forgotten
   */
  int offer();

  /**
   * The same with one descriptor, by a table.
   *
   * @param table guest physical address of 16 bytes for each element, until the buffer is taken
   */
  int offerIndirect(long table);

  /** Whether the device wants a doorbell for what was offered since the last call. */
  boolean kickNeeded();

  /** Whether the device has used a buffer that was not taken. */
  boolean hasUsed();

  /**
   * Takes the next used buffer and frees its descriptors.
   *
   * @return its id, or {@link #NONE}
   */
  int take();

  /** How many bytes the device says it has written to the buffer taken last. */
  int usedLength();

  /** Asks for no interrupts for now; the device may interrupt all the same. */
  void disableInterrupts();

  /**
   * Asks for an interrupt at the next used buffer.
   *
   * @return true if there is one already, for which none may come
   */
  boolean enableInterrupts();
}
