package dev.platter.emulator.server.config;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.event.HeldUpPipes;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.sys.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The number of descriptors that a server needs: better refused at the start than in front of a
 * client.
 */
public final class FdBudget {
  /** The JVM's own: its jars, /proc files, standard streams. */
  private static final int PROCESS = 64;

  /** The control socket and the most connections to it, metrics likewise, and sizes of images. */
  private static final int MANAGEMENT = 64;

  /** Call pipes of clients that do not read them, in all exports together. */
  private static final int HELD_UP_PIPES = HeldUpPipes.MAX_OF_ALL;

  /** A ring and its wake-up eventfd. */
  private static final int PER_LOOP = 2;

  /** Socket, its stop eventfd, a client, its back-end channel and in-flight buffer. */
  private static final int PER_CLIENT = 5;

  /**
   * Descriptors that a client may send before its message is refused: a message may come in two
   * parts, each with descriptors. Those of memory are closed once it is mapped.
   */
  private static final int PER_MESSAGE = 2 * UnixConnection.MAX_FDS;

  /** Its I/O, and the proof that this process lives (ADR 028). */
  private static final int PER_IMAGE = 2;

  private FdBudget() {}

  /**
   * The number that a server needs.
   *
   * @param ioThreads how many IOThreads exports share
   */
  public static long needed(int ioThreads, List<ExportConfig> exports) {
    long needed = PROCESS + MANAGEMENT + HELD_UP_PIPES + PER_LOOP * (1L + ioThreads);
    for (ExportConfig export : exports) {
      needed += PER_CLIENT + PER_MESSAGE + PER_LOOP + (long) PER_IMAGE * export.images().size();
      needed += export.descriptors();
    }
    return needed;
  }

  /**
   * Checks the limit of this process.
   *
   * @param ioThreads how many IOThreads exports share
   * @throws PlatterException of kind HOST_LACKS if it is too low
   */
  public static void check(int ioThreads, List<ExportConfig> exports) {
    check(needed(ioThreads, exports), limit());
  }

  static void check(long needed, long limit) {
    if (limit >= 0 && limit < needed) {
      throw PlatterException.hostLacks(
          "this server may need "
              + needed
              + " open files, and the limit (RLIMIT_NOFILE) is "
              + limit,
          "Raise it: ulimit -n " + needed + ", or LimitNOFILE=" + needed + " in a systemd unit");
    }
  }

  /** The soft limit; negative if there is none. The JVM has raised it to the hard one already. */
  private static long limit() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment rlimit = arena.allocate(JAVA_LONG, 2);
      int result = Libc.getrlimit(LinuxAbi.RLIMIT_NOFILE, rlimit);
      return result < 0 ? -1 : rlimit.get(JAVA_LONG, 0);
    }
  }
}
