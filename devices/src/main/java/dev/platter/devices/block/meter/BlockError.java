package dev.platter.devices.block.meter;

import dev.platter.aio.sys.Errno;
import java.util.Locale;

/** Why a request failed, in kinds that call for different action. */
public enum BlockError {
  /** The disk below could not do it, or the image was cut short. */
  IO,
  /** The file system or its quota is full. */
  NO_SPACE,
  /** A write to an image that is served read-only. */
  READ_ONLY,
  /** A guest asked for something outside the disk or not in whole blocks. */
  INVALID,
  /** Taken back because the loop ended. */
  CANCELLED,
  /** Anything else: no memory, guest memory that went away, a kernel that lacks an operation. */
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
   * Whether the host cannot or will not do something, as opposed to that it has tried and failed.
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
   * Whether what had completed before may be lost, after a call that was to make something stable
   * has failed (ADR 021).
   *
   * @param result {@code -errno}
   * @param write whether it was a write that is to be stable at once, and not a flush
   * @param throughCache whether the write may have failed for an earlier one in the host's cache
   */
  public static boolean isLoss(int result, boolean write, boolean throughCache) {
    return switch (-result) {
      case Errno.EINTR, Errno.EAGAIN, Errno.ECANCELED -> false;
      // Past the page cache it is the write itself that found no room, before anything was sent to
      // the disk; in the page cache it may be what an earlier one was promised.
      case Errno.ENOSPC, Errno.EDQUOT, Errno.EFBIG -> !write || throughCache;
      case Errno.EINVAL -> !write;
      default -> true;
    };
  }

  /** As metrics and reports name it, for example {@code no_space}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
