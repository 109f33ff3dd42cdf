package dev.platter.aio.file;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A file that stays locked as long as the process that made it lives, also after an exec that
 * inherits the descriptor. Any process that sees the file can tell whether its maker lives, also in
 * another container, where process ids mean nothing.
 *
 * <p>A file without a lock is left over, also if its maker was killed before it could lock the
 * file. A living maker may lose a file that it has not locked yet. A process that removes a file
 * holds its lock meanwhile, so the maker notices: it gets the lock later or not at all.
 */
public final class LifeLock {
  private LifeLock() {}

  /**
   * Makes the file.
   *
   * @return a descriptor, which stays open: the kernel drops its lock when the process ends
   * @throws NoSuchFileException if another process took the file or its directory for left over and
   *     removes it; the caller can make another
   * @throws IOException if it cannot be made or locked
   */
  public static int make(Path file) throws IOException {
    int flags = LinuxAbi.O_RDWR | LinuxAbi.O_CREAT | LinuxAbi.O_EXCL | LinuxAbi.O_CLOEXEC;
    int fd = Libc.open(file.toString(), flags, 0600);
    if (fd < 0) {
      throw fd == -Errno.ENOENT
          ? new NoSuchFileException(file.toString())
          : new IOException("cannot make " + file + ": " + Errno.name(fd));
    }
    int result = lock(fd);
    if (result == 0 && Files.exists(file)) {
      return fd;
    }
    Libc.close(fd);
    throw result == 0 || result == -Errno.EAGAIN || result == -Errno.EACCES
        ? new NoSuchFileException(file.toString())
        : new IOException("cannot lock " + file + ": " + Errno.name(result));
  }

  private static int lock(int fd) {
    return OfdLock.tryLock(fd, true, 0, 1);
  }

  /**
   * Takes over a file whose maker is gone, so that the caller can remove the file and the things it
   * stands for.
   *
   * @return a descriptor that holds the lock, which the caller closes after it has removed the
   *     file; negative if there is no such file, or its maker lives
   */
  public static int takeOver(Path file) {
    int fd = Libc.open(file.toString(), LinuxAbi.O_RDWR | LinuxAbi.O_CLOEXEC, 0);
    if (fd >= 0 && lock(fd) < 0) {
      Libc.close(fd);
      return -1;
    }
    return fd;
  }
}
