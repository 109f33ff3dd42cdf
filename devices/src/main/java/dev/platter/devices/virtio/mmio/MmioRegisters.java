package dev.platter.devices.virtio.mmio;

/** Offsets and values of the virtio-mmio registers (4.2.2); 32 bits wide unless said otherwise. */
public final class MmioRegisters {
  /** Size of the range that a device takes up, configuration space included. */
  public static final long RANGE_BYTES = 0x200;

  /** {@link #MAGIC_VALUE}. */
  public static final int MAGIC = 0x000;

  /** "virt", little-endian. */
  public static final int MAGIC_VALUE = 0x74726976;

  /** {@link #VERSION_VALUE}. */
  public static final int VERSION = 0x004;

  /** Not a legacy device. */
  public static final int VERSION_VALUE = 2;

  /** The device type. */
  public static final int DEVICE_ID = 0x008;

  /** {@link #VENDOR_ID_VALUE}. */
  public static final int VENDOR_ID = 0x00c;

  /** "PLTR", little-endian. */
  public static final int VENDOR_ID_VALUE = 0x52544c50;

  /** 32 feature bits that the device offers. */
  public static final int DEVICE_FEATURES = 0x010;

  /** Which 32 of them. */
  public static final int DEVICE_FEATURES_SEL = 0x014;

  /** 32 feature bits that the driver accepts. */
  public static final int DRIVER_FEATURES = 0x020;

  /** Which 32 of them. */
  public static final int DRIVER_FEATURES_SEL = 0x024;

  /** Which queue the other queue registers mean. */
  public static final int QUEUE_SEL = 0x030;

  /** Largest queue size; 0 if there is no such queue. */
  public static final int QUEUE_NUM_MAX = 0x034;

  /** Queue size. */
  public static final int QUEUE_NUM = 0x038;

  /** 1 once the queue is set up. */
  public static final int QUEUE_READY = 0x044;

  /** The doorbell: takes a queue's number. */
  public static final int QUEUE_NOTIFY = 0x050;

  /** {@link #INT_USED_BUFFER} and {@link #INT_CONFIG}. */
  public static final int INTERRUPT_STATUS = 0x060;

  /** Clears the bits written. */
  public static final int INTERRUPT_ACK = 0x064;

  /** The device status; writing 0 resets the device. */
  public static final int STATUS = 0x070;

  /** Low half of the descriptor table's address; the high half follows. */
  public static final int QUEUE_DESC = 0x080;

  /** Low half of the available ring's address; the high half follows. */
  public static final int QUEUE_DRIVER = 0x090;

  /** Low half of the used ring's address; the high half follows. */
  public static final int QUEUE_DEVICE = 0x0a0;

  /** First of the shared memory registers that are read: length and base, 64 bits each. */
  public static final int SHM_LEN = 0x0b0;

  /** Last of them. */
  public static final int SHM_BASE_HIGH = 0x0bc;

  /** Changes whenever the configuration space does. */
  public static final int CONFIG_GENERATION = 0x0fc;

  /** Start of the configuration space, of any access width. */
  public static final int CONFIG = 0x100;

  /** In the interrupt status: a queue has used a buffer. */
  public static final int INT_USED_BUFFER = 1;

  /** In the interrupt status: the configuration space or the device status has changed. */
  public static final int INT_CONFIG = 2;

  private MmioRegisters() {}
}
