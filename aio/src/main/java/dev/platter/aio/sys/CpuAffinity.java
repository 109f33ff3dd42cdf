package dev.platter.aio.sys;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.BitSet;

/** Which CPUs the calling thread may run on (sched_setaffinity(2)). */
public final class CpuAffinity {
  /** The number of CPUs in a mask; no kernel is built for more. */
  public static final int MAX_CPUS = 8192;

  private static final MethodHandle SCHED_SETAFFINITY =
      Downcalls.returningInt("sched_setaffinity", JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle SCHED_GETAFFINITY =
      Downcalls.returningInt("sched_getaffinity", JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final int CALLING_THREAD = 0;
  private static final long MASK_BYTES = MAX_CPUS / 8;

  private CpuAffinity() {}

  /**
   * Pins the calling thread to one CPU.
   *
   * @param cpu its number, below {@link #MAX_CPUS}
   * @return 0, or {@code -EINVAL} if the thread may not run there
   */
  public static int pin(int cpu) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mask = arena.allocate(MASK_BYTES, 8);
      mask.set(JAVA_BYTE, cpu / 8, (byte) (1 << (cpu % 8)));
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check(
          (int) SCHED_SETAFFINITY.invokeExact(errno, CALLING_THREAD, MASK_BYTES, mask.address()),
          errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /** The CPUs that the calling thread may run on; empty if the kernel does not tell. */
  public static BitSet allowed() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mask = arena.allocate(MASK_BYTES, 8);
      MemorySegment errno = Downcalls.capture();
      int result =
          Downcalls.check(
              (int)
                  SCHED_GETAFFINITY.invokeExact(errno, CALLING_THREAD, MASK_BYTES, mask.address()),
              errno);
      return result < 0 ? new BitSet() : BitSet.valueOf(mask.toArray(JAVA_BYTE));
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }
}
