package dev.platter.devices.virtio.mmio;

import dev.platter.aio.event.EventNotifier;
import dev.platter.devices.bus.IrqLine;
import dev.platter.devices.bus.MmioDevice;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.devices.virtio.DeviceRing;
import dev.platter.devices.virtio.DeviceStatus;
import dev.platter.devices.virtio.QueueConfig;
import dev.platter.devices.virtio.QueueListener;
import dev.platter.devices.virtio.VirtioDevice;
import dev.platter.devices.virtio.VirtioFeatures;
import org.jspecify.annotations.Nullable;

/**
 * The registers of one virtio device (4.2.2, version 2). Owns the device: closing this closes it.
 *
 * <p>A queue runs while DRIVER_OK is set and its QueueReady is 1. Writing 0 to the status, or to
 * QueueReady, returns when nothing of it is in flight; the big lock may be given up meanwhile, and
 * register writes by other vCPUs are dropped until then.
 */
public final class VirtioMmioTransport implements MmioDevice, AutoCloseable {
  private static final long LOW = 0xffff_ffffL;

  private final VirtioDevice device;
  private final GuestMemory memory;
  private final InterruptStatus interrupt;
  private final DeviceStatus status = new DeviceStatus();
  private final Queue[] queues;
  private int deviceFeaturesSel;
  private int driverFeaturesSel;
  private long driverFeatures;
  private boolean featuresBeyond;
  private int queueSel;
  private int configGeneration;
  private boolean busy;
  private boolean closed;

  /** One queue's registers, and where its events go. */
  private final class Queue implements QueueListener {
    final int index;
    final EventNotifier doorbell = new EventNotifier();
    int size;
    boolean ready;
    boolean running;
    long descriptorArea;
    long driverArea;
    long deviceArea;
    volatile @Nullable String fault;

    Queue(int index) {
      this.index = index;
    }

    @Override
    public void usedBuffers() {
      interrupt.raise(MmioRegisters.INT_USED_BUFFER);
    }

    @Override
    public void broken(String reason) {
      fault = reason;
      if (status.needsReset()) {
        interrupt.raise(MmioRegisters.INT_CONFIG);
      }
    }

    void startIfLive() {
      if (ready && !running && status.has(DeviceStatus.DRIVER_OK)) {
        QueueConfig config = QueueConfig.fresh(size, descriptorArea, driverArea, deviceArea);
        DeviceRing ring = DeviceRing.create(memory, device.maxQueueSize(), driverFeatures, this);
        if (ring.start(config, driverFeatures)) {
          running = true;
          device.startQueue(index, ring, doorbell);
        }
      }
    }

    void stop() {
      if (running) {
        device.stopQueue(index);
        running = false;
      }
      ready = false;
    }

    void reset() {
      size = 0;
      descriptorArea = 0;
      driverArea = 0;
      deviceArea = 0;
      fault = null;
    }
  }

  /**
   * Puts registers in front of a device.
   *
   * @param device the device; closed with this
   * @param memory the guest's RAM
   * @param irq the device's interrupt line
   */
  public VirtioMmioTransport(VirtioDevice device, GuestMemory memory, IrqLine irq) {
    this.device = device;
    this.memory = memory;
    this.interrupt = new InterruptStatus(irq);
    queues = new Queue[device.queueCount()];
    for (int i = 0; i < queues.length; i++) {
      queues[i] = new Queue(i);
    }
    device.onConfigChange(this::configChanged);
  }

  /** How many queues there are. */
  public int queueCount() {
    return queues.length;
  }

  /**
   * The notifier that a queue's doorbell signals, for a machine that turns 32-bit writes of the
   * queue's number to {@link MmioRegisters#QUEUE_NOTIFY} into a signal without taking the big lock.
   */
  public EventNotifier doorbell(int queue) {
    return queues[queue].doorbell;
  }

  /** What the guest did wrong to a queue since the last reset, or null. */
  public @Nullable String fault(int queue) {
    return queues[queue].fault;
  }

  private long offered() {
    return device.features() | VirtioFeatures.SPLIT_AND_PACKED;
  }

  private void configChanged() {
    configGeneration++;
    if (status.has(DeviceStatus.DRIVER_OK)) {
      interrupt.raise(MmioRegisters.INT_CONFIG);
    }
  }

  // ---- reading -------------------------------------------------------------------------------

  @Override
  public long read(long offset, int sizeBytes) {
    if (offset >= MmioRegisters.CONFIG) {
      return device.readConfig(offset - MmioRegisters.CONFIG, sizeBytes);
    }
    // Control registers are accessed 32 bits wide and aligned (4.2.2.2).
    if (sizeBytes != 4 || (offset & 3) != 0) {
      return sizeBytes == 8 ? -1 : (1L << (8 * sizeBytes)) - 1;
    }
    return readRegister((int) offset) & LOW;
  }

  private long readRegister(int offset) {
    if (offset >= MmioRegisters.SHM_LEN && offset <= MmioRegisters.SHM_BASE_HIGH) {
      return -1; // there is no shared memory region (4.2.2.1)
    }
    Queue queue = selected();
    return switch (offset) {
      case MmioRegisters.MAGIC -> MmioRegisters.MAGIC_VALUE;
      case MmioRegisters.VERSION -> MmioRegisters.VERSION_VALUE;
      case MmioRegisters.DEVICE_ID -> device.deviceId();
      case MmioRegisters.VENDOR_ID -> MmioRegisters.VENDOR_ID_VALUE;
      case MmioRegisters.DEVICE_FEATURES -> half(offered(), deviceFeaturesSel);
      case MmioRegisters.QUEUE_NUM_MAX -> queue == null ? 0 : device.maxQueueSize();
      case MmioRegisters.QUEUE_READY -> queue != null && queue.ready ? 1 : 0;
      case MmioRegisters.INTERRUPT_STATUS -> interrupt.get();
      case MmioRegisters.STATUS -> status.get();
      case MmioRegisters.CONFIG_GENERATION -> configGeneration;
      default -> 0;
    };
  }

