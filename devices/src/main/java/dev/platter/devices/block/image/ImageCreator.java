package dev.platter.devices.block.image;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.file.FileFacts;
import dev.platter.aio.file.FileHandle;
import dev.platter.aio.file.IoReason;
import dev.platter.aio.file.PathLimits;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.UUID;
import java.util.function.LongConsumer;

/**
 * Makes raw images. An image that could not be finished, for whatever reason, leaves nothing
 * behind; one that replaces another does so at once and at the end.
 */
public final class ImageCreator {
  /** A disk's size is a multiple of this. */
  public static final int SECTOR_BYTES = 512;

  /** The largest size: 48-bit sector numbers, as ATA has them (ACS-4, 4.1.2), reach 128 PiB. */
  public static final long MAX_BYTES = SECTOR_BYTES * (1L << 48);

  /** What to do where an image is not there. */
  public static final String IF_MISSING = "Check the path; platter image create makes a new image";

  private static final int CHUNK_BYTES = 1 << 20;
  // No file system asks for more than this of O_DIRECT buffers.
  private static final int BUFFER_ALIGNMENT = 64 << 10;

  private final String path;
  private final long sizeBytes;
  private final Preallocation preallocation;
  private final LongConsumer progress;

  private ImageCreator(
      String path, long sizeBytes, Preallocation preallocation, LongConsumer progress) {
    this.path = path;
    this.sizeBytes = sizeBytes;
    this.preallocation = preallocation;
    this.progress = progress;
  }

  /**
   * Creates an image and returns once its contents are on stable storage.
   *
   * @param sizeBytes its size, a positive multiple of {@link #SECTOR_BYTES} up to {@link
   *     #MAX_BYTES}
   * @param force whether to replace a regular file of that name that nobody has locked
   * @param progress told how many bytes are written so far, with {@link Preallocation#FULL}
   * @throws PlatterException of kind BAD_INPUT for a bad size or path or a file that may not be
   *     replaced, FAILED for lack of space or an I/O error
   */
  public static void create(
      String path,
      long sizeBytes,
      Preallocation preallocation,
      boolean force,
      LongConsumer progress) {
    checkSize(sizeBytes);
    new ImageCreator(path, sizeBytes, preallocation, progress).create(force);
  }

  private static void checkSize(long sizeBytes) {
    if (sizeBytes <= 0 || sizeBytes % SECTOR_BYTES != 0) {
      throw PlatterException.badInput(
          "an image of " + sizeBytes + " bytes cannot be: a disk has whole sectors of 512 bytes",
          "Give a positive multiple of 512 as size, such as 1G");
    }
    if (sizeBytes > MAX_BYTES) {
      throw PlatterException.badInput(
          "an image of "
              + sizeBytes
              + " bytes cannot be: the most that a disk can address is "
              + MAX_BYTES,
          "Give a smaller size");
    }
  }

