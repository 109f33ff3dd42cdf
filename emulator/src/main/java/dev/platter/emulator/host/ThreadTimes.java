package dev.platter.emulator.host;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The accounts of all threads of a process at one time. Empty where the kernel keeps no accounts,
 * or does not show them.
 */
public final class ThreadTimes {
  /** This process's threads. */
  public static final File OWN = new File("/proc/self/task");

  private static final int BYTES = 128;

  private final Map<String, ThreadTime> byId;

  private ThreadTimes(Map<String, ThreadTime> byId) {
    this.byId = byId;
  }

  /** The directory of a process's threads. */
  public static File ofProcess(long pid) {
    return new File("/proc/" + pid + "/task");
  }

  /**
   * Reads the accounts.
   *
   * @param tasks a directory such as {@code /proc/self/task}
   */
  public static ThreadTimes read(File tasks) {
    Map<String, ThreadTime> byId = new HashMap<>();
    String[] ids = tasks.list();
    for (String id : ids == null ? new String[0] : ids) {
      ThreadTime time = read(tasks, id);
      if (time != null) {
        byId.put(id, time);
      }
    }
    return new ThreadTimes(byId);
  }

  /** One thread's account; null if the thread has ended or has no account. */
  private static @Nullable ThreadTime read(File tasks, String id) {
    return ThreadTime.parse(name(tasks, id), text(tasks, id, "schedstat"));
  }

  /** A thread's name; empty if the thread has ended. */
  public static String name(File tasks, String id) {
    return text(tasks, id, "comm").stripTrailing();
  }

  private static String text(File tasks, String id, String file) {
    try (FileInputStream in = new FileInputStream(new File(new File(tasks, id), file))) {
      return new String(in.readNBytes(BYTES), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return ""; // the thread has ended, or the kernel has no such file
    }
  }

  /** The times since an earlier reading, for the threads that are in both. */
  public List<ThreadTime> since(ThreadTimes earlier) {
    List<ThreadTime> times = new ArrayList<>();
    byId.forEach((id, time) -> {
      ThreadTime before = earlier.byId.get(id);
      if (before != null) {
        times.add(time.since(before));
      }
    });
    return times;
  }
}