  private static long half(long features, int selector) {
    return switch (selector) {
      case 0 -> features & LOW;
      case 1 -> features >>> 32;
      default -> 0;
    };
  }

  private @Nullable Queue selected() {
    return Integer.compareUnsigned(queueSel, queues.length) < 0 ? queues[queueSel] : null;
  }

  // ---- writing -------------------------------------------------------------------------------

  @Override
  public void write(long offset, int sizeBytes, long value) {
    if (offset == MmioRegisters.INTERRUPT_ACK && sizeBytes == 4) {
      interrupt.acknowledge((int) value);
    } else if (busy) {
      return; // another vCPU waits for queues to stop, and gave up the big lock for it
    } else if (offset >= MmioRegisters.CONFIG) {
      device.writeConfig(offset - MmioRegisters.CONFIG, sizeBytes, value);
    } else if (sizeBytes == 4 && (offset & 3) == 0) {
      writeRegister((int) offset, (int) value);
    }
  }

  private void writeRegister(int offset, int value) {
    switch (offset) {
      case MmioRegisters.QUEUE_NOTIFY -> ring(value);
      case MmioRegisters.STATUS -> writeStatus(value);
      case MmioRegisters.DEVICE_FEATURES_SEL -> deviceFeaturesSel = value;
      case MmioRegisters.DRIVER_FEATURES_SEL -> driverFeaturesSel = value;
      case MmioRegisters.DRIVER_FEATURES -> writeDriverFeatures(value);
      case MmioRegisters.QUEUE_SEL -> queueSel = value;
      default -> {
        Queue queue = selected();
        if (queue != null) {
          writeQueueRegister(queue, offset, value);
        }
      }
    }
  }

  private void ring(int index) {
    if (Integer.compareUnsigned(index, queues.length) < 0) {
      queues[index].doorbell.signal();
    }
  }

  private void writeDriverFeatures(int value) {
    if (status.has(DeviceStatus.FEATURES_OK)) {
      return; // settled until the next reset (3.1.1)
    }
    long bits = value & LOW;
    switch (driverFeaturesSel) {
      case 0 -> driverFeatures = (driverFeatures & ~LOW) | bits;
      case 1 -> driverFeatures = (driverFeatures & LOW) | (bits << 32);
      default -> featuresBeyond |= bits != 0;
    }
  }

  private void writeQueueRegister(Queue queue, int offset, int value) {
    if (offset == MmioRegisters.QUEUE_READY) {
      writeQueueReady(queue, value);
      return;
    }
    if (queue.ready) {
      return; // 4.2.2.2: not while the queue is ready
    }
    switch (offset) {
      case MmioRegisters.QUEUE_NUM -> queue.size = value;
      case MmioRegisters.QUEUE_DESC -> queue.descriptorArea = withLow(queue.descriptorArea, value);
      case MmioRegisters.QUEUE_DESC + 4 ->
          queue.descriptorArea = withHigh(queue.descriptorArea, value);
      case MmioRegisters.QUEUE_DRIVER -> queue.driverArea = withLow(queue.driverArea, value);
      case MmioRegisters.QUEUE_DRIVER + 4 -> queue.driverArea = withHigh(queue.driverArea, value);
      case MmioRegisters.QUEUE_DEVICE -> queue.deviceArea = withLow(queue.deviceArea, value);
      case MmioRegisters.QUEUE_DEVICE + 4 -> queue.deviceArea = withHigh(queue.deviceArea, value);
      default -> {}
    }
  }

  private static long withLow(long address, int value) {
    return (address & ~LOW) | (value & LOW);
  }

  private static long withHigh(long address, int value) {
    return (address & LOW) | ((long) value << 32);
  }

  private void writeQueueReady(Queue queue, int value) {
    if ((value & 1) != 0) {
      queue.ready = true;
      queue.startIfLive();
    } else {
      busy = true;
      queue.stop();
      busy = false;
    }
  }

  private void writeStatus(int value) {
    if (value == 0) {
      reset();
      return;
    }
    boolean acceptable = !featuresBeyond && VirtioFeatures.acceptable(offered(), driverFeatures);
    int added = status.driverWrites(value, acceptable);
    if ((added & DeviceStatus.FEATURES_OK) != 0) {
      device.activate(driverFeatures);
    }
    if ((added & DeviceStatus.DRIVER_OK) != 0) {
      for (Queue queue : queues) {
        queue.startIfLive();
      }
    }
  }

  private void reset() {
    busy = true;
    for (Queue queue : queues) {
      queue.stop();
    }
    busy = false;
    // From here on nothing can raise an interrupt or ask for a reset.
    for (Queue queue : queues) {
      queue.reset();
    }
    device.reset();
    status.reset();
    interrupt.acknowledge(-1);
    deviceFeaturesSel = 0;
    driverFeaturesSel = 0;
    driverFeatures = 0;
    featuresBeyond = false;
    queueSel = 0;
  }

  /**
   * Stops the queues, waiting for what is in flight, and closes the device and the doorbells. The
   * queues' loops must still run. Idempotent.
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    reset();
    device.close();
    for (Queue queue : queues) {
      queue.doorbell.close();
    }
  }
}
