package dev.platter.emulator.lab.ringflags;

import dev.platter.aio.sys.CpuAffinity;
import java.util.BitSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/** Two threads on two CPUs, one of which waits for the work of the other. */
final class PinnedPair {
  private PinnedPair() {}

  /**
   * Whether there are two CPUs. On a single CPU, a thread that polls would keep the other thread
   * from running.
   */
  static boolean possible() {
    BitSet cpus = CpuAffinity.allowed();
    return cpus.isEmpty() || cpus.cardinality() >= 2;
  }

  /**
   * Runs both at the same time, waits for both, and throws the exception of the first or else of
   * the second.
   *
   * @param name the threads' name
   * @return the result of the second
   */
  static <T> T run(String name, Runnable first, Supplier<T> second) {
    BitSet cpus = CpuAffinity.allowed();
    CompletableFuture<Boolean> firstEnd = new CompletableFuture<>();
    CompletableFuture<T> secondEnd = new CompletableFuture<>();
    start(
        name + "-1",
        cpus.nextSetBit(0),
        firstEnd,
        () -> {
          first.run();
          return true;
        });
    start(name + "-2", cpus.length() - 1, secondEnd, second);
    try {
      CompletableFuture.allOf(firstEnd, secondEnd).exceptionally(failure -> null).join();
      firstEnd.join();
      return secondEnd.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private static <T> void start(String name, int cpu, CompletableFuture<T> end, Supplier<T> body) {
    Thread.ofPlatform()
        .name(name)
        .daemon()
        .start(() -> {
          try {
            if (cpu >= 0) {
              CpuAffinity.pin(cpu); // where that fails, the scheduler chooses a CPU
            }
            end.complete(body.get());
          } catch (RuntimeException | Error e) {
            end.completeExceptionally(e);
          }
        });
  }

  /** Waits without giving the CPU away. */
  static void spin(long nanos) {
    long begin = System.nanoTime();
    while (System.nanoTime() - begin < nanos) {
      Thread.onSpinWait();
    }
  }
}
