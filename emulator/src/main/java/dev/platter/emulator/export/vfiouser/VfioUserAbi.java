package dev.platter.emulator.export.vfiouser;

/**
 * Offsets, sizes and bits of the messages, by section of the specification. Payload offsets count
 * from the end of the header. All numbers are little-endian, as the hosts that this runs on.
 */
final class VfioUserAbi {
  // "Header"
  static final int HEADER_BYTES = 16;
  static final int HEADER_ID = 0;
  static final int HEADER_COMMAND = 2;
  static final int HEADER_SIZE = 4;
  static final int HEADER_FLAGS = 8;
  static final int HEADER_ERROR = 12;
  static final int TYPE_MASK = 0xf;
  static final int TYPE_COMMAND = 0;
  static final int TYPE_REPLY = 1;
  static final int FLAG_NO_REPLY = 1 << 4;
  static final int FLAG_ERROR = 1 << 5;

  // "VFIO_USER_VERSION"
  static final int VERSION_MAJOR = 0;
  static final int VERSION_MINOR = 2;
  static final int VERSION_DATA = 4;

  // "VFIO_USER_DMA_MAP"
  static final int DMA_MAP_BYTES = 32;
  static final int DMA_MAP_FLAGS = 4;
  static final int DMA_MAP_OFFSET = 8;
  static final int DMA_MAP_ADDRESS = 16;
  static final int DMA_MAP_SIZE = 24;
  static final int DMA_READABLE = 1;
  static final int DMA_WRITABLE = 1 << 1;

  // "VFIO_USER_DMA_UNMAP"; the flags are those of struct vfio_iommu_type1_dma_unmap
  static final int DMA_UNMAP_BYTES = 24;
  static final int DMA_UNMAP_FLAGS = 4;
  static final int DMA_UNMAP_ADDRESS = 8;
  static final int DMA_UNMAP_SIZE = 16;
  static final int DMA_UNMAP_ALL = 1 << 1;

  // "VFIO_USER_DEVICE_GET_INFO"
  static final int DEVICE_INFO_BYTES = 16;
  static final int DEVICE_INFO_FLAGS = 4;
  static final int DEVICE_INFO_REGIONS = 8;
  static final int DEVICE_INFO_IRQS = 12;
  static final int DEVICE_RESETS = 1;
  static final int DEVICE_IS_PCI = 1 << 1;

  // "VFIO_USER_DEVICE_GET_REGION_INFO"
  static final int REGION_INFO_BYTES = 32;
  static final int REGION_INFO_FLAGS = 4;
  static final int REGION_INFO_INDEX = 8;
  static final int REGION_INFO_SIZE = 16;
  static final int REGION_READABLE = 1;
  static final int REGION_WRITABLE = 1 << 1;

  // "VFIO_USER_DEVICE_GET_REGION_IO_FDS"
  static final int REGION_IO_FDS_BYTES = 16;
  static final int REGION_IO_FDS_FLAGS = 4;
  static final int REGION_IO_FDS_INDEX = 8;
  static final int REGION_IO_FDS_COUNT = 12;

  // "VFIO_USER_DEVICE_GET_IRQ_INFO"
  static final int IRQ_INFO_BYTES = 16;
  static final int IRQ_INFO_FLAGS = 4;
  static final int IRQ_INFO_INDEX = 8;
  static final int IRQ_INFO_COUNT = 12;
  static final int IRQ_EVENTFD = 1;
  static final int IRQ_MASKABLE = 1 << 1;
  static final int IRQ_AUTOMASKED = 1 << 2;
  static final int IRQ_NORESIZE = 1 << 3;

  // "VFIO_USER_DEVICE_SET_IRQS"
  static final int SET_IRQS_BYTES = 20;
  static final int SET_IRQS_FLAGS = 4;
  static final int SET_IRQS_INDEX = 8;
  static final int SET_IRQS_START = 12;
  static final int SET_IRQS_COUNT = 16;
  static final int SET_IRQS_DATA = 20;
  static final int IRQ_DATA_NONE = 1;
  static final int IRQ_DATA_BOOL = 1 << 1;
  static final int IRQ_DATA_EVENTFD = 1 << 2;
  static final int IRQ_ACTION_MASK = 1 << 3;
  static final int IRQ_ACTION_UNMASK = 1 << 4;
  static final int IRQ_ACTION_TRIGGER = 1 << 5;

  // "VFIO_USER_REGION_READ", "VFIO_USER_REGION_WRITE"
  static final int REGION_RW_BYTES = 16;
  static final int REGION_RW_OFFSET = 0;
  static final int REGION_RW_REGION = 8;
  static final int REGION_RW_COUNT = 12;
  static final int REGION_RW_DATA = 16;

  // "VFIO_USER_REGION_WRITE_MULTI"
  static final int MULTI_COUNT = 0;
  static final int MULTI_WRITES = 8;
  static final int MULTI_WRITE_BYTES = 24;
  static final int MULTI_DATA_BYTES = 8;

  // Regions and interrupt types of a PCI device (linux/vfio.h, VFIO_PCI_*_INDEX)
  static final int REGION_BAR_0 = 0;
  static final int REGION_CONFIG = 7;
  static final int REGIONS = 9;
  static final int IRQ_INTX = 0;
  static final int IRQ_MSI = 1;
  static final int IRQ_MSIX = 2;
  static final int IRQ_ERROR = 3;
  static final int IRQ_RELEASE = 4;
  static final int IRQ_TYPES = 5;

  private VfioUserAbi() {}
}
