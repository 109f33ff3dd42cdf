package dev.platter.aio.file;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Open-file-description locks (fcntl(2), F_OFD_SETLK) on ranges of a file's bytes. Such a lock
 * belongs to the file description and not to the process: the kernel drops it with the last
 * reference to the description, and a request in flight has a reference, too. QEMU's image locks
 * are shared locks of the same kind on single bytes: they keep a Platter writer out, but let a
 * reader in.
 */
final class OfdLock {
  private OfdLock() {}

  /**
   * Tries to lock.
   *
   * @param exclusive a writer's lock, or one that readers share
   * @param start the first byte
   * @param length how many, more than 0
   * @return 0, or {@code -EAGAIN} or {@code -EACCES} if somebody else holds one that excludes it
   */
  static int tryLock(int fd, boolean exclusive, long start, long length) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment flock = flock(arena, exclusive, start, length);
      return Libc.fcntl(fd, LinuxAbi.F_OFD_SETLK, flock.address());
    }
  }

  /**
   * Looks for a lock of any other description, by any user and process, on the bytes that an image
   * may have.
   *
   * @return F_RDLCK or F_WRLCK; F_UNLCK if there is none, or the file system has no locks
   */
  static int locked(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment flock = flock(arena, true, 0, LockBytes.IMAGE_LENGTH);
      return Libc.fcntl(fd, LinuxAbi.F_OFD_GETLK, flock.address()) < 0
          ? LinuxAbi.F_UNLCK
          : flock.get(JAVA_SHORT, LinuxAbi.FLOCK_TYPE);
    }
  }

  /**
   * Looks whether somebody else has a lock on the image that excludes one of ours.
   *
   * @param exclusive a writer's lock, or one that readers share
   * @return 1 if so, 0 if not, or {@code -errno}
   */
  static int heldAgainst(int fd, boolean exclusive) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment flock = flock(arena, exclusive, 0, LockBytes.IMAGE_LENGTH);
      int result = Libc.fcntl(fd, LinuxAbi.F_OFD_GETLK, flock.address());
      return result < 0
          ? result
          : flock.get(JAVA_SHORT, LinuxAbi.FLOCK_TYPE) == LinuxAbi.F_UNLCK ? 0 : 1;
    }
  }

  /**
   * Looks for any lock of anybody else on a range. A descriptor for reading is enough.
   *
   * @return where one of them starts, not always the first; -1 if there is none
   */
  static long find(int fd, long start, long length) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment flock = flock(arena, true, start, length);
      boolean failed = Libc.fcntl(fd, LinuxAbi.F_OFD_GETLK, flock.address()) < 0;
      return failed || flock.get(JAVA_SHORT, LinuxAbi.FLOCK_TYPE) == LinuxAbi.F_UNLCK
          ? -1
          : flock.get(JAVA_LONG, LinuxAbi.FLOCK_START);
    }
  }

  private static MemorySegment flock(Arena arena, boolean exclusive, long start, long length) {
    // l_whence = SEEK_SET = 0; l_pid must be 0.
    MemorySegment flock = arena.allocate(LinuxAbi.FLOCK_SIZE, JAVA_LONG.byteAlignment());
    flock.set(
        JAVA_SHORT, LinuxAbi.FLOCK_TYPE, (short) (exclusive ? LinuxAbi.F_WRLCK : LinuxAbi.F_RDLCK));
    flock.set(JAVA_LONG, LinuxAbi.FLOCK_START, start);
    flock.set(JAVA_LONG, LinuxAbi.FLOCK_LEN, length);
    return flock;
  }
}
