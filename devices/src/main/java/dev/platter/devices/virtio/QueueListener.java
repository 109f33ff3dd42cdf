package dev.platter.devices.virtio;

/** Where a queue's events go: its transport. Called on the thread that runs the queue. */
public interface QueueListener {
  /** The driver wants a used buffer notification (2.3). */
  void usedBuffers();

  /**
   * The guest has broken the queue; the device needs a reset.
   *
   * @param reason what was wrong, for a log
   */
  void broken(String reason);
}
