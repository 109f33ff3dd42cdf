package dev.platter.aio.file;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * An open file and its descriptor. Errors of opening are told as {@link PlatterException} of kind
 * BAD_INPUT, with the path and a remedy.
 */
public final class FileHandle implements AutoCloseable {
  private static final String CHECK_PATH = "Check the path, and the directory you are in";
  private static final int CLAIM_LOOKS = 100;
  private static final long CLAIM_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private final String path;
  private final int fd;
  private final boolean direct;
  private @Nullable FileLock lock;
  private boolean closed;

  private FileHandle(String path, int fd, boolean direct) {
    this.path = path;
    this.fd = fd;
    this.direct = direct;
  }

  /**
   * Opens an existing file.
   *
   * @param writable for reading and writing, or for reading only
   * @param direct with O_DIRECT
   * @throws PlatterException if it cannot be
   */
  public static FileHandle open(String path, boolean writable, boolean direct) {
    return open(path, writable, direct, CHECK_PATH);
  }

  /**
   * Opens an existing file.
   *
   * @param ifMissing what to do if there is none
   * @throws PlatterException if it cannot be
   */
  public static FileHandle open(String path, boolean writable, boolean direct, String ifMissing) {
    checkText(path);
    int fd = tryOpen(path, writable, direct);
    if (fd < 0) {
      throw refused(path, -fd, writable, direct, ifMissing);
    }
    return opened(path, fd, writable, direct);
  }

