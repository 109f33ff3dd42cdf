package dev.platter.emulator.serve;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** How many descriptors a server needs: better refused at the start than in front of a client. */
final class FdBudget {
  /** The JVM's own: its jars, /proc files, standard streams. */
  private static final int PROCESS = 64;

  /** The control socket and the most connections to it, metrics likewise. */
  private static final int MANAGEMENT = 48;

  /** A ring and its wake-up eventfd. */
  private static final int PER_LOOP = 2;

  /** Socket, its stop eventfd, a client, and those that one message of it may carry. */
  private static final int PER_EXPORT = 3 + 64;

  /** Kick, call and error eventfds of a virtqueue; a vfio-user device has fewer. */
  private static final int PER_QUEUE = 3;

  /** More than any client maps at a time. */
  private static final int MEMORY_REGIONS = 64;

  /** Its I/O, and the proof that this process lives (ADR 028). */
  private static final int PER_IMAGE = 2;

  private FdBudget() {}

  static long needed(ServeConfig config) {
    return needed(config.ioThreads().size(), config.exports());
  }

  /**
   * How many a server needs.
   *
   * @param ioThreads how many IOThreads exports share
   */
  static long needed(int ioThreads, List<ExportConfig> exports) {
    long needed = PROCESS + MANAGEMENT + PER_LOOP * (1L + ioThreads);
    for (ExportConfig export : exports) {
      needed += PER_EXPORT + MEMORY_REGIONS + (long) PER_IMAGE * export.images().size();
      needed += PER_LOOP;
      if (export instanceof ExportConfig.VirtioBlk disk) {
        needed += (long) PER_QUEUE * disk.queues();
      }
    }
    return needed;
  }

  /**
   * Checks the limit of this process.
   *
   * @throws PlatterException of kind HOST_LACKS if it is too low
   */
  static void check(ServeConfig config) {
    check(config.ioThreads().size(), config.exports());
  }

  static void check(int ioThreads, List<ExportConfig> exports) {
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
