package dev.platter.emulator.export.vhostuser;

import dev.platter.aio.event.EventNotifier;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.devices.virtio.DeviceRing;
import dev.platter.devices.virtio.InflightRegion;
import dev.platter.devices.virtio.QueueConfig;
import dev.platter.devices.virtio.QueueListener;
import dev.platter.devices.virtio.VirtioDevice;
import dev.platter.devices.virtio.VirtioFeatures;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One virtqueue of a front-end ("Ring states"): its settings, and the ring itself.
 *
 * <p>The queue is started when it gets its kick eventfd, or hears that it has none, until its
 * position is asked for. It is at work while it is started and enabled, has a size and a place, and
 * is not broken. When its work begins, it takes waiting buffers without a kick. Between two times
 * at work it keeps its position. Its memory is looked up anew each time, and may arrive last.
 *
 * <p>After the crash of a back-end, only the record of requests in flight knows the position. When
 * the front-end asks for the position or sets it, the front-end knows it, and the record begins
 * anew.
 */
final class VringState implements QueueListener, AutoCloseable {
  private final int index;
  private final VirtioDevice device;
  private final GuestMemory memory;
  private final BiConsumer<Integer, String> onBroken;
  private final EventSlot call = new EventSlot();
  private final EventSlot error = new EventSlot();

  private @Nullable EventNotifier kick;
  private boolean kickless;
  private @Nullable DeviceRing ring;
  private boolean ringIsPacked;
  private int size;
  private @Nullable Addresses addresses;
  private int base;
  private boolean enabled;
  private boolean atWork;
  // The record that the ring used last, while it is mapped.
  private @Nullable InflightRegion record;
  private boolean nowhere;
  // Set on the queue's loop.
  private volatile boolean broken;

  /** Where the front-end sees the parts of a ring. */
  record Addresses(long descriptors, long used, long available) {}

  /**
   * Creates a queue that is stopped and disabled.
   *
   * @param onBroken is told that the guest has broken the queue, and the reason; on the queue's
   *     loop or in {@link #startIfReady}
   */
  VringState(
      int index, VirtioDevice device, GuestMemory memory, BiConsumer<Integer, String> onBroken) {
    this.index = index;
    this.device = device;
    this.memory = memory;
    this.onBroken = onBroken;
  }

  // ---- events, on the queue's loop -----------------------------------------------------------

  @Override
  public void usedBuffers() {
    call.signal();
  }

  @Override
  public void broken(String reason) {
    broken = true;
    error.signal();
    onBroken.accept(index, reason);
  }

  // ---- what it is told to be -----------------------------------------------------------------

  boolean isAtWork() {
    return atWork;
  }

  void setSize(int descriptors) throws RequestRefused {
    if (descriptors <= 0 || descriptors > device.maxQueueSize()) {
      throw new RequestRefused("queue " + index + " of " + descriptors + " descriptors");
    }
    checkNotAtWork();
    size = descriptors;
    broken = false;
  }

  /** Sets the position at which the queue starts, in the form of {@link DeviceRing#vringBase}. */
  void setBase(int position) throws RequestRefused {
    checkNotAtWork();
    forgetRecord();
    base = position;
    broken = false;
  }

  /** Has the record begin anew, unless it holds requests. */
  private void forgetRecord() {
    if (record != null && ring != null && ring.isIdle()) {
      record.clear();
    }
  }

  /** Lets go of the record, which is about to be unmapped. */
  void detachRecord() {
    record = null;
  }

  private void checkNotAtWork() throws RequestRefused {
    if (atWork) {
      throw new RequestRefused("queue " + index + " is at work");
    }
  }

  /** Sets the queue's addresses. A queue at work that moves is taken out of work. */
  void setAddresses(Addresses replacement) {
    if (!replacement.equals(addresses)) {
      deactivate();
      addresses = replacement;
      broken = false;
      nowhere = false;
    }
  }

  /**
   * Sets the kick eventfd, which the queue then owns, or null for none. A queue at work is taken
   * out of work.
   */
  void setKick(@Nullable EventNotifier replacement) {
    deactivate();
    closeKick();
    kick = replacement;
    kickless = replacement == null;
  }

