package dev.platter.emulator.serve;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.AioConfig;

/**
 * An IOThread.
 *
 * @param id what exports call it
 * @param cpu the CPU it is pinned to, or {@link #ANY_CPU}
 * @param loop how its loop is set up
 */
public record IoThreadConfig(String id, int cpu, AioConfig loop) {
  /** Wherever the scheduler puts it. */
  public static final int ANY_CPU = -1;

  /** Checks the name. */
  public IoThreadConfig {
    Names.check("IOThread id", id);
    if (cpu < ANY_CPU) {
      throw PlatterException.badInput(
          "IOThread " + id + " cannot run on CPU " + cpu, "Number CPUs from 0");
    }
  }

  /** One that nobody else shares, on any CPU. */
  public static IoThreadConfig named(String id) {
    return new IoThreadConfig(id, ANY_CPU, AioConfig.ioThread());
  }
}
