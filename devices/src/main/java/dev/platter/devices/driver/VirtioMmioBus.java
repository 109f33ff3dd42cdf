package dev.platter.devices.driver;

import dev.platter.devices.virtio.DeviceStatus;
import dev.platter.devices.virtio.mmio.MmioRegisters;

/** What any virtio driver does to virtio-mmio registers (4.2.3), step by step or all at once. */
public final class VirtioMmioBus {
  private final GuestCpu cpu;
  private final long base;

  /**
   * Knows a device.
   *
   * @param base guest physical address of its registers
   */
  public VirtioMmioBus(GuestCpu cpu, long base) {
    this.cpu = cpu;
    this.base = base;
  }

  /** Reads a register. */
  public int load(int register) {
    return cpu.load32(base + register);
  }

  /** Writes a register. */
  public void store(int register, int value) {
    cpu.store32(base + register, value);
  }

  /** Whether there is a device of this type, of the version that is understood (4.2.3.1.1). */
  public boolean isDevice(int deviceId) {
    return load(MmioRegisters.MAGIC) == MmioRegisters.MAGIC_VALUE
        && load(MmioRegisters.VERSION) == MmioRegisters.VERSION_VALUE
        && load(MmioRegisters.DEVICE_ID) == deviceId;
  }

  /** Resets the device; returns when it has forgotten everything. */
  public void reset() {
    store(MmioRegisters.STATUS, 0);
  }

  /** The device status. */
  public int status() {
    return load(MmioRegisters.STATUS);
  }

  /** Adds a bit to the device status. */
  public void addStatus(int bit) {
    store(MmioRegisters.STATUS, status() | bit);
  }

  /** The features that the device offers. */
  public long offeredFeatures() {
    store(MmioRegisters.DEVICE_FEATURES_SEL, 1);
    long high = load(MmioRegisters.DEVICE_FEATURES);
    store(MmioRegisters.DEVICE_FEATURES_SEL, 0);
    return high << 32 | (load(MmioRegisters.DEVICE_FEATURES) & 0xffff_ffffL);
  }

  /**
   * Accepts features, with the status bits before and after (3.1.1, steps 2 to 6).
   *
   * @return whether the device has agreed
   */
  public boolean negotiate(long features) {
    addStatus(DeviceStatus.ACKNOWLEDGE);
    addStatus(DeviceStatus.DRIVER);
    store(MmioRegisters.DRIVER_FEATURES_SEL, 1);
    store(MmioRegisters.DRIVER_FEATURES, (int) (features >>> 32));
    store(MmioRegisters.DRIVER_FEATURES_SEL, 0);
    store(MmioRegisters.DRIVER_FEATURES, (int) features);
    addStatus(DeviceStatus.FEATURES_OK);
    return (status() & DeviceStatus.FEATURES_OK) != 0;
  }

  /** Largest size of a queue; 0 if there is no such queue. */
  public int maxQueueSize(int index) {
    store(MmioRegisters.QUEUE_SEL, index);
    return load(MmioRegisters.QUEUE_NUM_MAX);
  }

  /** Tells the device where a queue is, and that it is ready (4.2.3.2). */
  public void setUpQueue(int index, DriverQueue queue) {
    store(MmioRegisters.QUEUE_SEL, index);
    store(MmioRegisters.QUEUE_NUM, queue.size());
    storeLong(MmioRegisters.QUEUE_DESC, queue.descriptorArea());
    storeLong(MmioRegisters.QUEUE_DRIVER, queue.driverArea());
    storeLong(MmioRegisters.QUEUE_DEVICE, queue.deviceArea());
    store(MmioRegisters.QUEUE_READY, 1);
  }

  private void storeLong(int register, long value) {
    store(register, (int) value);
    store(register + 4, (int) (value >>> 32));
  }

  /** Rings a queue's doorbell. */
  public void kick(int queue) {
    store(MmioRegisters.QUEUE_NOTIFY, queue);
  }

  /** Reads the interrupt status and acknowledges all of it. */
  public int acknowledgeInterrupt() {
    int status = load(MmioRegisters.INTERRUPT_STATUS);
    if (status != 0) {
      store(MmioRegisters.INTERRUPT_ACK, status);
    }
    return status;
  }

  /** Reads 32 bits of the configuration space. */
  public int config32(int offset) {
    return load(MmioRegisters.CONFIG + offset);
  }

  /** Reads 64 bits of the configuration space, again if they changed meanwhile (2.5.1). */
  public long config64(int offset) {
    while (true) {
      int before = load(MmioRegisters.CONFIG_GENERATION);
      long low = config32(offset) & 0xffff_ffffL;
      long high = config32(offset + 4);
      if (load(MmioRegisters.CONFIG_GENERATION) == before) {
        return high << 32 | low;
      }
    }
  }
}
