package dev.platter.emulator.lab.ringflags;

import dev.platter.aio.sys.CpuAffinity;
import java.util.BitSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/** Two threads, each on a CPU of its own, of which one waits for what the other does. */
final class PinnedPair {
  private PinnedPair() {}

  /** Whether there are two CPUs; on one, a thread that polls keeps away what it polls for. */
  static boolean possible() {
    BitSet cpus = CpuAffinity.allowed();
    return cpus.isEmpty() || cpus.cardinality() >= 2;
  }

  /**
   * Runs both at the same time and waits for both; what the first or else the second throws is
   * thrown here.
   *
   * @param name of the threads
   * @return what the second returns
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
              CpuAffinity.pin(cpu); // where that fails, the scheduler will find a place
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
