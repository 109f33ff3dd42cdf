package dev.platter.aio.file;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A file that is locked as long as the process lives that has made it, also when that executes
 * another program, if it hands the descriptor on. Whoever sees the file can tell, also in another
 * container; process ids could not.
 *
 * <p>A file that is not locked is left over, also if its maker was killed before it could lock it.
 * A maker who lives may lose a file that it has not locked yet: whoever removes one has its lock
 * meanwhile, so that its maker, who gets the lock later or not at all, finds out.
 */
public final class LifeLock {
  private LifeLock() {}

  /**
   * Makes the file.
   *
   * @return a descriptor, which is never closed: its lock goes with the process
   * @throws NoSuchFileException if somebody took the file, or the directory around it, for left
   *     over, and removes it; another one can be made
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
   * Takes over a file whose maker is gone, to remove it and what it stands for.
   *
   * @return a descriptor that has its lock, to be closed when the file is removed; negative if
   *     there is no such file, or its maker lives
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