  private void create(boolean force) {
    Path target = target();
    if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      checkSpace(target);
      try (PendingFile file = PendingFile.create(target)) {
        fill(file.handle());
        file.keep();
      }
    } else if (force) {
      replace(target);
    } else {
      throw PlatterException.badInput(
          "cannot create " + path + ": it exists", "Choose another path, or pass --force");
    }
  }

  private Path target() {
    PathLimits.check(path);
    Path target;
    try {
      target = Path.of(path).toAbsolutePath();
    } catch (InvalidPathException e) {
      throw PlatterException.badInput("cannot create an image: " + e.getMessage(), null);
    }
    Path directory = target.getParent();
    if (directory == null || !Files.isDirectory(directory)) {
      throw PlatterException.badInput(
          "cannot create " + path + ": there is no directory " + directory,
          "Create the directory first: mkdir -p " + directory);
    }
    return target;
  }

  private void replace(Path target) {
    if (!Files.isRegularFile(target)) {
      throw PlatterException.badInput(
          "cannot replace " + path + ": it is not a regular file",
          "Name a file; --force never replaces directories, devices or dangling links");
    }
    try {
      // A link to an image stays a link to it.
      Path real = target.toRealPath();
      try (FileHandle old = FileHandle.open(real.toString(), true, false)) {
        if (old.facts().type() != FileFacts.Type.REGULAR) {
          throw PlatterException.badInput("cannot replace " + path + ": it changed just now", null);
        }
        old.lock(true); // kept until the new image has the name
        checkSpace(real);
        // Not its name and more: that may already be as long as names can be. And no PID: a
        // killed process leaves the file, and in a container the next one has the same PID.
        String name = ".platter-" + UUID.randomUUID() + ".new";
        try (PendingFile file = PendingFile.create(real.resolveSibling(name))) {
          Files.setPosixFilePermissions(
              real.resolveSibling(name), Files.getPosixFilePermissions(real));
          fill(file.handle());
          file.keepAs(real);
        }
      }
    } catch (IOException e) {
      throw new PlatterException(
          PlatterException.Kind.FAILED, "cannot replace " + path + ": " + IoReason.of(e), null, e);
    }
  }

  /** Spares the file system from being filled up only to find that the image does not fit. */
  private void checkSpace(Path target) {
    if (preallocation == Preallocation.OFF) {
      return;
    }
    long free;
    try {
      free = Files.getFileStore(target.resolveSibling(".")).getUsableSpace();
    } catch (IOException e) {
      return; // the allocation itself will tell
    }
    if (free < sizeBytes) {
      throw noSpace(" (" + free + " are free)");
    }
  }

  private PlatterException noSpace(String detail) {
    return PlatterException.failed(
        "cannot create " + path + ": no space left for " + sizeBytes + " bytes" + detail,
        "Free some space, give a smaller size, or make it sparse with --preallocation off");
  }

  private void fill(FileHandle file) {
    file.lock(true);
    switch (preallocation) {
      case OFF -> truncate(file);
      case FALLOC -> reserve(file, 0);
      case FALLOC_KEEP_SIZE -> {
        reserve(file, LinuxAbi.FALLOC_FL_KEEP_SIZE);
        truncate(file);
      }
      case FULL -> {
        // In few, long extents, and without space it fails now rather than at the end.
        int result = fallocate(file, 0);
        if (result < 0 && result != -Errno.EOPNOTSUPP) {
          throw failed(result);
        }
        writeZeroes(file);
      }
    }
    check(Libc.fsync(file.fd()));
  }

  private void truncate(FileHandle file) {
    check(Libc.ftruncate(file.fd(), sizeBytes));
  }

  private void reserve(FileHandle file, int mode) {
    int result = fallocate(file, mode);
    if (result == -Errno.EOPNOTSUPP) {
      throw PlatterException.badInput(
          "cannot create "
              + path
              + ": its file system ("
              + file.facts().filesystem()
              + ") cannot preallocate",
          "Use --preallocation full or off");
    }
    check(result);
  }

  private int fallocate(FileHandle file, int mode) {
    int result;
    do {
      result = Libc.fallocate(file.fd(), mode, 0, sizeBytes);
    } while (result == -Errno.EINTR);
    return result;
  }

  private void writeZeroes(FileHandle file) {
    boolean direct = Libc.fcntl(file.fd(), LinuxAbi.F_SETFL, LinuxAbi.O_DIRECT) >= 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment zeroes = arena.allocate(CHUNK_BYTES, BUFFER_ALIGNMENT);
      long done = 0;
      while (done < sizeBytes) {
        long length = Math.min(CHUNK_BYTES, sizeBytes - done);
        long result = Libc.pwrite(file.fd(), zeroes.address(), length, done);
        if (result == -Errno.EINVAL && direct) {
          // The last piece may be shorter than O_DIRECT takes here.
          check(Libc.fcntl(file.fd(), LinuxAbi.F_SETFL, 0));
          direct = false;
        } else if (result != -Errno.EINTR) {
          check(result);
          done += result;
          progress.accept(done);
        }
      }
    }
  }

  private void check(long result) {
    if (result < 0) {
      throw failed(result);
    }
  }

  private PlatterException failed(long result) {
    return explained(result).at(path, (int) -result);
  }

  private PlatterException explained(long result) {
    return switch ((int) -result) {
      case Errno.ENOSPC -> noSpace("");
      case Errno.EDQUOT -> noSpace(" within the quota");
      case Errno.EFBIG ->
          PlatterException.badInput(
              "cannot create "
                  + path
                  + ": "
                  + sizeBytes
                  + " bytes are more than its file system or the process's limit (ulimit -f)"
                  + " allows",
              "Give a smaller size, or use another file system");
      default ->
          PlatterException.failed("cannot create " + path + ": " + Errno.name((int) result), null);
    };
  }
}
