package dev.platter.emulator.measure.stages;

import java.util.List;
import java.util.function.Predicate;

/**
 * When and how long threads waited for a CPU, by windows between two samples.
 *
 * @param threads the sampled threads
 */
public record ThreadDelays(List<OfThread> threads) {
  /** No thread was sampled. */
  public static final ThreadDelays NONE = new ThreadDelays(List.of());

  /**
   * A window.
   *
   * @param beginNanos the first sample, on the clock of {@link System#nanoTime}
   * @param endNanos the second sample
   * @param waitedNanos how long the thread waited between them
   */
  public record Window(long beginNanos, long endNanos, long waitedNanos) {}

  /**
   * A thread.
   *
   * @param name the kernel's name, which may be cut off, and which several threads may share
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
   * The longest time that one of the named threads may have waited in a stretch of time. In each
   * window, that is its wait there, but at most the part of the window inside the stretch.
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
