package dev.platter.emulator.trace;

import dev.platter.emulator.host.ThreadTime;
import dev.platter.emulator.host.ThreadTimes;
import java.io.File;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Looks how long the threads of a process have waited for a CPU, but for those that the JVM has for
 * itself. Used by one thread.
 */
final class DelaySampler {
  private static final long NOTABLE_NANOS = 100_000;
  // A server may run for months: what is kept is bounded.
  private static final int WINDOWS = 1 << 16;
  // A new thread bears its creator's name for a moment.
  private static final int LOOKS = 3;

  private static final List<String> JVMS_OWN =
      List.of(
          "C1 ",
          "C2 ",
          "GC ",
          "G1 ",
          "VM ",
          "Signal ",
          "Common-",
          "Reference ",
          "Finalizer",
          "Service ",
          "Monitor ",
          "Notificat",
          "JFR ",
          "Attach ",
          "iou-");

  private static final class Watched {
    String name = "";
    int looks;
    boolean own;
    long at;
    long waitedNanos = -1;
    final List<ThreadDelays.Window> windows = new ArrayList<>();
  }

  private final File tasks;
  private final Map<String, Watched> alive = new HashMap<>();
  private final List<Watched> ended = new ArrayList<>();
  private int windows;

  /** A sampler of the threads in a directory such as {@code /proc/self/task}. */
  DelaySampler(File tasks) {
    this.tasks = tasks;
  }

  /**
   * Looks once.
   *
   * @param nanoTime when that is
   */
  void sample(long nanoTime) {
    String[] ids = tasks.list();
    if (ids == null) {
      return;
    }
    for (String id : ids) {
      Watched thread = alive.computeIfAbsent(id, _ -> new Watched());
      if (thread.looks < LOOKS) {
        thread.looks++;
        thread.name = ThreadTimes.name(tasks, id);
        thread.own = JVMS_OWN.stream().anyMatch(thread.name::startsWith);
      }
      if (!thread.own || thread.looks < LOOKS) {
        look(thread, id, nanoTime);
      }
    }
    forgetEnded(ids);
  }

  private void look(Watched thread, String id, long nanoTime) {
    ThreadTime time = ThreadTimes.read(tasks, id);
    if (time == null) {
      return;
    }
    long waited = time.waitedNanos() - thread.waitedNanos;
    if (thread.waitedNanos >= 0 && waited >= NOTABLE_NANOS && windows < WINDOWS) {
      windows++;
      thread.windows.add(new ThreadDelays.Window("", thread.at, nanoTime, waited));
    }
    thread.at = nanoTime;
    thread.waitedNanos = time.waitedNanos();
  }

  private void forgetEnded(String[] ids) {
    if (alive.size() > ids.length) {
      Set<String> there = Set.copyOf(Arrays.asList(ids));
      alive
          .entrySet()
          .removeIf(entry -> {
            boolean gone = !there.contains(entry.getKey());
            if (gone) {
              keep(entry.getValue());
            }
            return gone;
          });
    }
  }

  private void keep(@Nullable Watched thread) {
    if (thread != null && !thread.windows.isEmpty()) {
      ended.add(thread);
    }
  }

  /** What was seen. */
  ThreadDelays delays() {
    List<ThreadDelays.Window> all = new ArrayList<>();
    List<Watched> threads = new ArrayList<>(ended);
    threads.addAll(alive.values());
    for (Watched thread : threads) {
      for (ThreadDelays.Window window : thread.windows) {
        all.add(
            new ThreadDelays.Window(
                thread.name, window.beginNanos(), window.endNanos(), window.waitedNanos()));
      }
    }
    return new ThreadDelays(all);
  }
}
