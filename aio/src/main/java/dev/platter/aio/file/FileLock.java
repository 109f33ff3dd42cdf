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
 * The lock of an open file, told apart from what dead processes have left (ADR 028). A process that
 * is killed leaves requests in flight, and these hold what was locked on the description that they
 * use. They end by themselves; a living user does not.
 */
final class FileLock implements AutoCloseable {
  /** What a try to lock has come to. */
  private enum Attempt {
    LOCKED,
    /** Somebody holds a lock that excludes it. */
    HELD,
    /** It would be shared with a dead user. */
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
   * Locks a file for as long as its description and this are open.
   *
   * @param place what the readers of a file that must not follow each other too soon have in common
   * @throws PlatterException of kind BAD_INPUT if a living process has it; of kind FAILED if
   *     requests of a dead one have it for longer than there is patience
   */
  static FileLock acquire(FileHandle file, boolean exclusive, String place, LockPatience patience) {
    return acquire(file, exclusive, place, patience, LockHolders::of);
  }

  /**
   * As above.
   *
   * @param holders looks through all processes for those that have a lock, which is work: asked
   *     when a lock is first found to be held, and when there is no more patience, not in between
   */
  static FileLock acquire(
      FileHandle file,
      boolean exclusive,
      String place,
      LockPatience patience,
      Function<FileFacts, List<String>> holders) {
    FileLock lock = new FileLock(file, holders);
    LockPatience.Wait wait = patience.forFile(file.path());
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
        throw lock.stillHeld(patience, wait);
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
   * Looks whether a lock would be refused; takes none, and waits for none.
   *
   * @return whether it would have to be waited for: the dead have it, or somebody who cannot be
   *     seen
   * @throws PlatterException of kind BAD_INPUT if a living process has it, or if it would have to
   *     be waited for and there is no patience; of kind FAILED if the file cannot be locked
   */
  static boolean examine(FileHandle file, boolean exclusive, String place, LockPatience patience) {
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
    if (patience.nanos() == 0) {
      throw look.stillHeld(patience, patience.forFile(file.path()));
    }
    return true;
  }

  /** Whether a platter has a file open and locked, also if it shares the lock. */
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
    // A writer has waited for all that there is. Readers share, but not with a dead one whose
    // requests may still write into the memory of the same guest.
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

  /** Whether a dead process has requests in flight, of those whose byte is in a range. */
  private boolean deadUser(long start, long length) {
    long found = length <= 0 ? -1 : OfdLock.find(file.fd(), start, length);
    if (found < 0) {
      return false;
    }
    if (found < start) {
      return true; // more than bytes of users: it tells of no process, and hides who is behind it
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

  /** Living platters that have the file locked, in words: their bytes tell, without a search. */
  private List<String> platters() {
    List<String> living = new ArrayList<>();
    collectLiving(LockBytes.allAlive(), LockBytes.USERS, living);
    return living;
  }

  private void collectLiving(long start, long length, List<String> into) {
    long found = length <= 0 ? -1 : OfdLock.find(file.fd(), start, length);
    if (found < start) {
      return; // none, or one that tells of no process
    }
    long pid = LockBytes.pid(found);
    if (!ProcessState.dying(pid)) {
      into.add(
          ProcessState.visible(pid) ? "pid " + pid : "a platter whose process cannot be seen here");
    }
    collectLiving(start, found - start, into);
    collectLiving(found + 1, start + length - (found + 1), into);
  }

  private PlatterException stillHeld(LockPatience patience, LockPatience.Wait wait) {
    String who = "requests of a process that has ended, or a process that cannot be seen here";
    if (wait.givenUp()) {
      return PlatterException.failed(
          "stopped while it waited for the lock of " + file.path() + ", held by " + who, null);
    }
    if (patience.nanos() == 0) {
      return PlatterException.badInput(
          file.path() + " is in use by " + who,
          "Wait until the disk under it has answered, or stop the other user of the image");
    }
    return PlatterException.failed(
        file.path()
            + " was still locked after "
            + TimeUnit.NANOSECONDS.toMillis(patience.nanos())
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
    // Life first: whoever finds a busy byte looks for it.
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

  /** Tells that the user lives no more; requests that are left keep the rest. Idempotent. */
  @Override
  public void close() {
    if (alive >= 0) {
      Libc.close(alive);
      alive = -1;
    }
  }
}
