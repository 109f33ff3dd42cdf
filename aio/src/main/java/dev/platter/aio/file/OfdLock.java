package dev.platter.aio.file;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Open-file-description locks (fcntl(2), F_OFD_SETLK) on a whole file. They go with the descriptor,
 * also when the process is killed. QEMU's image locks are shared locks of the same kind on single
 * bytes: they keep out a writer of ours, but not a reader.
 */
final class OfdLock {
  private OfdLock() {}

  /**
   * Tries to lock.
   *
   * @param exclusive a writer's lock, or one that readers share
   * @return 0, or {@code -EAGAIN} or {@code -EACCES} if somebody else holds it
   */
  static int tryLock(int fd, boolean exclusive) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment flock = flock(arena, exclusive);
      return Libc.fcntl(fd, LinuxAbi.F_OFD_SETLK, flock.address());
    }
  }

  /**
   * Looks for a lock of anybody else, of whichever user and process.
   *
   * @return F_RDLCK or F_WRLCK; F_UNLCK if there is none, or the file system has no locks
   */
  static int locked(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment flock = flock(arena, true);
      return Libc.fcntl(fd, LinuxAbi.F_OFD_GETLK, flock.address()) < 0
          ? LinuxAbi.F_UNLCK
          : flock.get(JAVA_SHORT, LinuxAbi.FLOCK_TYPE);
    }
  }

  private static MemorySegment flock(Arena arena, boolean exclusive) {
    // l_start = l_len = 0: the whole file, however large it becomes. l_pid must be 0.
    MemorySegment flock = arena.allocate(LinuxAbi.FLOCK_SIZE, JAVA_LONG.byteAlignment());
    flock.set(
        JAVA_SHORT, LinuxAbi.FLOCK_TYPE, (short) (exclusive ? LinuxAbi.F_WRLCK : LinuxAbi.F_RDLCK));
    return flock;
  }
}
