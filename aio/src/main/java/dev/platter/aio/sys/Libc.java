package dev.platter.aio.sys;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The libc calls that Platter makes on files and descriptors. Each returns what the call returns,
 * or {@code -errno}. Addresses are host virtual addresses; the caller keeps their memory alive.
 */
public final class Libc {
  private static final MethodHandle OPEN =
      Downcalls.variadicInt("open", 2, JAVA_LONG, JAVA_INT, JAVA_INT);
  private static final MethodHandle CLOSE = Downcalls.returningInt("close", JAVA_INT);
  private static final MethodHandle MKFIFO = Downcalls.returningInt("mkfifo", JAVA_LONG, JAVA_INT);
  private static final MethodHandle UNLINK = Downcalls.returningInt("unlink", JAVA_LONG);
  private static final MethodHandle READ =
      Downcalls.returningLong("read", JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle WRITE =
      Downcalls.returningLong("write", JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle PREAD =
      Downcalls.returningLong("pread", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle PWRITE =
      Downcalls.returningLong("pwrite", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle PREADV2 =
      Downcalls.returningLong("preadv2", JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final MethodHandle PWRITEV2 =
      Downcalls.returningLong("pwritev2", JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final MethodHandle FALLOCATE =
      Downcalls.returningInt("fallocate", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle FTRUNCATE =
      Downcalls.returningInt("ftruncate", JAVA_INT, JAVA_LONG);
  private static final MethodHandle FSYNC = Downcalls.returningInt("fsync", JAVA_INT);
  private static final MethodHandle FCNTL =
      Downcalls.variadicInt("fcntl", 2, JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle IOCTL =
      Downcalls.variadicInt("ioctl", 2, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle STATX =
      Downcalls.returningInt("statx", JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle FSTATFS =
      Downcalls.returningInt("fstatfs", JAVA_INT, JAVA_LONG);
  private static final MethodHandle EVENTFD = Downcalls.returningInt("eventfd", JAVA_INT, JAVA_INT);
  private static final MethodHandle GETRUSAGE =
      Downcalls.returningInt("getrusage", JAVA_INT, JAVA_LONG);
  private static final MethodHandle GETRLIMIT =
      Downcalls.returningInt("getrlimit", JAVA_INT, JAVA_LONG);

  private static final MethodHandle MEMFD_CREATE =
      Downcalls.returningInt("memfd_create", JAVA_LONG, JAVA_INT);
  private static final MethodHandle FCHMOD = Downcalls.returningInt("fchmod", JAVA_INT, JAVA_INT);
  private static final MethodHandle POLL =
      Downcalls.returningInt("poll", JAVA_LONG, JAVA_LONG, JAVA_INT);

  private static final MethodHandle INOTIFY_INIT1 =
      Downcalls.returningInt("inotify_init1", JAVA_INT);
  private static final MethodHandle INOTIFY_ADD_WATCH =
      Downcalls.returningInt("inotify_add_watch", JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final MethodHandle INOTIFY_RM_WATCH =
      Downcalls.returningInt("inotify_rm_watch", JAVA_INT, JAVA_INT);
  private static final MethodHandle UNSHARE = Downcalls.returningInt("unshare", JAVA_INT);
  private static final MethodHandle CLOCK_GETRES =
      Downcalls.returningInt("clock_getres", JAVA_INT, JAVA_LONG);

  private static final MemorySegment EMPTY_PATH = Arena.global().allocateFrom("");

  private Libc() {}

  /** open(2) with {@code O_CLOEXEC} added by the caller. */
  public static int open(String path, int flags, int mode) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Downcalls.capture();
      long pathAddress = arena.allocateFrom(path).address();
      return Downcalls.check((int) OPEN.invokeExact(errno, pathAddress, flags, mode), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** close(2). */
  public static int close(int fd) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((int) CLOSE.invokeExact(errno, fd), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** unlink(2). */
  public static int unlink(String path) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Downcalls.capture();
      long pathAddress = arena.allocateFrom(path).address();
      return Downcalls.check((int) UNLINK.invokeExact(errno, pathAddress), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** mkfifo(3). */
  public static int mkfifo(String path, int mode) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Downcalls.capture();
      long pathAddress = arena.allocateFrom(path).address();
      return Downcalls.check((int) MKFIFO.invokeExact(errno, pathAddress, mode), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** read(2) into {@code length} bytes at {@code address}. */
  public static long read(int fd, long address, long length) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((long) READ.invokeExact(errno, fd, address, length), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** write(2) of {@code length} bytes at {@code address}. */
  public static long write(int fd, long address, long length) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((long) WRITE.invokeExact(errno, fd, address, length), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** pread(2). */
  public static long pread(int fd, long address, long length, long offset) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((long) PREAD.invokeExact(errno, fd, address, length, offset), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** pwrite(2). */
  public static long pwrite(int fd, long address, long length, long offset) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((long) PWRITE.invokeExact(errno, fd, address, length, offset), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** preadv2(2) with an iovec array at {@code iovecs}. */
  public static long preadv2(int fd, long iovecs, int count, long offset, int flags) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check(
          (long) PREADV2.invokeExact(errno, fd, iovecs, count, offset, flags), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** pwritev2(2) with an iovec array at {@code iovecs}. */
  public static long pwritev2(int fd, long iovecs, int count, long offset, int flags) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check(
          (long) PWRITEV2.invokeExact(errno, fd, iovecs, count, offset, flags), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** fallocate(2). */
  public static int fallocate(int fd, int mode, long offset, long length) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((int) FALLOCATE.invokeExact(errno, fd, mode, offset, length), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** ftruncate(2). */
  public static int ftruncate(int fd, long length) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((int) FTRUNCATE.invokeExact(errno, fd, length), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** fsync(2). */
  public static int fsync(int fd) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((int) FSYNC.invokeExact(errno, fd), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** fcntl(2) with a pointer or integer argument. */
  public static int fcntl(int fd, int command, long argument) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((int) FCNTL.invokeExact(errno, fd, command, argument), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** ioctl(2) with a pointer argument. */
  public static int ioctl(int fd, long request, long argument) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((int) IOCTL.invokeExact(errno, fd, request, argument), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /**
   * statx(2) on an open descriptor.
   *
   * @param statx a struct statx (256 bytes)
   */
  public static int statx(int fd, int flags, int mask, MemorySegment statx) {
    try {
      MemorySegment errno = Downcalls.capture();
      long path = EMPTY_PATH.address();
      return Downcalls.check(
          (int) STATX.invokeExact(errno, fd, path, flags, mask, statx.address()), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /**
   * fstatfs(2).
   *
   * @param statfs a struct statfs (120 bytes on 64-bit Linux)
   */
  public static int fstatfs(int fd, MemorySegment statfs) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((int) FSTATFS.invokeExact(errno, fd, statfs.address()), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** eventfd(2). */
  public static int eventfd(int initial, int flags) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((int) EVENTFD.invokeExact(errno, initial, flags), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /**
   * getrusage(2).
   *
   * @param rusage a struct rusage (144 bytes on 64-bit Linux)
   */
  public static int getrusage(int who, MemorySegment rusage) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((int) GETRUSAGE.invokeExact(errno, who, rusage.address()), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /**
   * getrlimit(2).
   *
   * @param rlimit a struct rlimit (two 64-bit words: soft, hard)
   */
  public static int getrlimit(int resource, MemorySegment rlimit) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((int) GETRLIMIT.invokeExact(errno, resource, rlimit.address()), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** memfd_create(2). */
  public static int memfdCreate(String name, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Downcalls.capture();
      long nameAddress = arena.allocateFrom(name).address();
      return Downcalls.check((int) MEMFD_CREATE.invokeExact(errno, nameAddress, flags), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** fchmod(2). */
  public static int fchmod(int fd, int mode) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((int) FCHMOD.invokeExact(errno, fd, mode), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /**
   * clock_getres(2).
   *
   * @param timespec a struct timespec (two 64-bit words: seconds, nanoseconds)
   */
  public static int clockGetres(int clock, MemorySegment timespec) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check(
          (int) CLOCK_GETRES.invokeExact(errno, clock, timespec.address()), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** inotify_init1(2). */
  public static int inotifyInit(int flags) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((int) INOTIFY_INIT1.invokeExact(errno, flags), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** inotify_add_watch(2). */
  public static int inotifyAddWatch(int fd, String path, int mask) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Downcalls.capture();
      long pathAddress = arena.allocateFrom(path).address();
      return Downcalls.check(
          (int) INOTIFY_ADD_WATCH.invokeExact(errno, fd, pathAddress, mask), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** inotify_rm_watch(2). */
  public static int inotifyRemoveWatch(int fd, int watch) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((int) INOTIFY_RM_WATCH.invokeExact(errno, fd, watch), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** unshare(2): the calling thread alone gets namespaces of its own. */
  public static int unshare(int flags) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((int) UNSHARE.invokeExact(errno, flags), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /**
   * poll(2).
   *
   * @param pollfds address of {@code count} structs pollfd
   * @param timeoutMillis negative to wait for ever
   */
  public static int poll(long pollfds, int count, int timeoutMillis) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check(
          (int) POLL.invokeExact(errno, pollfds, (long) count, timeoutMillis), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }
}
