package dev.platter.aio.file;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The lock of an open file, told apart from what dead processes have left (ADR 028). A process that
 * is killed leaves requests in flight, and these hold what was locked on the description that they
 * use. They end by themselves; a living user does not.
 */
final class FileLock implements AutoCloseable {
  private final FileHandle file;
  private int alive = -1;

  private FileLock(FileHandle file) {
    this.file = file;
  }

  /**
   * Locks a file for as long as its description and this are open.
   *
   * @param place what the readers of a file that must not follow each other too soon have in common
   * @return null if the file system has no locks
   * @throws PlatterException of kind BAD_INPUT if a living process has it; of kind FAILED if
   *     requests of a dead one have it for longer than there is patience
   */
  static FileLock acquire(FileHandle file, boolean exclusive, String place, LockPatience patience) {
    FileLock lock = new FileLock(file);
    LockPatience.Wait wait = patience.forFile(file.path());
    while (!lock.tryIt(exclusive, place)) {
      if (patience.goesOnWithout()) {
        return lock;
      }
      if (!wait.pause()) {
        throw lock.stillHeld(patience, wait);
      }
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

  /** Tries once; false if only remains of the dead are in the way. */
  private boolean tryIt(boolean exclusive, String place) {
    int result = OfdLock.tryLock(file.fd(), exclusive, 0, LockBytes.IMAGE_LENGTH);
    if (result == -Errno.EAGAIN || result == -Errno.EACCES) {
      List<String> living = living();
      if (living.isEmpty()) {
        return false;
      }
      throw PlatterException.badInput(
          file.path() + " is in use by " + String.join("; ", living),
          "Stop the other user of the image, or use another image");
    }
    if (result < 0 && result != -Errno.EOPNOTSUPP) {
      throw failed(result);
    }
    // A writer has waited for all that there is. Readers share, but not with a dead one whose
    // requests may still write into the memory of the same guest.
    return exclusive || result < 0 || !deadUser(LockBytes.busy(place), LockBytes.USERS_OF_A_PLACE);
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

  /** Living processes that have the file locked, in words. */
  private List<String> living() {
    List<String> visible = LockHolders.of(file.facts());
    if (visible.isEmpty()) {
      collectLiving(LockBytes.allAlive(), LockBytes.USERS, visible);
    }
    return visible;
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
          "cannot open " + file.path() + " a second time: " + Errno.name(alive), "Mount /proc");
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
    return PlatterException.failed(
        "cannot lock " + file.path() + ": " + Errno.name(result),
        result == -Errno.ENOLCK ? "Its file system has no lock service at work" : null);
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
