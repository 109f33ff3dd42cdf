package dev.platter.emulator.trace;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * How long threads could have run and waited for a CPU, and when: by windows between two looks at
 * them.
 */
public final class ThreadDelays {
  /** No thread was looked at. */
  public static final ThreadDelays NONE = new ThreadDelays(List.of());

  /**
   * A window.
   *
   * @param thread the thread's name as the kernel has it
   * @param number which thread of that name: the kernel cuts names, and several may have one
   * @param beginNanos the look before, on the clock of {@link System#nanoTime}
   * @param endNanos the look after
   * @param waitedNanos how long it waited between them
   */
  public record Window(
      String thread, int number, long beginNanos, long endNanos, long waitedNanos) {
    /** Of the only thread of that name. */
    Window(String thread, long beginNanos, long endNanos, long waitedNanos) {
      this(thread, 0, beginNanos, endNanos, waitedNanos);
    }
  }

  private record Key(String name, int number) {}

  private final Map<Key, List<Window>> byThread = new HashMap<>();

  /** From windows in any order. Those of one thread do not overlap. */
  public ThreadDelays(List<Window> windows) {
    for (Window window : windows) {
      byThread
          .computeIfAbsent(new Key(window.thread(), window.number()), _ -> new ArrayList<>())
          .add(window);
    }
    for (List<Window> list : byThread.values()) {
      long origin = list.getFirst().beginNanos();
      list.sort(Comparator.comparingLong(window -> window.beginNanos() - origin));
    }
  }

  /**
   * How long one of some threads may have waited in a stretch of time: in each window as long as it
   * did there, but no longer than the stretch and the window have in common. Of several threads the
   * one that may have waited longest counts.
   */
  public long waitedNanos(Predicate<String> threads, long beginNanos, long nanos) {
    long most = 0;
    for (Map.Entry<Key, List<Window>> entry : byThread.entrySet()) {
      if (threads.test(entry.getKey().name())) {
        most = Math.max(most, waited(entry.getValue(), beginNanos, nanos));
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
