package dev.platter.aio.file;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file that is locked as long as the process lives that has made it, also when that executes
 * another program, if it hands the descriptor on. Whoever sees the file can tell, also in another
 * container; process ids could not.
 */
public final class LifeLock {
  private LifeLock() {}

  /**
   * Makes the file, locked before it has its name.
   *
   * @return a descriptor, which is never closed: its lock goes with the process
   * @throws IOException if it cannot be made
   */
  public static int make(Path file) throws IOException {
    Path unlocked = file.resolveSibling(file.getFileName() + ".new");
    int flags = LinuxAbi.O_RDWR | LinuxAbi.O_CREAT | LinuxAbi.O_EXCL | LinuxAbi.O_CLOEXEC;
    int fd = Libc.open(unlocked.toString(), flags, 0600);
    if (fd < 0) {
      throw new IOException("cannot make " + unlocked + ": " + Errno.name(fd));
    }
    int result = OfdLock.tryLock(fd, true, 0, 1);
    if (result < 0) {
      Libc.close(fd);
      throw new IOException("cannot lock " + unlocked + ": " + Errno.name(result));
    }
    Files.move(unlocked, file);
    return fd;
  }

  /** Whether there is such a file, and who has made it is gone. */
  public static boolean isLeft(Path file) {
    int fd = Libc.open(file.toString(), LinuxAbi.O_RDWR | LinuxAbi.O_CLOEXEC, 0);
    if (fd < 0) {
      return false;
    }
    boolean left = OfdLock.tryLock(fd, true, 0, 1) == 0;
    Libc.close(fd);
    return left;
  }
}
