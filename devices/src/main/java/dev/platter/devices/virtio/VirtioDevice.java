package dev.platter.devices.virtio;

import dev.platter.aio.event.EventNotifier;
import org.jspecify.annotations.Nullable;

/**
 * A device type (block, ...) as a transport (MMIO, vhost-user, ...) drives it.
 *
 * <p>Life: {@link #onConfigChange} once; then, as often as the guest resets it: {@link #activate},
 * {@link #startQueue} for each queue, {@link #stopQueue} for each queue, {@link #reset}; {@link
 * #close} at the end. All of it under the big lock where there is one, but that queues may be
 * started and stopped, and the configuration written, without it, by one thread at a time: who
 * waits for a slow disk then keeps nobody else. The device runs a started queue on a context of its
 * own choice, and touches no queue outside {@code startQueue .. stopQueue}.
 */
public interface VirtioDevice extends AutoCloseable {
  /** The virtio device ID (section 5). */
  int deviceId();

  /** The feature bits of this type that are offered; those of the ring are the transport's. */
  long features();

  /** How many queues there are. */
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
   * Writes the device configuration space for the guest; what is read-only or not there is ignored.
   * Returns when what the new value promises holds, and so may wait for the backend; if that cannot
   * be brought about, the space stays what it is.
   */
  void writeConfig(long offset, int sizeBytes, long value);

  /**
   * Writes what the guest has written before, and now finds in the space as it thinks: after
   * another negotiation of features, or in another process. No queue is at work. Waits for nothing.
   */
  void restoreConfig(long offset, int sizeBytes, long value);

  /** Sets what to run, on the main loop, after the configuration space has changed by itself. */
  void onConfigChange(Runnable listener);

  /**
   * The features are negotiated.
   *
   * @param features the bits that both sides agreed on
   */
  void activate(long features);

  /**
   * Puts a queue to work. Buffers that are available already are taken without a doorbell.
   *
   * @param index the queue's number
   * @param queue the queue, started
   * @param doorbell signalled by the driver; it must outlive this device, or if it is {@linkplain
   *     EventNotifier#isForeign foreign}, outlive {@link #stopQueue}. Null if the driver rings
   *     none: the device looks at the ring from time to time
   */
  void startQueue(int index, VirtQueue queue, @Nullable EventNotifier doorbell);

  /**
   * Takes a queue out of work: returns when nothing taken from it is in flight. May give up the big
   * lock meanwhile. Does nothing if the queue is not at work.
   */
  void stopQueue(int index);

  /** Back to the state before {@link #activate}; no queue is at work. */
  void reset();

  /** Releases what the device holds; no queue is at work. Idempotent. */
  @Override
  void close();
}
