package dev.platter.emulator.host;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A thread's account with the kernel's scheduler.
 *
 * @param name the kernel's name, at most 15 bytes, one character each
 * @param ranNanos how long it ran on a CPU
 * @param waitedNanos how long it was ready to run and waited for a CPU
 */
public record ThreadTime(String name, long ranNanos, long waitedNanos) {
  /**
   * Parses the text of {@code /proc/PID/task/TID/schedstat}.
   *
   * @return the account; null if the kernel keeps no account
   */
  static @Nullable ThreadTime parse(String name, String schedstat) {
    List<Long> numbers = new ArrayList<>();
    for (String word : schedstat.strip().split(" ", -1)) {
      if (!word.matches("\\d{1,19}")) {
        return null;
      }
      numbers.add(Long.parseLong(word));
    }
    // A kernel without CONFIG_SCHED_INFO has zeroes here; a living thread has always run.
    return numbers.size() < 2 || numbers.get(0) == 0
        ? null
        : new ThreadTime(name, numbers.get(0), numbers.get(1));
  }

  /** The time since an earlier reading of the same thread. */
  ThreadTime since(ThreadTime earlier) {
    return new ThreadTime(name, ranNanos - earlier.ranNanos, waitedNanos - earlier.waitedNanos);
  }
}
