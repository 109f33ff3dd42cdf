package dev.platter.aio.sys;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.platter.aio.abi.LinuxAbi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Ends a process whose JVM may be unable to do anything more. Writes one line to stderr, unless
 * stderr is full, and calls exit_group(2). It allocates nothing, takes no lock that another thread
 * may hold for long, and runs no shutdown hook.
 */
public final class FatalExit {
  private static final boolean X86_64 = System.getProperty("os.arch").equals("amd64");
  private static final long WRITE = X86_64 ? 1 : 64;
  private static final long EXIT_GROUP = X86_64 ? 231 : 94;
  private static final long PPOLL = X86_64 ? 271 : 73;
  private static final int STDERR = 2;
  private static final int MOST_BYTES = 512;

  private static final MemorySegment LINE = Arena.global().allocate(MOST_BYTES);
  private static final MemorySegment NOW = Arena.global().allocate(2 * Long.BYTES, 8);
  private static final MemorySegment POLLFD = Arena.global().allocate(LinuxAbi.POLLFD_SIZE, 4);

  private FatalExit() {}

  /** Runs every step but the end once, so that no class or string has to be loaded later. */
  public static void prepare() {
    describe(OutOfMemoryError.class.getName(), StackOverflowError.class.getName());
    describe(InternalError.class.getName(), "");
    write(0);
  }

  /**
   * Writes {@code platter: thread 'NAME' died of WHAT, giving up} and ends the process.
   *
   * @param thread the thread's name
   * @param what the class of the exception or error
   * @param status the exit code
   */
  public static synchronized void endProcess(String thread, String what, int status) {
    write(describe(thread, what));
    while (true) {
      Syscalls.syscallIgnoringErrors(EXIT_GROUP, status, 0, 0, 0, 0);
    }
  }

  private static int describe(String thread, String what) {
    int length = put(0, "platter: thread '");
    length = put(length, thread);
    length = put(length, "' died of ");
    length = put(length, what);
    return put(length, ", giving up\n");
  }

  private static int put(int at, String text) {
    int length = at;
    for (int i = 0; i < text.length() && length < MOST_BYTES; i++) {
      char c = text.charAt(i);
      LINE.set(JAVA_BYTE, length++, (byte) (c < 0x80 ? c : '?'));
    }
    return length;
  }

  /** Writes without blocking: a pipe that poll(2) calls writable takes so few bytes at once. */
  private static void write(int bytes) {
    POLLFD.set(JAVA_INT, LinuxAbi.POLLFD_FD, STDERR);
    POLLFD.set(JAVA_SHORT, LinuxAbi.POLLFD_EVENTS, (short) LinuxAbi.POLLOUT);
    POLLFD.set(JAVA_SHORT, LinuxAbi.POLLFD_REVENTS, (short) 0);
    Syscalls.syscallIgnoringErrors(PPOLL, POLLFD.address(), 1, NOW.address(), 0, 0);
    if ((POLLFD.get(JAVA_SHORT, LinuxAbi.POLLFD_REVENTS) & LinuxAbi.POLLOUT) != 0) {
      Syscalls.syscallIgnoringErrors(WRITE, STDERR, LINE.address(), bytes, 0, 0);
    }
  }
}
