package dev.platter.emulator.host;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The totals of a pressure file (PSI), such as {@code /proc/pressure/io}, in microseconds since
 * boot or since the cgroup was made.
 *
 * @param someMicros time in which at least one task was stalled
 * @param fullMicros time in which all tasks were stalled; null where the file has no such line
 */
public record Pressure(long someMicros, @Nullable Long fullMicros) {
  private static final Pattern LINE =
      Pattern.compile("(some|full) (?:avg\\d+=\\S+ )*total=(\\d{1,18})");

  /** Reads the totals from the file's lines; null if the lines are of another file. */
  public static @Nullable Pressure parse(List<String> lines) {
    Long some = null;
    Long full = null;
    for (String line : lines) {
      Matcher matcher = LINE.matcher(line.strip());
      if (matcher.matches()) {
        Long total = Long.valueOf(matcher.group(2));
        if (matcher.group(1).equals("some")) {
          some = total;
        } else {
          full = total;
        }
      }
    }
    return some == null ? null : new Pressure(some, full);
  }
}
