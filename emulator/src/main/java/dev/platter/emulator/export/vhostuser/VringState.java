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
 * One virtqueue of a front-end ("Ring states"): what it has been told to be, and the ring itself.
 *
 * <p>It is started from the moment it has a doorbell, or is told that it has none, to the moment
 * its position is asked for, and at work while it is started and enabled, has a size and a place,
 * and is not broken. Buffers that wait already are taken then, without a doorbell. Between two
 * times at work it keeps its position; where its memory is, is looked up each time anew, and may
 * come last.
 *
 * <p>The record of what is in flight knows the position when nobody else does: the front-end of a
 * back-end that has died. Whoever is told the position, or tells another, knows it: then the record
 * begins anew.
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
  // What the ring has last recorded in, while it is mapped.
  private @Nullable InflightRegion record;
  private boolean nowhere;
  // Set on the queue's loop.
  private volatile boolean broken;

  /** Where the front-end sees the parts of a ring. */
  record Addresses(long descriptors, long used, long available) {}

  /**
   * Creates a queue that is stopped and disabled.
   *
   * @param onBroken told, on the queue's loop or in {@link #startIfReady}, that the guest has
   *     broken it, and how
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

  /** Sets the position to take it up at, as {@link DeviceRing#vringBase} has it. */
  void setBase(int position) throws RequestRefused {
    checkNotAtWork();
    forgetRecord();
    base = position;
    broken = false;
  }

  /** Has the record begin anew, unless there is something in it. */
  private void forgetRecord() {
    if (record != null && ring != null && ring.isIdle()) {
      record.clear();
    }
  }

  /** The record is about to be unmapped. */
  void detachRecord() {
    record = null;
  }

  private void checkNotAtWork() throws RequestRefused {
    if (atWork) {
      throw new RequestRefused("queue " + index + " is at work");
    }
  }

  /** Sets its place; a queue at work that moves is taken out of work. */
  void setAddresses(Addresses replacement) {
    if (!replacement.equals(addresses)) {
      deactivate();
      addresses = replacement;
      broken = false;
      nowhere = false;
    }
  }

  /**
   * Sets the doorbell, which it owns from here on, or that there is none; a queue at work is taken
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
      // Buffers may have been used while there was nobody to tell, and none may follow.
      call.signal();
    }
  }

  /** Sets whom to tell that it is broken, or nobody. */
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
   * Puts it to work if it is to be and is not.
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
      return; // it comes later
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
   * After a change of memory: as {@link #startIfReady} if guest memory is there where the ring was
   * told to be. If not, it waits for the next change.
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

  /** Takes it out of work, when nothing is in flight, and keeps its position. */
  void deactivate() {
    if (atWork && ring != null) {
      device.stopQueue(index);
      atWork = false;
      base = ring.vringBase();
    }
  }

  /**
   * Stops it ("GET_VRING_BASE"): it waits for another doorbell.
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

  /** Stops it and forgets what it was told, but for whom to signal. */
  void reset() {
    end();
    enabled = false;
    size = 0;
    addresses = null;
    base = 0;
  }

  /** Stops it and closes all descriptors. Idempotent. */
  @Override
  public void close() {
    reset();
    call.close();
    error.close();
  }
}
