package dev.platter.devices.block.image;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.file.FileFacts;
import dev.platter.aio.file.FileHandle;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes an open image larger. Space is reserved behind the end of the file first, and the size is
 * set last: whoever looks meanwhile finds the old size, and so does a failure, unless it is that
 * the new size could not be made stable.
 */
public final class ImageGrowth {
  private final FileHandle file;
  private final int unitBytes;
  private final IntSupplier sync;

  /**
   * Prepares.
   *
   * @param unitBytes what its size is a multiple of
   * @param sync makes the file stable: 0 or {@code -errno}. The image's own, since the kernel tells
   *     a failure only once
   */
  public ImageGrowth(FileHandle file, int unitBytes, IntSupplier sync) {
    this.file = file;
    this.unitBytes = unitBytes;
    this.sync = sync;
  }

  /**
   * Grows it; returns once the new size is on stable storage. Never shrinks.
   *
   * @param bytes the new size
   * @param wanted OFF or FALLOC; null for FALLOC if the image has no hole, else OFF
   * @return how it was really done
   * @throws PlatterException if it cannot be; it has its old size then, or if the message says so
   *     its new one
   */
  public Preallocation to(long bytes, @Nullable Preallocation wanted) {
    FileFacts facts = file.facts();
    check(facts, bytes);
    if (wanted != null && wanted != Preallocation.OFF && wanted != Preallocation.FALLOC) {
      throw PlatterException.badInput(
          "an image cannot be grown with preallocation " + wanted, "One of off, falloc");
    }
    Preallocation how = wanted == null ? asItIs(facts) : wanted;
    if (bytes > facts.sizeBytes()) {
      if (how == Preallocation.FALLOC) {
        how = reserve(facts.sizeBytes(), bytes, wanted != null);
      }
      try {
        setSize(facts.sizeBytes(), bytes);
      } catch (PlatterException e) {
        if (how == Preallocation.FALLOC) {
          release(facts.sizeBytes());
        }
        throw e;
      }
    }
    int result = sync.getAsInt();
    if (result < 0) {
      throw PlatterException.failed(
              file.path()
                  + " has its new size, but it could not be made stable: "
                  + Errno.name(result),
              "Look at the host's log for errors of the disk under it")
          .at(file.path(), -result);
    }
    return how;
  }

  /** Moves the end of the file, unless that is not where it was. */
  void setSize(long before, long bytes) {
    long now = file.facts().sizeBytes();
    if (now != before) {
      throw PlatterException.failed(
          "cannot grow "
              + file.path()
              + ": somebody else has changed its size meanwhile, from "
              + before
              + " to "
              + now
              + " bytes",
          "Look who that is; then ask again");
    }
    int result = retried(() -> Libc.ftruncate(file.fd(), bytes));
    if (result < 0) {
      throw failed(bytes, result);
    }
  }

  private void check(FileFacts facts, long bytes) {
    if (facts.type() == FileFacts.Type.BLOCK_DEVICE) {
      throw PlatterException.badInput(
          file.path() + " is a block device, which has the size that it has",
          "Grow the device itself (lvextend); the new size is seen by itself");
    }
    if (bytes < facts.sizeBytes()) {
      throw PlatterException.badInput(
          "cannot make "
              + file.path()
              + " smaller: it has "
              + facts.sizeBytes()
              + " bytes, and Platter never cuts an image short",
          "Give at least " + facts.sizeBytes() + "; copy into a smaller image to shrink a disk");
    }
    if (bytes % unitBytes != 0) {
      throw PlatterException.badInput(
          bytes + " bytes are no whole number of the blocks of " + file.path() + ": " + unitBytes,
          "Give a multiple of " + unitBytes + " as size, such as 1G");
    }
    if (bytes > ImageCreator.MAX_BYTES) {
      throw PlatterException.badInput(
          "an image of "
              + bytes
              + " bytes cannot be: the most that a disk can address is "
              + ImageCreator.MAX_BYTES,
          "Give a smaller size");
    }
  }

  private Preallocation asItIs(FileFacts facts) {
    boolean full =
        Extents.of(file, facts.sizeBytes())
            .map(extents -> extents.holeBytes() == 0)
            .orElseGet(() -> facts.allocatedBytes() >= facts.sizeBytes());
    return full ? Preallocation.FALLOC : Preallocation.OFF;
  }

  /** Reserves space behind the end; returns OFF if the file system cannot and need not. */
  private Preallocation reserve(long from, long to, boolean must) {
    checkSpace(from, to);
    int result =
        retried(() -> Libc.fallocate(file.fd(), LinuxAbi.FALLOC_FL_KEEP_SIZE, from, to - from));
    if (result == -Errno.EOPNOTSUPP) {
      if (must) {
        throw PlatterException.badInput(
            "cannot reserve space for "
                + file.path()
                + ": its file system ("
                + file.facts().filesystem()
                + ") cannot preallocate",
            "Grow it with preallocation off");
      }
      return Preallocation.OFF;
    }
    if (result < 0) {
      release(from);
      throw failed(to, result);
    }
    return Preallocation.FALLOC;
  }

  /** Before all that is left is taken from the other images only to find that it does not do. */
  private void checkSpace(long from, long to) {
    long free;
    try {
      free = Files.getFileStore(Path.of(file.path())).getUsableSpace();
    } catch (IOException e) {
      return; // the allocation itself will tell
    }
    if (free < to - from) {
      throw noSpace(to, " (" + free + " are free, " + (to - from) + " more are needed)");
    }
  }

  /** Gives back what was reserved behind the end, unless somebody has moved the end meanwhile. */
  private void release(long end) {
    if (file.facts().sizeBytes() == end) {
      Libc.ftruncate(file.fd(), end);
    }
  }

  private interface Call {
    int run();
  }

  private static int retried(Call call) {
    int result;
    do {
      result = call.run();
    } while (result == -Errno.EINTR);
    return result;
  }

  private PlatterException noSpace(long bytes, String detail) {
    return PlatterException.failed(
        "cannot grow " + file.path() + ": no space left for " + bytes + " bytes" + detail,
        "Free some space, give a smaller size, or grow it sparse with preallocation off");
  }

  private PlatterException failed(long bytes, int result) {
    return explained(bytes, result).at(file.path(), -result);
  }

  private PlatterException explained(long bytes, int result) {
    return switch (-result) {
      case Errno.ENOSPC -> noSpace(bytes, "");
      case Errno.EDQUOT -> noSpace(bytes, " within the quota");
      case Errno.EFBIG ->
          PlatterException.badInput(
              "cannot grow "
                  + file.path()
                  + ": "
                  + bytes
                  + " bytes are more than its file system or the process's limit (ulimit -f)"
                  + " allows",
              "Give a smaller size, or use another file system");
      default ->
          PlatterException.failed(
              "cannot grow " + file.path() + ": " + Errno.name(result), "It has its old size");
    };
  }
}
