package dev.platter.emulator.export.vhostuser;

import dev.platter.aio.PlatterException;
import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.event.HeldUpPipes;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.devices.virtio.DeviceStatus;
import dev.platter.devices.virtio.VirtioDevice;
import dev.platter.devices.virtio.VirtioFeatures;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The state that one front-end has set up, and the requests that change it. Each method carries out
 * a request or refuses it. For the session's thread, but for {@link #configChanged}.
 *
 * <p>Closing: rings stop and their requests complete; then descriptors, the device's state, the
 * in-flight buffer, guest memory and the back-end channel go.
 */
final class VhostUserBackend implements AutoCloseable {
  private static final int STATUS_BITS = 0xff;

  private final DeviceControl device;
  private final MemoryTable memory;
  private final VringState[] rings;
  private final BiConsumer<Integer, String> onBroken;
  private final Runnable memoryLost;
  private final Runnable eventFdFull;
  private final HeldUpPipes heldUpPipes;
  private final AtomicInteger status = new AtomicInteger();
  // Read on queues' loops and the main loop.
  private volatile long protocolFeatures;
  private volatile @Nullable BackendChannel channel;
  private @Nullable InflightBuffer inflight;

  /**
   * Creates the state that a front-end finds.
   *
   * @param guestMemory the memory of the device, which the front-end fills
   * @param maxGuestBytes how much memory the front-end may lend
   * @param onBroken is told of a ring that the guest has broken, and the reason; any thread
   * @param memoryLost is told that the front-end has truncated its memory; any thread, must not
   *     block
   * @param eventFdFull is told that the front-end has held up a signal; any thread, must not block
   * @param heldUpPipes the pipes that this and earlier front-ends have left
   */
  VhostUserBackend(
      VirtioDevice device,
      DeviceControl control,
      GuestMemory guestMemory,
      long maxGuestBytes,
      BiConsumer<Integer, String> onBroken,
      Runnable memoryLost,
      Runnable eventFdFull,
      HeldUpPipes heldUpPipes) {
    this.device = control;
    this.onBroken = onBroken;
    this.memoryLost = memoryLost;
    this.eventFdFull = eventFdFull;
    this.heldUpPipes = heldUpPipes;
    memory = new MemoryTable(guestMemory, maxGuestBytes, memoryLost);
    rings = new VringState[device.queueCount()];
    for (int i = 0; i < rings.length; i++) {
      rings[i] = new VringState(i, device, guestMemory, this::ringBroken);
    }
  }

  private void ringBroken(int index, String reason) {
    if (has(VhostUserFeatures.STATUS)) {
      status.getAndUpdate(bits -> bits | DeviceStatus.NEEDS_RESET);
      // The driver is told by a configuration change notification (virtio 2.1.2).
      configChanged();
    }
    onBroken.accept(index, reason);
  }

  /** Tells the front-end, if it wants to know, that the configuration has changed. Any thread. */
  void configChanged() {
    BackendChannel current = channel;
    if (current != null && has(VhostUserFeatures.CONFIG)) {
      current.configChanged();
    }
  }

  // ---- features ------------------------------------------------------------------------------

  /** Whether a protocol feature was taken. */
  boolean has(long protocolFeature) {
    return (protocolFeatures & protocolFeature) != 0;
  }

  /** Refuses a request whose protocol feature was not taken. */
  void require(long protocolFeature) throws RequestRefused {
    if (!has(protocolFeature)) {
      throw new RequestRefused("its protocol feature is not negotiated");
    }
  }

  void setProtocolFeatures(long taken) throws RequestRefused {
    if ((taken & ~VhostUserFeatures.OFFERED) != 0) {
      throw new RequestRefused(String.format("protocol features 0x%x", taken));
    }
    protocolFeatures = taken;
  }

