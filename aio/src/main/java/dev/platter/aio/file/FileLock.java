package dev.platter.aio.file;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * The lock of an open file, which tells living users from the requests of dead processes (ADR 028).
 * A killed process may leave requests in flight; these hold the locks of the file description that
 * they use, and end by themselves.
 */
final class FileLock implements AutoCloseable {
  /** The result of an attempt to lock. */
  private enum Attempt {
    LOCKED,
    /** Another user holds a lock that excludes ours. */
    HELD,
    /** The lock would be shared with a dead user. */
    DEAD_USER
  }

  private final FileHandle file;
  private final Function<FileFacts, List<String>> holders;
  private int alive = -1;

  private FileLock(FileHandle file, Function<FileFacts, List<String>> holders) {
    this.file = file;
    this.holders = holders;
  }

  /**
   * Locks a file until both its description and this lock are closed.
   *
   * @param place the place that a reader serves; a reader waits for the requests of dead readers at
   *     the same place
   * @param holders searches all processes for holders of a lock, as {@link LockHolders#of} does.
   *     The search is slow, so it runs only when a lock is first found to be held and when the time
   *     is over
   * @throws PlatterException of kind BAD_INPUT if a living process has the lock; of kind FAILED if
   *     requests of a dead process hold it longer than {@code timeout}
   */
  static FileLock acquire(
      FileHandle file,
      boolean exclusive,
      String place,
      LockTimeout timeout,
      Function<FileFacts, List<String>> holders) {
    FileLock lock = new FileLock(file, holders);
    LockTimeout.Wait wait = timeout.forFile(file.path());
    boolean looked = false;
    Attempt attempt = lock.tryIt(exclusive, place);
    while (attempt != Attempt.LOCKED) {
      boolean look = attempt == Attempt.HELD && (!looked || lock.aPlatterLives());
      if (look) {
        looked = true;
        lock.refuseIfLiving();
      }
      if (!wait.pause()) {
        if (attempt == Attempt.HELD && !look) {
          lock.refuseIfLiving();
        }
        throw lock.stillHeld(timeout, wait);
      }
      attempt = lock.tryIt(exclusive, place);
    }
    try {
      lock.takeUsersBytes(place);
    } catch (RuntimeException e) {
      lock.close();
      throw e;
    }
    wait.locked();
    return lock;
  }

  /**
   * Finds out whether a lock would be refused; takes no lock and waits for none.
   *
   * @return whether the lock would have to wait for requests of the dead, or for a user that this
   *     process cannot see
   * @throws PlatterException of kind BAD_INPUT if a living process has the lock, or if {@code
   *     timeout} is 0 and the lock would have to wait; of kind FAILED if the file cannot be locked
   */
  static boolean examine(FileHandle file, boolean exclusive, String place, LockTimeout timeout) {
    FileLock look = new FileLock(file, LockHolders::of);
    int held = OfdLock.heldAgainst(file.fd(), exclusive);
    if (held == -Errno.EOPNOTSUPP) {
      return false;
    }
    if (held < 0) {
      throw look.failed(held);
    }
    if (held != 0) {
      look.refuseIfLiving();
    } else if (exclusive || !look.hasDeadUser(place)) {
      return false;
    }
    if (timeout.nanos() == 0) {
      throw look.stillHeld(timeout, timeout.forFile(file.path()));
    }
    return true;
  }

  /** Whether a Platter process has a file open and locked, exclusively or shared. */
  static boolean isUsedByPlatter(FileHandle file) {
    return OfdLock.find(file.fd(), LockBytes.allAlive(), LockBytes.USERS) >= LockBytes.allAlive();
  }

  private Attempt tryIt(boolean exclusive, String place) {
    int result = OfdLock.tryLock(file.fd(), exclusive, 0, LockBytes.IMAGE_LENGTH);
    if (result == -Errno.EAGAIN || result == -Errno.EACCES) {
      return Attempt.HELD;
    }
    if (result < 0 && result != -Errno.EOPNOTSUPP) {
      throw failed(result);
    }
    // A writer excludes all others, so nothing is left to wait for. A reader shares the lock, but
    // waits for a dead reader whose requests may still write into the memory of the same guest.
    boolean shares = exclusive || result < 0 || !hasDeadUser(place);
    return shares ? Attempt.LOCKED : Attempt.DEAD_USER;
  }

