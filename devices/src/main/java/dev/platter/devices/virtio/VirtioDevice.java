package dev.platter.devices.virtio;

import dev.platter.aio.event.EventNotifier;
import org.jspecify.annotations.Nullable;

/**
 * A device type (block, ...) as a transport (MMIO, vhost-user, ...) drives it.
 *
 * <p>Life: {@link #onConfigChange} once; then, as often as the guest resets it: {@link #activate},
 * {@link #startQueue} for each queue, {@link #stopQueue} for each queue, {@link #reset}; {@link
 * #close} at the end. All calls hold the big lock where there is one, with an exception: one thread
 * at a time may start and stop queues and write the configuration without it, so that a wait for a
 * slow disk does not hold up others. The device runs a started queue on a context of its own
 * choice, and touches no queue outside {@code startQueue .. stopQueue}.
 */
public interface VirtioDevice extends AutoCloseable {
  /** The virtio device ID (section 5). */
  int deviceId();

  /** The feature bits of this type that are offered; those of the ring are the transport's. */
  long features();

  /** The number of queues. */
  int queueCount();

  /** The largest queue size in descriptors, a power of two. */
  int maxQueueSize();

  /**
   * Reads the device configuration space (2.5).
   *
   * @param sizeBytes 1, 2, 4 or 8
   * @return the value, zero-extended; 0 beyond the end
   */
  long readConfig(long offset, int sizeBytes);

  /**
   * Writes the device configuration space for the guest; writes to read-only and missing fields are
   * ignored. Returns when the new value is in effect, and so may wait for the backend; if it cannot
   * take effect, the space stays unchanged.
   */
  void writeConfig(long offset, int sizeBytes, long value);

  /**
   * Restores a value that the guest wrote before: after another negotiation of features, or in
   * another process. No queue is running. Waits for nothing.
   */
  void restoreConfig(long offset, int sizeBytes, long value);

  /**
   * Sets the action that runs on the main loop after the device has changed the configuration
   * space.
   */
  void onConfigChange(Runnable listener);

  /**
   * The features are negotiated.
   *
   * @param features the bits that both sides agreed on
   */
  void activate(long features);

  /**
   * Starts to serve a queue. Buffers that are available already are taken without a doorbell.
   *
   * @param index the queue's number
   * @param queue the queue, started
   * @param doorbell signalled by the driver; it must outlive this device, or if it is {@linkplain
   *     EventNotifier#isForeign foreign}, outlive {@link #stopQueue}. Null if the driver rings
   *     none: the device polls the ring from time to time
   */
  void startQueue(int index, VirtQueue queue, @Nullable EventNotifier doorbell);

  /**
   * Stops serving a queue: returns when nothing taken from it is in flight. May give up the big
   * lock meanwhile. Does nothing if the queue is not served.
   */
  void stopQueue(int index);

  /** Returns to the state before {@link #activate}; no queue is served. */
  void reset();

  /** Releases the device's resources; no queue is served. Idempotent. */
  @Override
  void close();
}
