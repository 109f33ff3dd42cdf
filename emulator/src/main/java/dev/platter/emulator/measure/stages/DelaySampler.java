package dev.platter.emulator.measure.stages;

import dev.platter.emulator.host.ThreadTimes;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Measures how long the threads of a process have waited for a CPU, except the JVM's own threads.
 * Used by one thread.
 */
final class DelaySampler {
  private static final long NOTABLE_NANOS = 100_000;
  // A server may run for months, so the number of windows is bounded.
  private static final int WINDOWS = 1 << 16;
  // A new thread has its creator's name for a moment, so its name is read several times.
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
    final File account;
    String name = "";
    int looks;
    boolean own;
    long at;
    long waitedNanos = -1;
    final List<ThreadDelays.Window> windows = new ArrayList<>();

    Watched(File account) {
      this.account = account;
    }
  }

  private final File tasks;
  private final Map<String, Watched> alive = new HashMap<>();
  private final List<Watched> ended = new ArrayList<>();
  private final byte[] buffer = new byte[128];
  private int windows;

  /** A sampler of the threads in a directory such as {@code /proc/self/task}. */
  DelaySampler(File tasks) {
    this.tasks = tasks;
  }

  /**
   * Takes a sample.
   *
   * @param nanoTime the present time
   */
  void sample(long nanoTime) {
    String[] ids = tasks.list();
    if (ids != null) {
      sample(nanoTime, ids);
    }
  }

  /**
   * Takes a sample.
   *
   * @param nanoTime the present time
   * @param ids the names in the directory
   */
  void sample(long nanoTime, String[] ids) {
    for (String id : ids) {
      Watched thread = alive.get(id);
      if (thread == null) {
        thread = new Watched(new File(new File(tasks, id), "schedstat"));
        alive.put(id, thread);
      }
      if (thread.looks < LOOKS) {
        thread.looks++;
        thread.name = ThreadTimes.name(tasks, id);
        thread.own = JVMS_OWN.stream().anyMatch(thread.name::startsWith);
      }
      if (!thread.own || thread.looks < LOOKS) {
        look(thread, nanoTime);
      }
    }
    forgetEnded(ids);
  }

  private void look(Watched thread, long nanoTime) {
    long now = waitedNanos(thread.account);
    if (now < 0) {
      return;
    }
    long waited = now - thread.waitedNanos;
    if (thread.waitedNanos >= 0 && waited >= NOTABLE_NANOS && windows < WINDOWS) {
      windows++;
      thread.windows.add(new ThreadDelays.Window(thread.at, nanoTime, waited));
    }
    thread.at = nanoTime;
    thread.waitedNanos = now;
  }

  /**
   * The second number of an account; negative if the thread has ended or the kernel keeps no
   * account. Makes no string, because it runs a hundred times a second for each thread.
   */
  private long waitedNanos(File account) {
    int length;
    try (FileInputStream in = new FileInputStream(account)) {
      length = in.read(buffer);
    } catch (IOException e) {
      return -1;
    }
    int at = 0;
    while (at < length && buffer[at] != ' ') {
      at++;
    }
    long waited = -1;
    for (at++; at < length && buffer[at] >= '0' && buffer[at] <= '9'; at++) {
      waited = Math.max(0, waited) * 10 + buffer[at] - '0';
    }
    // Without CONFIG_SCHED_INFO all numbers are 0; a living thread has always run.
    return length > 1 && buffer[0] == '0' && buffer[1] == ' ' ? -1 : waited;
  }

  private void forgetEnded(String[] ids) {
    if (alive.size() > ids.length) {
      Set<String> there = Set.copyOf(Arrays.asList(ids));
      alive
          .entrySet()
          .removeIf(entry -> {
            boolean gone = !there.contains(entry.getKey());
            if (gone && !entry.getValue().windows.isEmpty()) {
              ended.add(entry.getValue());
            }
            return gone;
          });
    }
  }

  /** The delays that were measured. */
  ThreadDelays delays() {
    return new ThreadDelays(
        Stream.concat(ended.stream(), alive.values().stream())
            .map(thread -> new ThreadDelays.OfThread(thread.name, thread.windows))
            .toList());
  }
}
