package dev.platter.aio.sys;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.platter.aio.abi.LinuxAbi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;

/**
 * System calls by which a process changes itself. Each returns what the call returns, or {@code
 * -errno}.
 */
public final class ProcessControl {
  private static final long CLOSE_RANGE = 436; // the same on every architecture
  private static final MethodHandle EXECVE =
      Downcalls.returningInt("execve", JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle PRCTL =
      Downcalls.variadicInt("prctl", 1, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

  private ProcessControl() {}

  private static int prctl(int option, long argument) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((int) PRCTL.invokeExact(errno, option, argument, 0L, 0L, 0L), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /**
   * From now on, the calling thread and the threads and programs that it starts get no more rights
   * from a set-user-ID program. Cannot be undone.
   */
  public static int setNoNewPrivs() {
    return prctl(LinuxAbi.PR_SET_NO_NEW_PRIVS, 1);
  }

  /** Says whether the process may be traced and leave core dumps, until it executes a program. */
  public static int setDumpable(boolean dumpable) {
    return prctl(LinuxAbi.PR_SET_DUMPABLE, dumpable ? 1 : 0);
  }

  /** Whether the process may be traced and leave core dumps: 0, 1, or 2 for root alone. */
  public static int dumpable() {
    return prctl(LinuxAbi.PR_GET_DUMPABLE, 0);
  }

  /** Marks all descriptors from {@code first} to {@code last} to be closed on exec (Linux 5.11). */
  public static int closeRangeOnExec(int first, int last) {
    return (int)
        Syscalls.syscall(
            CLOSE_RANGE,
            first,
            Integer.toUnsignedLong(last),
            LinuxAbi.CLOSE_RANGE_CLOEXEC,
            0,
            0,
            0);
  }

  /**
   * execve(2): this process becomes another program. Its other threads end where they are; no
   * shutdown hook runs. Returns only if it fails.
   *
   * @param path the program
   * @param arguments its arguments, the zeroth included, without their final zeros
   * @param environment its environment, {@code NAME=value} each
   */
  public static int execve(String path, List<byte[]> arguments, List<byte[]> environment) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = Downcalls.capture();
      long pathAddress = arena.allocateFrom(path).address();
      long argv = strings(arena, arguments);
      long envp = strings(arena, environment);
      return Downcalls.check((int) EXECVE.invokeExact(errno, pathAddress, argv, envp), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** An array of pointers to zero-terminated strings, with a null pointer at its end. */
  private static long strings(Arena arena, List<byte[]> strings) {
    MemorySegment array = arena.allocate(JAVA_LONG, strings.size() + 1L);
    for (int i = 0; i < strings.size(); i++) {
      byte[] bytes = strings.get(i);
      MemorySegment string = arena.allocate(bytes.length + 1L);
      MemorySegment.copy(bytes, 0, string, JAVA_BYTE, 0, bytes.length);
      array.setAtIndex(JAVA_LONG, i, string.address());
    }
    return array.address();
  }
}
