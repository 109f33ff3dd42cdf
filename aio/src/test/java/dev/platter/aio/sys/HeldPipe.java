package dev.platter.aio.sys;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.loop.Threads;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * A pipe whose lock somebody holds, as a hostile client can: a splice(2) of its contents into a
 * socket that nobody reads waits for room with the lock. Until it is closed, each write(2) to the
 * pipe waits, and cannot be interrupted.
 */
public final class HeldPipe implements AutoCloseable {
  private static final MethodHandle PIPE2 = Downcalls.returningInt("pipe2", JAVA_LONG, JAVA_INT);
  private static final MethodHandle SPLICE =
      Downcalls.returningLong(
          "splice", JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
  private static final int SO_SNDBUF = 7; // asm-generic/socket.h
  private static final int F_DUPFD_CLOEXEC = 1030; // fcntl.h
  private static final int F_SETPIPE_SZ = 1031;
  // More than one step of a splice moves, 16 pages, and the socket has no room for a second.
  private static final int PIPED = 128 << 10;

  private final int reader;
  private final int writer;
  private final int full;
  private final int unread;
  private @Nullable Thread holder;

  private HeldPipe(int reader, int writer, int full, int unread) {
    this.reader = reader;
    this.writer = writer;
    this.full = full;
    this.unread = unread;
  }

  /** Makes one that nobody holds yet. */
  public static HeldPipe make() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pipe = arena.allocate(JAVA_INT, 2);
      check(pipe2(pipe.address()));
      MemorySegment sockets = arena.allocate(JAVA_INT, 2);
      check(Sockets.socketpair(LinuxAbi.AF_UNIX, LinuxAbi.SOCK_STREAM, sockets));
      int full = sockets.getAtIndex(JAVA_INT, 0);
      MemorySegment least = arena.allocateFrom(JAVA_INT, 1);
      check(Sockets.setOption(full, LinuxAbi.SOL_SOCKET, SO_SNDBUF, least));
      int writer = pipe.getAtIndex(JAVA_INT, 1);
      check(Libc.fcntl(writer, F_SETPIPE_SZ, 2 * PIPED));
      check((int) Libc.write(writer, arena.allocate(PIPED).address(), PIPED));
      return new HeldPipe(
          pipe.getAtIndex(JAVA_INT, 0), writer, full, sockets.getAtIndex(JAVA_INT, 1));
    }
  }

  private static void check(int result) {
    if (result < 0) {
      throw new IllegalStateException(Errno.name(result));
    }
  }

  private static int pipe2(long fds) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check(
          (int) PIPE2.invokeExact(errno, fds, LinuxAbi.O_CLOEXEC | LinuxAbi.O_NONBLOCK), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  private void splice() {
    try {
      MemorySegment errno = Downcalls.capture();
      long _ = (long) SPLICE.invokeExact(errno, reader, 0L, full, 0L, (long) PIPED, 0);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** Has its lock held from now on. */
  public void hold() {
    Thread splicing = Thread.ofPlatform().name("pipe-holder").daemon().start(this::splice);
    holder = splicing;
    // With some of the bytes in the socket, the splice has the lock and waits for room.
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pollfd = arena.allocate(LinuxAbi.POLLFD_SIZE, 4);
      pollfd.set(JAVA_INT, LinuxAbi.POLLFD_FD, unread);
      pollfd.set(JAVA_SHORT, LinuxAbi.POLLFD_EVENTS, (short) LinuxAbi.POLLIN);
      while (Libc.poll(pollfd.address(), 1, 1_000) == 0) {
        if (!splicing.isAlive()) {
          throw new IllegalStateException("the splice has ended");
        }
      }
    }
  }

  /** Another descriptor of its end for writing, for whoever closes it. */
  public int duplicate() {
    int fd = Libc.fcntl(writer, F_DUPFD_CLOEXEC, 0);
    check(fd);
    return fd;
  }

  /** Its end for writing opened anew, before it is held; whoever closes it waits for the lock. */
  public int open() {
    int flags = LinuxAbi.O_WRONLY | LinuxAbi.O_NONBLOCK | LinuxAbi.O_CLOEXEC;
    int fd = Libc.open("/proc/self/fd/" + writer, flags, 0);
    check(fd);
    return fd;
  }

  /** Lets go: the socket's reader is gone, and so the splice ends. */
  @Override
  public void close() {
    Libc.close(unread);
    if (holder != null) {
      Threads.joinUninterruptibly(holder);
    }
    Libc.close(full);
    Libc.close(reader);
    Libc.close(writer);
  }
}