  private void closeKick() {
    kickless = false;
    if (kick != null) {
      kick.close();
      kick = null;
    }
  }

  /** Sets the interrupt, or none. */
  void setCall(@Nullable EventNotifier replacement) {
    call.set(replacement);
    if (atWork) {
      // Buffers may have been used while there was no call eventfd, and no other buffer may follow.
      call.signal();
    }
  }

  /** Sets the eventfd to signal when the queue is broken, or none. */
  void setError(@Nullable EventNotifier replacement) {
    error.set(replacement);
    if (broken) {
      error.signal();
    }
  }

  void setEnabled(boolean on) {
    enabled = on;
    if (!on) {
      deactivate();
    }
  }

  // ---- work ----------------------------------------------------------------------------------

  /**
   * Puts the queue to work, if it should be and is not.
   *
   * @param features the negotiated features
   * @param table translates its addresses
   * @param inflight where to record what is in flight, or null
   */
  void startIfReady(long features, MemoryTable table, @Nullable InflightBuffer inflight) {
    EventNotifier bell = kick;
    Addresses place = addresses;
    boolean started = bell != null || kickless;
    if (atWork || broken || !enabled || !started || place == null || size == 0) {
      return;
    }
    if (table.isEmpty()) {
      return; // the memory may come later
    }
    boolean packed = (features & VirtioFeatures.RING_PACKED) != 0;
    QueueConfig config = config(place, table, packed);
    if (config == null) {
      nowhere = true;
      broken("ring is outside guest memory");
      return;
    }
    InflightRegion region;
    try {
      region = inflight == null ? null : inflight.region(index, packed);
    } catch (RequestRefused e) {
      broken(String.valueOf(e.getMessage()));
      return;
    }
    DeviceRing opened = ring;
    if (opened == null || packed != ringIsPacked) {
      opened = DeviceRing.create(memory, device.maxQueueSize(), features, this);
      ring = opened;
      ringIsPacked = packed;
    }
    if (opened.start(config, features, region)) {
      atWork = true;
      record = region;
      device.startQueue(index, opened, bell);
    }
  }

  /**
   * Does as {@link #startIfReady} after a change of memory, if the ring's addresses are in guest
   * memory. If not, the queue waits for the next change.
   */
  void startIfInMemory(long features, MemoryTable table, @Nullable InflightBuffer inflight) {
    Addresses place = addresses;
    if (place != null && config(place, table, false) != null) {
      if (nowhere) {
        nowhere = false;
        broken = false;
      }
      startIfReady(features, table, inflight);
    }
  }

  private @Nullable QueueConfig config(Addresses place, MemoryTable table, boolean packed) {
    long descriptors = table.guestAddress(place.descriptors);
    long available = table.guestAddress(place.available);
    long used = table.guestAddress(place.used);
    if (descriptors == MemoryTable.NOWHERE
        || available == MemoryTable.NOWHERE
        || used == MemoryTable.NOWHERE) {
      return null;
    }
    QueueConfig config = QueueConfig.fresh(size, descriptors, available, used);
    return packed ? config.withPackedBase(base) : config.withSplitBase(base);
  }

  /** Takes the queue out of work, once its requests have completed, and keeps its position. */
  void deactivate() {
    if (atWork && ring != null) {
      device.stopQueue(index);
      atWork = false;
      base = ring.vringBase();
    }
  }

  /**
   * Stops the queue ("GET_VRING_BASE") until it gets another kick eventfd.
   *
   * @return its position
   */
  int stop() {
    end();
    forgetRecord();
    return base;
  }

  private void end() {
    deactivate();
    closeKick();
    broken = false;
    nowhere = false;
  }

  /** Stops the queue and clears its settings, except its call and error eventfds. */
  void reset() {
    end();
    enabled = false;
    size = 0;
    addresses = null;
    base = 0;
  }

  /** Stops the queue and closes all descriptors. Idempotent. */
  @Override
  public void close() {
    reset();
    call.close();
    error.close();
  }
}
