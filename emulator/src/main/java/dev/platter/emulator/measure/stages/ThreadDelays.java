package dev.platter.emulator.measure.stages;

import java.util.List;
import java.util.function.Predicate;

/**
 * How long threads could have run and waited for a CPU, and when: by windows between two looks at
 * them.
 *
 * @param threads those that were looked at
 */
public record ThreadDelays(List<OfThread> threads) {
  /** No thread was looked at. */
  public static final ThreadDelays NONE = new ThreadDelays(List.of());

  /**
   * A window.
   *
   * @param beginNanos the look before, on the clock of {@link System#nanoTime}
   * @param endNanos the look after
   * @param waitedNanos how long it waited between them
   */
  public record Window(long beginNanos, long endNanos, long waitedNanos) {}

  /**
   * A thread.
   *
   * @param name as the kernel has it: it cuts names, and several threads may have one
   * @param windows in order of time; they do not overlap
   */
  public record OfThread(String name, List<Window> windows) {
    /** Copies the windows. */
    public OfThread {
      windows = List.copyOf(windows);
    }
  }

  /** Copies the threads. */
  public ThreadDelays {
    threads = List.copyOf(threads);
  }

  /**
   * How long one of some threads may have waited in a stretch of time: in each window as long as it
   * did there, but no longer than the stretch and the window have in common. Of several threads the
   * one that may have waited longest counts.
   */
  public long waitedNanos(Predicate<String> names, long beginNanos, long nanos) {
    long most = 0;
    for (OfThread thread : threads) {
      if (names.test(thread.name())) {
        most = Math.max(most, waited(thread.windows(), beginNanos, nanos));
      }
    }
    return most;
  }

  private static long waited(List<Window> windows, long beginNanos, long nanos) {
    int low = 0;
    int high = windows.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (windows.get(middle).endNanos() - beginNanos <= 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    long waited = 0;
    for (int i = low; i < windows.size(); i++) {
      Window window = windows.get(i);
      long from = Math.max(0, window.beginNanos() - beginNanos);
      long to = Math.min(nanos, window.endNanos() - beginNanos);
      if (from >= nanos) {
        break;
      }
      waited += Math.min(to - from, window.waitedNanos());
    }
    return waited;
  }
}
