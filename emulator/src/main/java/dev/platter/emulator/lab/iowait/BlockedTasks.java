package dev.platter.emulator.lab.iowait;

import dev.platter.emulator.host.HostFiles;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How often a sample of {@code procs_blocked} in {@code /proc/stat} finds a task that waits for
 * I/O. Unlike iowait and PSI, this figure does not depend on the activity of the CPUs.
 */
final class BlockedTasks {
  /** Time between two looks that is short enough for a window. */
  static final long PERIOD_NANOS = 20_000_000;

  private static final Pattern LINE = Pattern.compile("procs_blocked (\\d{1,9})");

  private int looks;
  private int found;
  private boolean missing;

  /** The number of tasks in the file's lines; null if they do not have it. */
  static @Nullable Integer parse(List<String> lines) {
    for (String line : lines) {
      Matcher matcher = LINE.matcher(line);
      if (matcher.matches()) {
        return Integer.valueOf(matcher.group(1));
      }
    }
    return null;
  }

  /** Takes a sample. */
  void look() {
    look(HostFiles.ofHost().lines("/proc/stat"));
  }

  /** Takes a sample from lines of the file. */
  void look(List<String> lines) {
    Integer blocked = parse(lines);
    if (blocked == null) {
      missing = true;
      return;
    }
    looks++;
    if (blocked > 0) {
      found++;
    }
  }

  /** The share of looks that found one; null if there was no look, or one could not be made. */
  @Nullable Double share() {
    if (looks == 0 || missing) {
      return null;
    }
    return (double) found / looks;
  }
}
