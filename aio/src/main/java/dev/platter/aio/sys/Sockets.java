package dev.platter.aio.sys;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.platter.aio.abi.LinuxAbi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The socket calls of libc. Each returns what the call returns, or {@code -errno}. Addresses are
 * host virtual addresses; the caller keeps their memory alive.
 */
public final class Sockets {
  private static final MethodHandle SOCKET =
      Downcalls.returningInt("socket", JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle SOCKETPAIR =
      Downcalls.returningInt("socketpair", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle BIND =
      Downcalls.returningInt("bind", JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final MethodHandle CONNECT =
      Downcalls.returningInt("connect", JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final MethodHandle LISTEN = Downcalls.returningInt("listen", JAVA_INT, JAVA_INT);
  private static final MethodHandle ACCEPT4 =
      Downcalls.returningInt("accept4", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
  private static final MethodHandle SHUTDOWN =
      Downcalls.returningInt("shutdown", JAVA_INT, JAVA_INT);
  private static final MethodHandle SETSOCKOPT =
      Downcalls.returningInt("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final MethodHandle GETSOCKOPT =
      Downcalls.returningInt("getsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle SENDMSG =
      Downcalls.returningLong("sendmsg", JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final MethodHandle RECVMSG =
      Downcalls.returningLong("recvmsg", JAVA_INT, JAVA_LONG, JAVA_INT);

  private Sockets() {}

  /** socket(2). */
  public static int socket(int domain, int type, int protocol) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((int) SOCKET.invokeExact(errno, domain, type, protocol), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /**
   * socketpair(2).
   *
   * @param fds two ints, filled in
   */
  public static int socketpair(int domain, int type, MemorySegment fds) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check(
          (int) SOCKETPAIR.invokeExact(errno, domain, type, 0, fds.address()), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** bind(2). */
  public static int bind(int fd, MemorySegment sockaddr) {
    try {
      MemorySegment errno = Downcalls.capture();
      int size = (int) sockaddr.byteSize();
      return Downcalls.check((int) BIND.invokeExact(errno, fd, sockaddr.address(), size), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** connect(2). */
  public static int connect(int fd, MemorySegment sockaddr) {
    try {
      MemorySegment errno = Downcalls.capture();
      int size = (int) sockaddr.byteSize();
      return Downcalls.check((int) CONNECT.invokeExact(errno, fd, sockaddr.address(), size), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** listen(2). */
  public static int listen(int fd, int backlog) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((int) LISTEN.invokeExact(errno, fd, backlog), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** accept4(2) without the peer's address. */
  public static int accept(int fd, int flags) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((int) ACCEPT4.invokeExact(errno, fd, 0L, 0L, flags), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** shutdown(2). */
  public static int shutdown(int fd, int how) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((int) SHUTDOWN.invokeExact(errno, fd, how), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** setsockopt(2). */
  public static int setOption(int fd, int level, int name, MemorySegment value) {
    try {
      MemorySegment errno = Downcalls.capture();
      int size = (int) value.byteSize();
      return Downcalls.check(
          (int) SETSOCKOPT.invokeExact(errno, fd, level, name, value.address(), size), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /**
   * getsockopt(2).
   *
   * @param size an int: the size of {@code value}, and of what was written there
   */
  public static int getOption(
      int fd, int level, int name, MemorySegment value, MemorySegment size) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check(
          (int) GETSOCKOPT.invokeExact(errno, fd, level, name, value.address(), size.address()),
          errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** An option of SOL_SOCKET that is an int: its value, or {@code -errno}. */
  public static int getOption(int fd, int name) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(JAVA_INT);
      MemorySegment size = arena.allocateFrom(JAVA_INT, Integer.BYTES);
      int result = getOption(fd, LinuxAbi.SOL_SOCKET, name, value, size);
      return result < 0 ? result : value.get(JAVA_INT, 0);
    }
  }

  /** sendmsg(2) of a struct msghdr at {@code message}. */
  public static long sendmsg(int fd, long message, int flags) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((long) SENDMSG.invokeExact(errno, fd, message, flags), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** recvmsg(2) into a struct msghdr at {@code message}. */
  public static long recvmsg(int fd, long message, int flags) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((long) RECVMSG.invokeExact(errno, fd, message, flags), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }
}
