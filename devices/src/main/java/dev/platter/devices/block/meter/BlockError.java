package dev.platter.devices.block.meter;

import dev.platter.aio.sys.Errno;
import java.util.Locale;

/** The kinds of a request's failure; each calls for a different action. */
public enum BlockError {
  /** The disk below has failed, or the image was cut short. */
  IO,
  /** The file system or its quota is full. */
  NO_SPACE,
  /** A write to an image that is served read-only. */
  READ_ONLY,
  /** The request lies outside the disk or not in whole blocks. */
  INVALID,
  /** The request was cancelled because the loop ended. */
  CANCELLED,
  /**
   * Any other failure: no memory, guest memory that went away, a kernel that lacks an operation.
   */
  OTHER;

  /**
   * The kind of a failed request's result.
   *
   * @param result {@code -errno}
   */
  static BlockError of(int result) {
    return switch (-result) {
      case Errno.EIO, Errno.ENXIO, Errno.ENODEV, Errno.ETIMEDOUT -> IO;
      case Errno.ENOSPC, Errno.EDQUOT, Errno.EFBIG -> NO_SPACE;
      case Errno.EROFS -> READ_ONLY;
      case Errno.EINVAL -> INVALID;
      case Errno.ECANCELED -> CANCELLED;
      default -> OTHER;
    };
  }

  /**
   * Whether the host has refused an operation, rather than tried it and failed.
   *
   * @param result {@code -errno}
   */
  public static boolean isRefusal(int result) {
    return switch (-result) {
      case Errno.EOPNOTSUPP,
          Errno.ENOSYS,
          Errno.ENOTTY,
          Errno.EINVAL,
          Errno.ENOSPC,
          Errno.EDQUOT,
          Errno.EFBIG,
          Errno.EPERM,
          Errno.EACCES,
          Errno.ETXTBSY ->
          true;
      default -> false;
    };
  }

  /**
   * Whether writes that had completed may be lost, after a flush or a stable write has failed (ADR
   * 021).
   *
   * @param result {@code -errno}
   * @param write whether it was a stable write, and not a flush
   * @param throughCache whether the host's page cache holds earlier writes, whose failure this may
   *     be
   */
  public static boolean isLoss(int result, boolean write, boolean throughCache) {
    return switch (-result) {
      case Errno.EINTR, Errno.EAGAIN, Errno.ECANCELED -> false;
      // With O_DIRECT, the write itself found no room, and nothing was sent to the disk; through
      // the page cache, an earlier write may have lost its room.
      case Errno.ENOSPC, Errno.EDQUOT, Errno.EFBIG -> !write || throughCache;
      case Errno.EINVAL -> !write;
      default -> true;
    };
  }

  /** The name in metrics and reports, for example {@code no_space}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