  /**
   * Opens an existing file and locks it, as {@link #open} and {@link #lock(boolean, String,
   * LockTimeout)} do. A writer also claims a block device (O_EXCL). Requests in flight of a dead
   * writer keep that claim, and this method waits for the claim as it waits for the lock.
   *
   * @param place as there
   * @throws PlatterException as they do
   */
  public static FileHandle openLocked(
      String path, boolean writable, boolean direct, String place, LockTimeout timeout) {
    checkText(path);
    int fd = tryOpen(path, writable, direct);
    if (fd == -Errno.EBUSY) {
      try (FileHandle users = open(path, false, direct)) {
        boolean locked = OfdLock.locked(users.fd) != LinuxAbi.F_UNLCK;
        users.lock(false, place, timeout);
        fd = tryOpen(path, writable, direct);
        if (locked && fd == -Errno.EBUSY) {
          fd = awaitClaim(path, writable, direct, timeout);
        }
      }
    }
    FileHandle file = opened(path, fd, writable, direct);
    try {
      file.lock(writable, place, timeout);
      return file;
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /**
   * Waits for the claim of a dead user whose lock has gone. The kernel gives the claim up after the
   * lock, once it has written the page cache to the disk, which may take long.
   */
  private static int awaitClaim(
      String path, boolean writable, boolean direct, LockTimeout timeout) {
    int fd = -Errno.EBUSY;
    for (int i = 0; fd == -Errno.EBUSY && i < CLAIM_LOOKS; i++) {
      LockSupport.parkNanos(CLAIM_LOOK_NANOS);
      fd = tryOpen(path, writable, direct);
    }
    LockTimeout.Wait wait = timeout.forFile(path);
    while (fd == -Errno.EBUSY && timeout.nanos() > 0) {
      if (!wait.pause()) {
        throw PlatterException.failed(
            path + " is still claimed by a process that has ended, or by one that cannot be seen",
            "Look at the disk under it, then start again");
      }
      fd = tryOpen(path, writable, direct);
    }
    wait.locked();
    return fd;
  }

  /**
   * Opens an existing file to find out whether {@link #openLocked} could open it, whoever has it
   * locked. A block device that another process has claimed and locked is opened for reading.
   *
   * @throws PlatterException if it could not be opened
   */
  public static FileHandle openToLook(String path, boolean writable, boolean direct) {
    checkText(path);
    int fd = tryOpen(path, writable, direct);
    if (fd == -Errno.EBUSY) {
      FileHandle users = open(path, false, direct);
      if (OfdLock.locked(users.fd) != LinuxAbi.F_UNLCK) {
        return users;
      }
      users.close();
    }
    return opened(path, fd, writable, direct);
  }

  private static FileHandle opened(String path, int fd, boolean writable, boolean direct) {
    if (fd < 0) {
      throw refused(path, -fd, writable, direct, CHECK_PATH);
    }
    Libc.fcntl(fd, LinuxAbi.F_SETFL, direct ? LinuxAbi.O_DIRECT : 0);
    return new FileHandle(path, fd, direct);
  }

  private static int tryOpen(String path, boolean writable, boolean direct) {
    // EXCL without CREAT: the kernel refuses a block device that is mounted, and ignores the flag
    // for other files.
    int mode = writable ? LinuxAbi.O_RDWR | LinuxAbi.O_EXCL : LinuxAbi.O_RDONLY;
    int flags = mode | LinuxAbi.O_CLOEXEC | LinuxAbi.O_NOCTTY;
    // NONBLOCK: opening a FIFO by mistake must fail the type check, not hang.
    return Libc.open(path, flags | LinuxAbi.O_NONBLOCK | (direct ? LinuxAbi.O_DIRECT : 0), 0);
  }

  /**
   * Finds a file without opening it for reading or writing (O_PATH): for its facts, and to name it
   * to the kernel. Follows links. Devices and FIFOs do not notice it.
   *
   * @throws PlatterException if it cannot be found
   */
  public static FileHandle locate(String path) {
    return locate(path, CHECK_PATH);
  }

  /**
   * Finds a file as {@link #locate(String)} does.
   *
   * @param ifMissing what to do if there is none
   * @throws PlatterException if it cannot be found
   */
  public static FileHandle locate(String path, String ifMissing) {
    checkText(path);
    int fd = Libc.open(path, LinuxAbi.O_PATH | LinuxAbi.O_CLOEXEC, 0);
    if (fd < 0) {
      throw refused(path, -fd, false, false, ifMissing);
    }
    return new FileHandle(path, fd, false);
  }

  /**
   * Creates a file that must not exist, for reading and writing.
   *
   * @throws PlatterException if it cannot be created, also if it exists
   */
  public static FileHandle create(String path) {
    checkText(path);
    int flags = LinuxAbi.O_RDWR | LinuxAbi.O_CREAT | LinuxAbi.O_EXCL | LinuxAbi.O_CLOEXEC;
    int fd = Libc.open(path, flags, 0644);
    if (fd < 0) {
      throw refused(path, -fd, true, false, CHECK_PATH);
    }
    return new FileHandle(path, fd, false);
  }

  /** Refuses a zero in a path: the kernel would stop reading there, and open another file. */
  private static void checkText(String path) {
    if (path.indexOf('\0') >= 0) {
      throw PlatterException.badInput(
          "cannot open a path with a zero character in it: " + path.replace('\0', '?'),
          "Check where the path comes from");
    }
    PathLimits.check(path);
  }

  private static PlatterException refused(
      String path, int errno, boolean writable, boolean direct, String ifMissing) {
    return explained(path, errno, writable, direct, ifMissing).at(path, errno);
  }

  private static PlatterException explained(
      String path, int errno, boolean writable, boolean direct, String ifMissing) {
    String what = "cannot open " + path + ": ";
    return switch (errno) {
      case Errno.ENOENT, Errno.ENOTDIR ->
          PlatterException.badInput(what + "no such file", ifMissing);
      case Errno.EACCES, Errno.EPERM ->
          PlatterException.badInput(
              what + "permission denied" + (writable ? " for writing" : ""),
              "Check the owner and mode of the file and its directories");
      case Errno.ELOOP ->
          PlatterException.badInput(
              what + "its symbolic links lead in a circle, or too far",
              "See where they lead: namei -l " + path);
      case Errno.ENAMETOOLONG ->
          PlatterException.badInput(
              what + "the name is too long for its file system", "Use a shorter name");
      case Errno.EISDIR ->
          PlatterException.badInput(what + "it is a directory", "Name an image file");
      case Errno.EROFS ->
          PlatterException.badInput(
              what + "the file system is read-only",
              "Remount it writable, or use the image read-only");
      case Errno.EBUSY ->
          PlatterException.badInput(
              what + "the device is in use", "Unmount it, or stop what uses it: lsblk, fuser -v");
      case Errno.ETXTBSY -> PlatterException.badInput(what + "it is being executed", null);
      case Errno.EEXIST ->
          PlatterException.badInput(what + "it exists", "Choose another path, or pass --force");
      case Errno.ENOSPC, Errno.EDQUOT ->
          PlatterException.failed(what + "no space left", "Free some space");
      case Errno.EMFILE ->
          PlatterException.hostLacks(what + "too many open files", "Raise it: ulimit -n 4096");
      case Errno.EINVAL ->
          direct
              ? PlatterException.badInput(
                  what + "its file system has no O_DIRECT",
                  "Use the cache mode writeback, or put the image on ext4, xfs or btrfs")
              : PlatterException.badInput(what + "invalid path", null);
      default -> PlatterException.badInput(what + Errno.name(errno), null);
    };
  }

  /** What the file is now. */
  public FileFacts facts() {
    return FileFacts.of(fd);
  }

  /**
   * Locks the file until it is closed and all requests on it are done: exclusively for writers,
   * shared for readers. Never waits.
   *
   * @throws PlatterException of kind BAD_INPUT, naming the holders if they can be seen
   */
  public void lock(boolean exclusive) {
    lock(exclusive, "", LockTimeout.noWait());
  }

  /**
   * Locks the file as {@link #lock(boolean)} does, but waits for requests of processes that have
   * died: such a request holds a lock as long as it is in flight.
   *
   * @param place the socket where guests reach the disk. The next reader at the same place waits
   *     for the requests of the last reader, which may write to the guest's memory; readers at
   *     other places share the lock
   * @throws PlatterException of kind BAD_INPUT if a living process has it locked; of kind FAILED if
   *     the wait takes longer than {@code timeout}
   */
  public void lock(boolean exclusive, String place, LockTimeout timeout) {
    if (lock != null) {
      lock.close();
    }
    lock = FileLock.acquire(this, exclusive, place, timeout, LockHolders::of);
  }

  /**
   * Finds out whether {@link #lock(boolean, String, LockTimeout)} would be refused. Takes no lock
   * and waits for none.
   *
   * @return whether that method would wait
   * @throws PlatterException if the lock would be refused
   */
  public boolean examineLock(boolean exclusive, String place, LockTimeout timeout) {
    return FileLock.examine(this, exclusive, place, timeout);
  }

  /**
   * Whether a Platter process has the file locked through another descriptor, exclusively or
   * shared.
   */
  public boolean isUsedByPlatter() {
    return FileLock.isUsedByPlatter(this);
  }

  /**
   * The other holders of a lock on the file, in words: names of processes that this user may see.
   * Empty only if there is no other lock.
   */
  public List<String> lockHolders() {
    return LockHolders.orHidden(LockHolders.of(facts()), OfdLock.locked(fd));
  }

  /** Its descriptor. */
  public int fd() {
    return fd;
  }

  /** The path it was opened with. */
  public String path() {
    return path;
  }

  /** Whether it was opened with O_DIRECT. */
  public boolean direct() {
    return direct;
  }

  /** Closes the descriptor, and with it the lock. Idempotent. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      if (lock != null) {
        lock.close();
      }
      Libc.close(fd);
    }
  }
}
