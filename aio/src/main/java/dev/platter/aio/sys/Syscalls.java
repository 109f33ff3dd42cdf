package dev.platter.aio.sys;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.platter.aio.abi.LinuxAbi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * System calls that the C library does not wrap (io_uring, futex), and calls on the data path whose
 * errno is not used, through {@code syscall(2)}. A method that returns a value returns the kernel's
 * result, or {@code -errno}.
 */
public final class Syscalls {
  // io_uring's numbers are the same on every architecture (asm-generic/unistd.h).
  private static final long IO_URING_SETUP = 425;
  private static final long IO_URING_ENTER = 426;
  private static final long IO_URING_REGISTER = 427;
  private static final boolean X86_64 = System.getProperty("os.arch").equals("amd64");
  private static final long WRITE = X86_64 ? 1 : 64;
  private static final long SENDTO = X86_64 ? 44 : 206;
  private static final long FUTEX = X86_64 ? 202 : 98;
  private static final long PRCTL = X86_64 ? 157 : 167;
  private static final long PR_SET_TIMERSLACK = 29;
  private static final long GETTID = X86_64 ? 186 : 178;

  private static final MethodHandle SYSCALL =
      Downcalls.variadicLong(
          "syscall", 1, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
          JAVA_LONG);

  private static final MethodHandle SYSCALL_WITHOUT_ERRNO =
      Downcalls.variadicLongWithoutErrno(
          "syscall", 1, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
          JAVA_LONG);
  private static final MemorySegment ONE = Arena.global().allocateFrom(JAVA_LONG, 1L);

  private Syscalls() {}

  static void syscallIgnoringErrors(long number, long a, long b, long c, long d, long e) {
    try {
      long _ = (long) SYSCALL_WITHOUT_ERRNO.invokeExact(number, a, b, c, d, e, 0L);
    } catch (Throwable t) {
      throw Downcalls.linkageBug(t);
    }
  }

  /** Any system call: its result, or {@code -errno}. */
  static long syscall(long number, long a, long b, long c, long d, long e, long f) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((long) SYSCALL.invokeExact(errno, number, a, b, c, d, e, f), errno);
    } catch (Throwable t) {
      throw Downcalls.linkageBug(t);
    }
  }

  /**
   * io_uring_setup(2).
   *
   * @param params a zeroed struct io_uring_params, filled in by the kernel
   * @return the ring's descriptor or {@code -errno}
   */
  public static int ioUringSetup(int entries, MemorySegment params) {
    return (int) syscall(IO_URING_SETUP, entries, params.address(), 0, 0, 0, 0);
  }

  /**
   * io_uring_enter(2).
   *
   * @param argument address of a sigset, or of a struct io_uring_getevents_arg with {@code
   *     IORING_ENTER_EXT_ARG}; 0 for none
   * @return how many SQEs were consumed, or {@code -errno}
   */
  public static int ioUringEnter(
      int fd, int toSubmit, int minComplete, int flags, long argument, long argumentSize) {
    return (int) syscall(IO_URING_ENTER, fd, toSubmit, minComplete, flags, argument, argumentSize);
  }

  /** io_uring_register(2). */
  public static int ioUringRegister(int fd, int opcode, long argument, int count) {
    return (int) syscall(IO_URING_REGISTER, fd, opcode, argument, count, 0, 0);
  }

  /** futex(2) on a process-private word. The caller reads the word to learn why a wait ended. */
  static void futex(long address, int operation, int value, long timespec) {
    syscallIgnoringErrors(FUTEX, address, operation, value, timespec, 0);
  }

  /** Adds 1 to an eventfd. Fails only if the descriptor is no eventfd. */
  public static void signalEventFd(int fd) {
    syscallIgnoringErrors(WRITE, fd, ONE.address(), Long.BYTES, 0, 0);
  }

  /** Sends the same 8 bytes to a socket, unless that would block; ignores errors. */
  public static void signalSocket(int fd) {
    int flags = LinuxAbi.MSG_DONTWAIT | LinuxAbi.MSG_NOSIGNAL;
    syscallIgnoringErrors(SENDTO, fd, ONE.address(), Long.BYTES, flags, 0);
  }

  /**
   * Makes the calling thread's timed waits end on time: Linux otherwise may add 50 us to each, to
   * wake fewer times (prctl(2), PR_SET_TIMERSLACK).
   */
  public static void wakeOnTime() {
    syscallIgnoringErrors(PRCTL, PR_SET_TIMERSLACK, 1, 0, 0, 0);
  }

  /** The calling thread's kernel thread id. */
  public static int gettid() {
    return (int) syscall(GETTID, 0, 0, 0, 0, 0, 0);
  }
}
