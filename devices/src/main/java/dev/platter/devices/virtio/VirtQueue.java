package dev.platter.devices.virtio;

import org.jspecify.annotations.Nullable;

/**
 * A virtqueue as a device type sees it, whatever the layout of its ring. For one thread at a time;
 * no method allocates in steady state, and none throws for what a guest has put into the ring: a
 * ring that makes no sense breaks the queue, which then looks empty until the guest resets it.
 */
public interface VirtQueue {
  /** The queue size: how many chains can be in flight; their ids are below it. */
  int size();

  /**
   * Takes the next available buffer, or null if there is none or the queue is broken. The elements
   * of the previous chain are lost ({@link DescriptorChain}).
   */
  @Nullable DescriptorChain pop();

  /**
   * Gives a buffer back to the driver, in any order. Sends no interrupt: see {@link #notifyDriver}.
   *
   * @param chain a chain from {@link #pop} that was not pushed yet
   * @param writtenBytes how many bytes were written, counted from the first writable one
   */
  void push(DescriptorChain chain, long writtenBytes);

  /**
   * Whether a buffer that is never pushed is taken again by the next start of this ring, here or in
   * another process, because what is in flight is recorded where that finds it.
   */
  boolean remembers();

  /** Interrupts the driver if it wants an interrupt for the buffers pushed since the last call. */
  void notifyDriver();

  /** Whether {@link #pop} would find a buffer, looked up in memory alone. */
  boolean hasAvailable();

  /** Tells the driver that doorbells are not needed for now. The driver may ring all the same. */
  void disableKicks();

  /**
   * Asks the driver to ring the doorbell for the next buffer.
   *
   * @return true if there is a buffer already, for which the driver may not have rung
   */
  boolean enableKicks();

  /**
   * Breaks the queue over a chain that the device cannot answer, e.g. with no room for a status.
   */
  void fail(String reason);
}
