package dev.platter.emulator.result;

import dev.platter.emulator.host.Scheduling;
import dev.platter.emulator.host.ThreadTime;
import dev.platter.emulator.result.document.SchedulingFacts;
import dev.platter.emulator.text.Units;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** How the host treated the threads of a row: as JSON has it, and in words. */
public final class SchedulingReport {
  private static final double NOTABLE = 0.01;
  private static final int NAMED = 3;

  private SchedulingReport() {}

  /**
   * How the host treated a row.
   *
   * @param row the row's name for people
   */
  public record OfRow(String row, Scheduling scheduling) {}

  /** The {@code scheduling} object of a row. */
  public static SchedulingFacts facts(Scheduling scheduling) {
    return new SchedulingFacts(
        Units.rounded(scheduling.elapsedNanos() / 1e9, 4),
        scheduling.busy(),
        rounded(scheduling.worst(), 4),
        worstFirst(scheduling).stream()
            .map(time ->
                new SchedulingFacts.ThreadFacts(
                    time.name(),
                    Units.rounded(time.ranNanos() / 1e9, 4),
                    Units.rounded(time.waitedNanos() / 1e9, 4),
                    Units.rounded(scheduling.waited(time), 4)))
            .toList(),
        rounded(scheduling.stolen(), 4),
        rounded(scheduling.pressure(), 4),
        rounded(scheduling.otherCpus(), 2),
        scheduling.load());
  }

  /** What {@link #facts} was made of, rounded as it is there. */
  static Scheduling of(SchedulingFacts facts) {
    return new Scheduling(
        nanos(facts.seconds()),
        facts.threads().stream()
            .map(thread ->
                new ThreadTime(
                    thread.thread(), nanos(thread.ranSeconds()), nanos(thread.waitedSeconds())))
            .toList(),
        facts.stolenShare(),
        facts.pressureShare(),
        facts.otherCpus(),
        facts.loadAverage());
  }

  private static long nanos(double seconds) {
    return Math.round(seconds * 1e9);
  }

  private static @Nullable Double rounded(@Nullable Double value, int decimals) {
    return value == null ? null : Double.valueOf(Units.rounded(value, decimals));
  }

  private static List<ThreadTime> worstFirst(Scheduling scheduling) {
    return scheduling.threads().stream()
        .sorted(Comparator.comparingLong(ThreadTime::waitedNanos).reversed())
        .toList();
  }

  /** That a host was busy, in sentences; null if it was not, as far as is known. */
  public static @Nullable String sentence(List<OfRow> rows) {
    List<OfRow> busy = rows.stream().filter(row -> row.scheduling().busy()).toList();
    if (busy.isEmpty()) {
      return null;
    }
    String starved =
        busy.stream()
            .map(row -> row.row() + ": " + threads(row.scheduling()))
            .filter(text -> !text.endsWith(": "))
            .collect(Collectors.joining("; "));
    Scheduling all = Scheduling.sum(busy.stream().map(OfRow::scheduling).toList());
    return (starved.isEmpty()
            ? "Other virtual machines had CPU time that this host wanted."
            : "This host had no CPU for threads that could have run (" + starved + ").")
        + meanwhile(all)
        + " The figures are those of a busy host: repeat the run when the host is idle.";
  }

  private static String threads(Scheduling scheduling) {
    return worstFirst(scheduling).stream()
        .filter(time -> scheduling.waited(time) >= NOTABLE)
        .limit(NAMED)
        .map(time -> time.name() + " for " + percent(scheduling.waited(time)) + " of the run")
        .collect(Collectors.joining(", "));
  }

  private static String meanwhile(Scheduling all) {
    List<String> facts = new ArrayList<>();
    if (all.otherCpus() != null) {
      facts.add(String.format(Locale.ROOT, "other programs kept %.1f CPUs busy", all.otherCpus()));
    }
    if (all.load() != null) {
      facts.add(String.format(Locale.ROOT, "the load average was %.1f", all.load()));
    }
    if (all.pressure() != null) {
      facts.add("a task waited for a CPU in " + percent(all.pressure()) + " of the time");
    }
    if (all.stolen() != null && all.stolen() >= NOTABLE) {
      facts.add("other virtual machines had " + percent(all.stolen()) + " of the CPU time (steal)");
    }
    return facts.isEmpty() ? "" : " Meanwhile " + String.join(", ", facts) + ".";
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.0f %%", share * 100);
  }
}
