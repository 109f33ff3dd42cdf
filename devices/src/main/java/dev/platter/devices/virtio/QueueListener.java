package dev.platter.devices.virtio;

/**
 * Receives a queue's events; a transport implements it. Called on the thread that runs the queue.
 */
public interface QueueListener {
  /** The driver wants a used buffer notification (2.3). */
  void usedBuffers();

  /**
   * The guest has broken the queue; the device needs a reset.
   *
   * @param reason the guest's mistake, for a log
   */
  void broken(String reason);
}