  private void refuseIfLiving() {
    List<String> living = holders.apply(file.facts());
    if (living.isEmpty()) {
      living = platters();
    }
    if (!living.isEmpty()) {
      throw PlatterException.badInput(
          file.path() + " is in use by " + String.join("; ", living),
          "Stop the other user of the image, or use another image");
    }
  }

  private boolean hasDeadUser(String place) {
    return deadUser(LockBytes.busy(place), LockBytes.USERS_OF_A_PLACE);
  }

  /** Whether a dead process whose byte is in a range has requests in flight. */
  private boolean deadUser(long start, long length) {
    long found = length <= 0 ? -1 : OfdLock.find(file.fd(), start, length);
    if (found < 0) {
      return false;
    }
    if (found < start) {
      return true; // a lock on more than users' bytes hides the users behind it
    }
    boolean dead =
        OfdLock.find(file.fd(), LockBytes.alive(found), 1) < 0
            || ProcessState.dying(LockBytes.pid(found));
    return dead
        || deadUser(start, found - start)
        || deadUser(found + 1, start + length - (found + 1));
  }

  private boolean aPlatterLives() {
    return !platters().isEmpty();
  }

  /**
   * Living Platter processes that have the file locked, in words; their bytes name them without a
   * search.
   */
  private List<String> platters() {
    List<String> living = new ArrayList<>();
    collectLiving(LockBytes.allAlive(), LockBytes.USERS, living);
    return living;
  }

  private void collectLiving(long start, long length, List<String> into) {
    long found = length <= 0 ? -1 : OfdLock.find(file.fd(), start, length);
    if (found < start) {
      return; // no lock, or a lock that names no process
    }
    long pid = LockBytes.pid(found);
    if (!ProcessState.dying(pid)) {
      into.add(
          ProcessState.visible(pid) ? "pid " + pid : "a platter whose process cannot be seen here");
    }
    collectLiving(start, found - start, into);
    collectLiving(found + 1, start + length - (found + 1), into);
  }

  private PlatterException stillHeld(LockTimeout timeout, LockTimeout.Wait wait) {
    String who = "requests of a process that has ended, or a process that cannot be seen here";
    if (wait.givenUp()) {
      return PlatterException.failed(
          "stopped while it waited for the lock of " + file.path() + ", held by " + who, null);
    }
    if (timeout.nanos() == 0) {
      return PlatterException.badInput(
          file.path() + " is in use by " + who,
          "Wait until the disk under it has answered, or stop the other user of the image");
    }
    return PlatterException.failed(
        file.path()
            + " was still locked after "
            + TimeUnit.NANOSECONDS.toMillis(timeout.nanos())
            + " ms by "
            + who,
        "Look at the disk under it, then start again");
  }

  private void takeUsersBytes(String place) {
    long busy = LockBytes.ownBusy(place);
    alive = Libc.open("/proc/self/fd/" + file.fd(), LinuxAbi.O_RDONLY | LinuxAbi.O_CLOEXEC, 0);
    if (alive < 0) {
      throw PlatterException.hostLacks(
              "cannot open " + file.path() + " a second time: " + Errno.name(alive), "Mount /proc")
          .at(file.path(), -alive);
    }
    // The byte of life comes first: a process that finds a busy byte looks for the byte of life.
    lockByte(alive, LockBytes.alive(busy));
    lockByte(file.fd(), busy);
  }

  private void lockByte(int fd, long at) {
    int result = OfdLock.tryLock(fd, false, at, 1);
    if (result < 0 && result != -Errno.EOPNOTSUPP) {
      throw failed(result);
    }
  }

  private PlatterException failed(int result) {
    return failure(file.path(), result);
  }

  /**
   * What to say of a lock that the kernel has refused.
   *
   * @param result {@code -errno}
   */
  static PlatterException failure(String path, int result) {
    String what = "cannot lock " + path + ": ";
    PlatterException failure =
        result == -Errno.ENOLCK
            ? PlatterException.hostLacks(
                what + "the lock service of its file system does not answer (ENOLCK)",
                "Start it (NFS: rpc.statd, here and on the server); or, where nobody else uses the"
                    + " image, do without: lock=off")
            : PlatterException.failed(what + Errno.name(result), null);
    return failure.at(path, -result);
  }

  /**
   * Gives back the byte that says the user lives; requests in flight keep the others. Idempotent.
   */
  @Override
  public void close() {
    if (alive >= 0) {
      Libc.close(alive);
      alive = -1;
    }
  }
}
