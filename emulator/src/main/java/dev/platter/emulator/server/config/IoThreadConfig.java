package dev.platter.emulator.server.config;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.AioConfig;

/**
 * An IOThread.
 *
 * @param id its name in exports
 * @param cpu the CPU it is pinned to, or {@link #ANY_CPU}
 * @param loop how its loop is set up
 */
public record IoThreadConfig(String id, int cpu, AioConfig loop) {
  /** No pinning: the scheduler chooses the CPU. */
  public static final int ANY_CPU = -1;

  /**
   * The default of a server's longest busy poll. Less than an IOThread of a machine in this process
   * has: a client is another process, which wakes up slowly or keeps several requests going. Either
   * its next request comes within a few microseconds, or the spin misses and holds the CPU that the
   * client needs to wake up on (docs/performance.md).
   */
  public static final long DEFAULT_POLL_MAX_NANOS = 12_000;

  /** Checks the name. */
  public IoThreadConfig {
    Names.check("IOThread id", id);
    if (cpu < ANY_CPU) {
      throw PlatterException.badInput(
          "IOThread " + id + " cannot run on CPU " + cpu, "Number CPUs from 0");
    }
  }

  /** An IOThread on any CPU with the default loop. */
  public static IoThreadConfig named(String id) {
    return new IoThreadConfig(id, ANY_CPU, defaultLoop());
  }

  /** The default configuration of a loop. */
  public static AioConfig defaultLoop() {
    return AioConfig.ioThread().withPollMaxNanos(DEFAULT_POLL_MAX_NANOS);
  }
}
