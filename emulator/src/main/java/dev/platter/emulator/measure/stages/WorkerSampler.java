package dev.platter.emulator.measure.stages;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Finds a process's worker threads of io_uring, and whether one of them is busy. Used by one
 * thread.
 */
final class WorkerSampler {
  private static final int INTERVALS = 4096;
  private static final String WORKER = "iou-wrk";
  // A new worker has its creator's name for a moment, so other threads are checked several times.
  private static final int LOOKS = 3;

  private final File tasks;
  private final Map<String, Integer> strangers = new HashMap<>();
  private final Set<String> workers = new HashSet<>();
  private final byte[] buffer = new byte[512];
  private final long[] begins;
  private final long[] ends;
  private int count;
  // Whether the last sample saw a busy worker and belongs to the last interval.
  private boolean lastIsOpen;

  /** A sampler of the threads in a directory such as {@code /proc/self/task}. */
  WorkerSampler(File tasks) {
    this(tasks, INTERVALS);
  }

  WorkerSampler(File tasks, int intervals) {
    this.tasks = tasks;
    this.begins = new long[intervals];
    this.ends = new long[intervals];
  }

  /**
   * Takes a sample.
   *
   * @param nanoTime the present time
   */
  void sample(long nanoTime) {
    String[] ids = tasks.list();
    sample(nanoTime, ids == null ? new String[0] : ids);
  }

  /**
   * Takes a sample.
   *
   * @param nanoTime the present time
   * @param ids the names in the directory
   */
  void sample(long nanoTime, String[] ids) {
    boolean busy = anyBusy(ids);
    if (busy && lastIsOpen) {
      ends[count - 1] = nanoTime;
    } else if (busy && count < begins.length) {
      begins[count] = nanoTime;
      ends[count] = nanoTime;
      count++;
      lastIsOpen = true;
    } else {
      lastIsOpen = false;
    }
  }

  private boolean anyBusy(String[] ids) {
    boolean busy = false;
    for (String id : ids) {
      busy |= isWorker(id) && isBusy(id);
    }
    forgetEnded(ids);
    return busy;
  }

  private boolean isWorker(String id) {
    if (workers.contains(id)) {
      return true;
    }
    Integer looks = strangers.getOrDefault(id, 0);
    if (looks >= LOOKS) {
      return false;
    }
    boolean worker = read(id, "comm").startsWith(WORKER);
    if (worker) {
      workers.add(id);
    } else {
      strangers.put(id, looks + 1);
    }
    return worker;
  }

  /** Whether a worker runs or is in an uninterruptible system call; an idle worker just sleeps. */
  private boolean isBusy(String id) {
    String stat = read(id, "stat");
    int state = stat.lastIndexOf(')') + 2;
    return state < stat.length() && (stat.charAt(state) == 'R' || stat.charAt(state) == 'D');
  }

  /** The beginning of a file; empty if the thread has ended. */
  private String read(String id, String file) {
    try (FileInputStream in = new FileInputStream(new File(new File(tasks, id), file))) {
      int length = in.read(buffer);
      return length <= 0 ? "" : new String(buffer, 0, length, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return "";
    }
  }

  /** Forgets ended threads, because their ids may be given to other threads. */
  private void forgetEnded(String[] ids) {
    if (strangers.size() + workers.size() > ids.length) {
      Set<String> alive = Set.copyOf(Arrays.asList(ids));
      strangers.keySet().retainAll(alive);
      workers.retainAll(alive);
    }
  }

  /** When a worker was seen busy. */
  BusyIntervals intervals() {
    return new BusyIntervals(Arrays.copyOf(begins, count), Arrays.copyOf(ends, count));
  }
}
