package dev.platter.aio.sys;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.platter.aio.abi.LinuxAbi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * CPU time that this process has used, all threads and io-wq workers together (getrusage(2)).
 *
 * @param userNanos in user space
 * @param systemNanos in the kernel
 */
public record CpuTime(long userNanos, long systemNanos) {
  /** The process's CPU time now. */
  public static CpuTime now() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment usage = arena.allocate(LinuxAbi.RUSAGE_SIZE, 8);
      Libc.getrusage(LinuxAbi.RUSAGE_SELF, usage);
      return new CpuTime(timeval(usage, 0), timeval(usage, 16));
    }
  }

  private static long timeval(MemorySegment usage, long at) {
    return usage.get(JAVA_LONG, at) * 1_000_000_000L + usage.get(JAVA_LONG, at + 8) * 1_000L;
  }

  /** What was used between {@code earlier} and this. */
  public CpuTime since(CpuTime earlier) {
    return new CpuTime(userNanos - earlier.userNanos, systemNanos - earlier.systemNanos);
  }
}