  void setFeatures(long taken) throws RequestRefused {
    // ACCESS_PLATFORM is not offered, because some drivers would then translate addresses. A
    // front-end that takes it nevertheless, as for encrypted guests, sends plain guest addresses:
    // there is no IOTLB here.
    long unknown = taken & ~(device.offered() | VirtioFeatures.ACCESS_PLATFORM);
    if (unknown != 0) {
      throw new RequestRefused(String.format("features 0x%x are not offered", unknown));
    }
    long features = taken & ~(VhostUserFeatures.PROTOCOL_FEATURES | VirtioFeatures.ACCESS_PLATFORM);
    if ((features & VirtioFeatures.RING_PACKED) != 0
        && (features & VirtioFeatures.VERSION_1) == 0) {
      throw new RequestRefused("packed rings without VERSION_1");
    }
    if (features != device.features() && anyAtWork()) {
      throw new RequestRefused("features change while rings are at work");
    }
    device.activate(features);
    if ((taken & VhostUserFeatures.PROTOCOL_FEATURES) == 0) {
      // Such a front-end does not know that rings can be disabled ("Ring states").
      for (VringState ring : rings) {
        ring.setEnabled(true);
      }
    }
    startReadyRings();
  }

  private boolean anyAtWork() {
    for (VringState ring : rings) {
      if (ring.isAtWork()) {
        return true;
      }
    }
    return false;
  }

  // ---- rings ---------------------------------------------------------------------------------

  int queueCount() {
    return rings.length;
  }

  private VringState ring(int index) throws RequestRefused {
    if (Integer.compareUnsigned(index, rings.length) >= 0) {
      throw new RequestRefused("there is no queue " + (index & 0xffff_ffffL));
    }
    return rings[index];
  }

  private void startReadyRings() {
    if (device.isActive()) {
      for (VringState ring : rings) {
        ring.startIfReady(device.features(), memory, inflight);
      }
    }
  }

  /**
   * Starts rings after a change of memory; a ring whose memory is missing waits for the next
   * change.
   */
  private void startRingsInMemory() {
    if (device.isActive()) {
      for (VringState ring : rings) {
        ring.startIfInMemory(device.features(), memory, inflight);
      }
    }
  }

  private void deactivateRings() {
    for (VringState ring : rings) {
      ring.deactivate();
    }
  }

  void setVringNum(int index, int num) throws RequestRefused {
    ring(index).setSize(num);
    startReadyRings();
  }

  void setVringAddresses(int index, VringState.Addresses addresses) throws RequestRefused {
    ring(index).setAddresses(addresses);
    startReadyRings();
  }

  void setVringBase(int index, int base) throws RequestRefused {
    VringState ring = ring(index);
    boolean packed = (device.features() & VirtioFeatures.RING_PACKED) != 0;
    if (!packed && (base & ~0xffff) != 0) {
      throw new RequestRefused("position of a split ring has more than 16 bits");
    }
    ring.setBase(base);
    startReadyRings();
  }

  /** Stops a ring and tells its position. */
  int getVringBase(int index) throws RequestRefused {
    return ring(index).stop();
  }

  /**
   * Sets the kick eventfd and starts the ring. Takes over the descriptor; a negative one means that
   * the ring is polled.
   */
  void setVringKick(int index, int fd) throws RequestRefused {
    EventNotifier kick =
        fd < 0 ? null : adopt(index, fd, its -> EventNotifier.adopt(its, () -> {}, heldUpPipes));
    ring(index).setKick(kick);
    startReadyRings();
  }

  /** Sets the interrupt; takes over the descriptor, which is negative for none. */
  void setVringCall(int index, int fd) throws RequestRefused {
    EventNotifier call = sink(index, fd);
    ring(index).setCall(call);
  }

  /** Sets the eventfd for a broken ring; takes over the descriptor, which is negative for none. */
  void setVringError(int index, int fd) throws RequestRefused {
    EventNotifier error = sink(index, fd);
    ring(index).setError(error);
  }

  /** The notifier of a queue's front-end, checked by {@link #adopt}; null for none. */
  private @Nullable EventNotifier sink(int index, int fd) throws RequestRefused {
    return fd < 0
        ? null
        : adopt(index, fd, its -> EventNotifier.adoptSink(its, eventFdFull, heldUpPipes));
  }

  /**
   * Makes a queue's notifier. Closes the descriptor if it cannot be one, or if there is no such
   * queue.
   */
  private EventNotifier adopt(int index, int fd, IntFunction<EventNotifier> how)
      throws RequestRefused {
    try {
      ring(index);
    } catch (RequestRefused e) {
      heldUpPipes.discard(fd);
      throw e;
    }
    try {
      return how.apply(fd);
    } catch (PlatterException e) {
      throw new RequestRefused(String.valueOf(e.getMessage()));
    }
  }

