package dev.platter.aio.file;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What statx(2) and friends say about an open file.
 *
 * @param type regular file, block device or something else
 * @param sizeBytes its size; of the device, for a block device
 * @param allocatedBytes bytes of storage allocated to it; 0 for a block device
 * @param deviceMajor device that the file lies on
 * @param deviceMinor device that the file lies on
 * @param inode its inode number
 * @param directMemoryAlignment alignment of buffers for O_DIRECT in bytes, 0 if unknown
 * @param directOffsetAlignment alignment of offsets and lengths for O_DIRECT in bytes, 0 if unknown
 * @param directReported whether the kernel reports these two alignments (STATX_DIOALIGN, Linux 6.1)
 * @param filesystem the file system's usual name, or its magic number in hex
 */
public record FileFacts(
    Type type,
    long sizeBytes,
    long allocatedBytes,
    int deviceMajor,
    int deviceMinor,
    long inode,
    int directMemoryAlignment,
    int directOffsetAlignment,
    boolean directReported,
    String filesystem) {

  /** Kinds of file that matter here. */
  public enum Type {
    REGULAR,
    BLOCK_DEVICE,
    DIRECTORY,
    OTHER
  }

  /**
   * Asks the kernel about an open descriptor.
   *
   * @throws IllegalStateException if even statx fails: the descriptor is not one
   */
  static FileFacts of(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment statx = arena.allocate(LinuxAbi.STATX_SIZE_OF, 8);
      int mask = LinuxAbi.STATX_BASIC_STATS | LinuxAbi.STATX_DIOALIGN;
      int result = Libc.statx(fd, LinuxAbi.AT_EMPTY_PATH, mask, statx);
      if (result < 0) {
        throw new IllegalStateException("statx on an open descriptor: " + result);
      }
      Type type = type(statx.get(JAVA_SHORT, LinuxAbi.STATX_MODE) & LinuxAbi.S_IFMT);
      boolean block = type == Type.BLOCK_DEVICE;
      boolean told = (statx.get(JAVA_INT, LinuxAbi.STATX_MASK) & LinuxAbi.STATX_DIOALIGN) != 0;
      return new FileFacts(
          type,
          block ? blockDeviceSize(fd, arena) : statx.get(JAVA_LONG, LinuxAbi.STATX_SIZE),
          block ? 0 : statx.get(JAVA_LONG, LinuxAbi.STATX_BLOCKS) * 512,
          statx.get(JAVA_INT, block ? LinuxAbi.STATX_RDEV_MAJOR : LinuxAbi.STATX_DEV_MAJOR),
          statx.get(JAVA_INT, block ? LinuxAbi.STATX_RDEV_MINOR : LinuxAbi.STATX_DEV_MINOR),
          statx.get(JAVA_LONG, LinuxAbi.STATX_INO),
          told ? statx.get(JAVA_INT, LinuxAbi.STATX_DIO_MEM_ALIGN) : 0,
          told ? statx.get(JAVA_INT, LinuxAbi.STATX_DIO_OFFSET_ALIGN) : 0,
          told,
          filesystem(fd, arena));
    }
  }

  private static Type type(int format) {
    return switch (format) {
      case LinuxAbi.S_IFREG -> Type.REGULAR;
      case LinuxAbi.S_IFBLK -> Type.BLOCK_DEVICE;
      case LinuxAbi.S_IFDIR -> Type.DIRECTORY;
      default -> Type.OTHER;
    };
  }

  private static long blockDeviceSize(int fd, Arena arena) {
    MemorySegment size = arena.allocate(JAVA_LONG);
    return Libc.ioctl(fd, LinuxAbi.BLKGETSIZE64, size.address()) < 0 ? 0 : size.get(JAVA_LONG, 0);
  }

  private static String filesystem(int fd, Arena arena) {
    MemorySegment statfs = arena.allocate(LinuxAbi.STATFS_SIZE_OF, 8);
    if (Libc.fstatfs(fd, statfs) < 0) {
      return "unknown";
    }
    long magic = statfs.get(JAVA_LONG, LinuxAbi.STATFS_TYPE);
    // linux/magic.h
    return switch ((int) magic) {
      case 0xEF53 -> "ext4";
      case 0x58465342 -> "xfs";
      case 0x9123683E -> "btrfs";
      case 0x01021994 -> "tmpfs";
      case 0x794c7630 -> "overlayfs";
      case 0xF2F52010 -> "f2fs";
      case 0x2FC12FC1 -> "zfs";
      case 0x6969 -> "nfs";
      case 0x65735546 -> "fuse";
      case 0x858458f6 -> "ramfs";
      case 0x9fa0 -> "proc";
      case 0x62656572 -> "sysfs";
      default -> "0x" + Long.toHexString(magic);
    };
  }
}