  void setVringEnable(int index, int on) throws RequestRefused {
    if ((on & ~1) != 0) {
      throw new RequestRefused("neither enables nor disables");
    }
    ring(index).setEnabled(on == 1);
    startReadyRings();
  }

  /** Disables all rings. */
  void disableRings() {
    for (VringState ring : rings) {
      ring.setEnabled(false);
    }
  }

  // ---- memory --------------------------------------------------------------------------------

  /** Replaces all of guest memory; {@code fds} stay the caller's. */
  void setMemoryTable(List<MemoryTable.Description> descriptions, int[] fds) throws RequestRefused {
    MemoryTable.Prepared prepared = memory.prepare(descriptions, fds);
    deactivateRings();
    memory.replaceWith(prepared).close();
    startRingsInMemory();
  }

  /** Adds memory; rings at work go on. {@code fd} stays the caller's. */
  void addMemory(MemoryTable.Description description, int fd) throws RequestRefused {
    require(VhostUserFeatures.CONFIGURE_MEM_SLOTS);
    memory.add(description, fd);
    startRingsInMemory();
  }

  void removeMemory(MemoryTable.Description description) throws RequestRefused {
    require(VhostUserFeatures.CONFIGURE_MEM_SLOTS);
    deactivateRings();
    try {
      memory.remove(description).close();
    } finally {
      startRingsInMemory();
    }
  }

  // ---- what is in flight ---------------------------------------------------------------------

  /** Takes a buffer for records of requests in flight; {@code fd} stays the caller's. */
  void setInflight(InflightBuffer.Description description, int fd) throws RequestRefused {
    require(VhostUserFeatures.INFLIGHT_SHMFD);
    if (anyAtWork()) {
      throw new RequestRefused("in-flight buffer changes while rings are at work");
    }
    InflightBuffer replacement = InflightBuffer.map(description, rings.length, fd, memoryLost);
    closeInflight();
    inflight = replacement;
    ConfigRecord record = replacement.config();
    if (record != null) {
      record.restoreTo(device);
      device.saveTo(record);
    }
  }

  private void closeInflight() {
    for (VringState ring : rings) {
      ring.detachRecord();
    }
    if (inflight != null) {
      inflight.close();
      inflight = null;
    }
  }

  // ---- configuration -------------------------------------------------------------------------

  /**
   * Writes the configuration space.
   *
   * @return whether the space now equals {@code from}; read-only fields keep their values
   */
  boolean writeConfig(int offset, byte[] from) {
    boolean taken = device.writeConfig(offset, from);
    ConfigRecord record = inflight == null ? null : inflight.config();
    if (record != null) {
      device.saveTo(record);
    }
    return taken;
  }

  // ---- the device as a whole -----------------------------------------------------------------

  /** Takes over the socket for requests of the back-end. */
  void setChannel(int fd) throws RequestRefused {
    BackendChannel replacement = new BackendChannel(fd, heldUpPipes);
    closeChannel();
    channel = replacement;
  }

  private void closeChannel() {
    BackendChannel current = channel;
    channel = null;
    if (current != null) {
      current.close();
    }
  }

  int getStatus() throws RequestRefused {
    require(VhostUserFeatures.STATUS);
    return status.get();
  }

  /**
   * Takes the device status. Only 0 has an effect, since rings have states of their own: 0 stops
   * them, voids their positions and makes broken rings usable again (virtio 2.1).
   */
  void setStatus(long bits) throws RequestRefused {
    require(VhostUserFeatures.STATUS);
    if ((bits & ~STATUS_BITS) != 0) {
      throw new RequestRefused(String.format("status 0x%x", bits));
    }
    if (bits == 0) {
      for (VringState ring : rings) {
        ring.stop();
      }
      if (inflight != null) {
        inflight.clearQueues();
      }
      status.set(0);
    } else {
      status.getAndUpdate(old -> (int) bits | (old & DeviceStatus.NEEDS_RESET));
    }
  }

  /** Stops and disables all rings and puts the device back to its first state. */
  void reset() {
    for (VringState ring : rings) {
      ring.reset();
    }
    if (inflight != null) {
      inflight.clear();
    }
    status.set(0);
    device.reset();
  }

  @Override
  public void close() {
    for (VringState ring : rings) {
      ring.close();
    }
    device.reset();
    closeInflight();
    memory.close();
    closeChannel();
  }
}
