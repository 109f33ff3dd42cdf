package dev.platter.emulator.lab.iowait;

import dev.platter.emulator.host.PressureFile;
import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.FindingChart;
import dev.platter.emulator.lab.FindingTable;
import dev.platter.emulator.lab.Verdict;
import dev.platter.emulator.text.Units;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Explains {@link IowaitResults}. */
final class IowaitReport {
  private static final int MAX_CPUS = 16;

  /** Windows of the bare ring without which no verdict is possible. */
  private static final int ENOUGH_WINDOWS = 3;

  private static final List<IowaitCase> BY_CPU =
      List.of(
          IowaitCase.NOTHING,
          IowaitCase.BEFORE,
          IowaitCase.AFTER,
          IowaitCase.AFTER_OPT_OUT,
          IowaitCase.READS);
  private static final String LACKS =
      "PSI: a kernel with CONFIG_PSI, and psi=1 on its command line where it is not on by default."
          + " iowait: /proc/stat of the host itself";

  /**
   * The features of the run.
   *
   * @param hasOptOut whether the kernel knows NO_IOWAIT
   * @param direct whether the scratch directory has O_DIRECT
   * @param partial whether it was interrupted
   */
  record Setting(boolean hasOptOut, boolean direct, boolean partial) {}

  private final StallReading.Sources sources;
  private final String kernel = System.getProperty("os.version", "unknown");

  IowaitReport(StallReading.Sources sources) {
    this.sources = sources;
  }

  private static Finding question() {
    return new Finding(
            "Idle loops that look busy with I/O",
            "Does a thread count as waiting for I/O while it waits on a ring that has nothing in"
                + " flight, and do Platter's idle loops?",
            "Fiona Ebner, io-uring mailing list, April 2026: QEMU 10.2's idle IOThreads drive"
                + " /proc/pressure/io close to 100")
        .expected(
            "On an affected kernel a wait on an idle ring counts as I/O once the thread has"
                + " completed one request, and not before: the kernel takes the references that it"
                + " keeps in stock for the task's next requests for requests in flight. With"
                + " IORING_ENTER_NO_IOWAIT (Linux 6.15) it does not count. A loop should pass that"
                + " flag exactly while no block request is in flight, so that real I/O counts on.");
  }

  /** Begins with all details; unknown ones are null. */
  private Finding begin() {
    return question()
        .detail("kernel_release", kernel)
        .detail("has_no_iowait", null)
        .detail("has_o_direct", null)
        .detail("not_available", missing())
        .detail("cgroup", sources.cgroup().path() == null ? null : "" + sources.cgroup().path())
        .detail("baseline_deviation_percent", null)
        .detail("cases", List.of());
  }

  /** The finding if no counter can be read. */
  Finding notPossible() {
    return begin()
        .seen(String.join(". ", missing()) + ".")
        .verdict(Verdict.NOT_POSSIBLE, "this host shows neither iowait nor pressure figures")
        .remedy(LACKS);
  }

  private List<String> missing() {
    List<String> missing = new ArrayList<>();
    if (sources.read().iowait() == null) {
      missing.add("/proc/stat has no iowait column");
    }
    for (PressureFile file : List.of(sources.host(), sources.cgroup())) {
      String why = file.unavailable();
      if (why != null) {
        missing.add(why);
      }
    }
    return missing;
  }

  Finding finding(IowaitResults results, Map<IowaitCase, Waiter.Done> done, Setting setting) {
    Finding finding = begin();
    Verdict judged = results.verdict();
    boolean tooShort =
        results.windows(IowaitCase.AFTER).size() < ENOUGH_WINDOWS
            || (setting.partial() && judged == Verdict.INCONCLUSIVE);
    Verdict verdict = tooShort ? Verdict.INCONCLUSIVE : judged;
    finding
        .seen(seen(results, setting))
        .verdict(
            verdict,
            tooShort
                ? (setting.partial() ? "it was interrupted before" : "it ended before")
                    + " there were enough windows to tell"
                : reason(verdict, results, setting));
    if (verdict == Verdict.AFFECTED) {
      finding.remedy(
          setting.hasOptOut()
              ? "Use software that passes IORING_ENTER_NO_IOWAIT while it has no I/O in flight, as"
                  + " Platter's loops do. Until then, read neither iowait nor PSI io of this host"
                  + " as a sign of slow disks while such a program runs"
              : "Linux 6.15 or newer, and software that passes IORING_ENTER_NO_IOWAIT while it has"
                  + " no I/O in flight, as Platter's loops do there");
    } else if (verdict == Verdict.INCONCLUSIVE) {
      finding.remedy(
          tooShort
              ? "Run it again, and let it end"
              : setting.direct()
                  ? "Run it again while the host does less, or with --full"
                  : "Run it again with --dir on a file system that has O_DIRECT");
    }
    if (setting.partial()) {
      finding.partial();
    }
    finding.add(table(results, setting));
    Set<Integer> cpus = cpusWithIowait(results);
    if (!cpus.isEmpty()) {
      finding.add(byCpu(results, cpus));
    }
    finding.add(loops(results, done)).add(tools()).add(chart(results));
    details(finding, results, done, setting);
    return finding;
  }

  private String seen(IowaitResults results, Setting setting) {
    StringBuilder text = new StringBuilder("On Linux ").append(kernel).append(", ");
    if (results.has(IowaitCase.AFTER)) {
      text.append("a bare ring after one request adds ")
          .append(added(results, IowaitCase.AFTER))
          .append("; before any request ")
          .append(added(results, IowaitCase.BEFORE));
      text.append(
          results.has(IowaitCase.AFTER_OPT_OUT)
              ? "; with NO_IOWAIT " + added(results, IowaitCase.AFTER_OPT_OUT) + ". "
              : ". ");
    }
    text.append(platter(results, setting));
    if (results.has(IowaitCase.READS)) {
      text.append("With a read always in flight an IOThread adds ")
          .append(added(results, IowaitCase.READS))
          .append(
              results.counters().stream().anyMatch(one -> results.rises(IowaitCase.READS, one))
                  ? ", so real I/O is still counted. "
                  : ", which its windows do not tell apart from those with nothing of ours. ");
    } else if (!setting.direct()) {
      text.append(
          "Real I/O was left out: the scratch directory has no O_DIRECT, and reads from the page"
              + " cache do not wait. ");
    }
    for (String missing : missing()) {
      text.append("Not available: ").append(missing).append(". ");
    }
    return text.toString().strip();
  }

  private static String platter(IowaitResults results, Setting setting) {
    if (!results.has(IowaitCase.IOTHREAD) || !results.has(IowaitCase.MAIN_LOOP)) {
      return "";
    }
    String text =
        "Platter's idle IOThread adds "
            + added(results, IowaitCase.IOTHREAD)
            + ", its idle main loop "
            + added(results, IowaitCase.MAIN_LOOP);
    if (!setting.hasOptOut()) {
      return text + "; this kernel has no opt-out. ";
    }
    return results.has(IowaitCase.IOTHREAD_ABLATED) && results.has(IowaitCase.MAIN_LOOP_ABLATED)
        ? text
            + "; with the opt-out switched off "
            + added(results, IowaitCase.IOTHREAD_ABLATED)
            + " and "
            + added(results, IowaitCase.MAIN_LOOP_ABLATED)
            + ". "
        : text + ". ";
  }

  /** The most telling counters of a case, as text. */
  private static String added(IowaitResults results, IowaitCase what) {
    Set<StallCounter> counters = results.counters();
    List<String> parts = new ArrayList<>();
    for (StallCounter counter : counters) {
      boolean told =
          counter != StallCounter.CGROUP_SOME || !counters.contains(StallCounter.HOST_SOME);
      Double added = isHeadline(counter) && told ? results.added(what, counter) : null;
      if (added != null) {
        parts.add(percent(added) + " % " + counter.label());
      }
    }
    return parts.isEmpty() ? "an unknown share" : String.join(", ", parts);
  }

  private String reason(Verdict verdict, IowaitResults results, Setting setting) {
    List<String> counts = new ArrayList<>();
    List<String> dead = new ArrayList<>();
    List<String> unclear = new ArrayList<>();
    for (StallCounter counter : results.counters()) {
      switch (results.says(counter)) {
        case COUNTS -> counts.add(counter.label());
        case DEAD -> dead.add(counter.label());
        case UNCLEAR -> unclear.add(counter.label());
        case DOES_NOT -> {}
      }
    }
    String blind = dead.isEmpty() ? "" : blind(dead, setting);
    return switch (verdict) {
      case AFFECTED ->
          "Linux " + kernel + " counts the wait of an idle ring as I/O in " + join(counts) + blind;
      case NOT_AFFECTED ->
          "Linux "
              + kernel
              + " counts real I/O and not the wait of an idle ring"
              + blind
              + (unclear.isEmpty() ? "" : "; what else goes on hides it in " + join(unclear));
      case NOT_POSSIBLE -> "no figure could be read all the time";
      case INCONCLUSIVE ->
          unclear.isEmpty()
              ? "nothing was seen either way" + blind
              : "what else goes on hides it in " + join(unclear) + blind;
    };
  }

  private static String blind(List<String> dead, Setting setting) {
    if (setting.partial()) {
      return ""; // there may have been too few reads
    }
    return setting.direct()
        ? "; not even real I/O moves "
            + join(dead)
            + " (iowait and full need a CPU with nothing else to do)"
        : "; without O_DIRECT there was no real I/O to see whether it moves " + join(dead);
  }

  private static String join(List<String> labels) {
    return String.join(", ", labels);
  }

  private FindingTable table(IowaitResults results, Setting setting) {
    Set<StallCounter> counters = results.counters();
    FindingTable table =
        new FindingTable("Share of the time in which something waits for I/O").words("what waits");
    counters.forEach(counter -> table.figures(counter.label(), "%"));
    for (IowaitCase what : IowaitCase.values()) {
      if (results.has(what)) {
        List<@Nullable Object> cells = new ArrayList<>();
        cells.add(what.label());
        counters.forEach(counter -> cells.add(shown(results.share(what, counter))));
        table.row(cells.toArray());
      }
    }
    String cgroup =
        sources.cgroup().path() == null ? "" : " cgroup: " + sources.cgroup().path() + ".";
    return table.note(
        "Medians of the windows, nothing subtracted. blocked: looks, every 20 ms, that find a task"
            + " in procs_blocked of /proc/stat. iowait: of all CPUs together, in ticks of 10 ms;"
            + " only an idle CPU counts it. PSI weighs CPUs by how long they are not idle, so other"
            + " work makes its share smaller."
            + cgroup
            + (setting.hasOptOut() ? "" : " This kernel has no NO_IOWAIT (Linux 6.15)."));
  }

  private static boolean isHeadline(StallCounter counter) {
    return counter == StallCounter.BLOCKED
        || counter == StallCounter.IOWAIT
        || counter == StallCounter.HOST_SOME
        || counter == StallCounter.CGROUP_SOME;
  }

  private static Set<Integer> cpusWithIowait(IowaitResults results) {
    Set<Integer> cpus = new TreeSet<>();
    for (IowaitCase what : BY_CPU) {
      results
          .iowaitByCpu(what)
          .forEach((cpu, seconds) -> {
            if (seconds > 0) {
              cpus.add(cpu);
            }
          });
    }
    return cpus;
  }

  private static FindingTable byCpu(IowaitResults results, Set<Integer> cpus) {
    FindingTable table = new FindingTable("iowait by CPU, in all windows").words("CPU");
    BY_CPU.forEach(what -> table.figures(what.label(), "s"));
    cpus.stream()
        .limit(MAX_CPUS)
        .forEach(cpu -> {
          List<@Nullable Object> cells = new ArrayList<>();
          cells.add("cpu" + cpu);
          for (IowaitCase what : BY_CPU) {
            Double seconds = results.iowaitByCpu(what).get(cpu);
            cells.add(seconds == null ? null : Units.rounded(seconds, 2));
          }
          table.row(cells.toArray());
        });
    return table.note(
        "CPUs that had any"
            + (cpus.size() > MAX_CPUS ? ", the first " + MAX_CPUS + " of " + cpus.size() : "")
            + ". The kernel charges the CPU on which the waiting thread last ran.");
  }

  private static FindingTable loops(IowaitResults results, Map<IowaitCase, Waiter.Done> done) {
    FindingTable table =
        new FindingTable("What waited, in all windows")
            .words("what waits")
            .figures("windows", "")
            .figures("enters", "")
            .figures("with NO_IOWAIT", "")
            .figures("requests completed", "");
    done.forEach((what, counts) -> {
      if (what != IowaitCase.NOTHING) {
        table.row(
            what.label(),
            results.windows(what).size(),
            what == IowaitCase.PREADS ? null : counts.enters(),
            what == IowaitCase.PREADS ? null : counts.optedOut(),
            counts.requests());
      }
    });
    return table.note(
        "A bare ring waits 250 ms at a time, an idle loop until its next timer. An idle loop has"
            + " completed 64 reads before.");
  }

  private static FindingTable tools() {
    return new FindingTable("Who shows these figures")
        .words("tool")
        .words("what it calls it")
        .words("from")
        .row("vmstat", "b", "blocked")
        .row("top, vmstat", "wa", "iowait")
        .row("iostat, mpstat -P ALL, sar -u", "%iowait", "iowait")
        .row("node_exporter", "node_cpu_seconds_total{mode=\"iowait\"}", "iowait")
        .row("node_exporter", "node_pressure_io_waiting_seconds_total, _stalled_", "PSI host")
        .row("cAdvisor, container dashboards", "pressure of I/O per container", "PSI cgroup")
        .row("autoscalers, schedulers and oomd rules on I/O pressure", "some, full", "PSI")
        .row("systemd-oomd, load average", "not affected", "memory PSI; uninterruptible tasks");
  }

  private static FindingChart chart(IowaitResults results) {
    FindingChart chart =
        new FindingChart(
                FindingChart.Kind.BARS,
                "Time counted as waiting for I/O, more than with nothing of ours",
                "what waits",
                "% of the time")
            .unit("%");
    for (StallCounter counter : results.counters()) {
      if (isHeadline(counter)) {
        FindingChart.Series series = chart.series(counter.label());
        for (IowaitCase what : IowaitCase.values()) {
          Double added = what == IowaitCase.NOTHING ? null : results.added(what, counter);
          if (added != null) {
            series.bar(what.label(), Units.rounded(100 * Math.max(0, added), 1));
          }
        }
      }
    }
    return chart;
  }

  private void details(
      Finding finding, IowaitResults results, Map<IowaitCase, Waiter.Done> done, Setting setting) {
    finding.detail("has_no_iowait", setting.hasOptOut()).detail("has_o_direct", setting.direct());
    Map<String, @Nullable Object> noise = new LinkedHashMap<>();
    Set<StallCounter> counters = results.counters();
    for (StallCounter one : StallCounter.values()) {
      noise.put(one.key(), counters.contains(one) ? rounded(results.noise(one)) : null);
    }
    finding.detail("baseline_deviation_percent", noise);
    List<Map<String, @Nullable Object>> cases = new ArrayList<>();
    for (IowaitCase what : IowaitCase.values()) {
      if (results.has(what)) {
        cases.add(caseMap(what, results, done.getOrDefault(what, new Waiter.Done(0, 0, 0))));
      }
    }
    finding.detail("cases", cases);
  }

  private static Map<String, @Nullable Object> caseMap(
      IowaitCase what, IowaitResults results, Waiter.Done done) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("case", what.key());
    map.put("enters", done.enters());
    map.put("no_iowait_waits", done.optedOut());
    map.put("requests", done.requests());
    List<Map<String, @Nullable Object>> windows = new ArrayList<>();
    for (StallReading.Window window : results.windows(what)) {
      Map<String, @Nullable Object> one = new LinkedHashMap<>();
      one.put("seconds", Units.rounded(window.seconds(), 3));
      for (StallCounter counter : StallCounter.values()) {
        one.put(counter.key() + "_percent", rounded(window.shares().get(counter)));
      }
      Map<String, @Nullable Object> byCpu = new LinkedHashMap<>();
      SortedMap<Integer, Double> seconds = window.iowaitSeconds();
      seconds.forEach((cpu, iowait) -> byCpu.put("cpu" + cpu, Units.rounded(iowait, 2)));
      one.put("iowait_seconds", byCpu);
      windows.add(one);
    }
    map.put("windows", windows);
    return map;
  }

  private static String percent(double share) {
    return Double.toString(Units.rounded(100 * share, 1));
  }

  /** A share in the form of sentences. */
  private static @Nullable Double shown(@Nullable Double share) {
    return share == null ? null : Units.rounded(100 * share, 1);
  }

  private static @Nullable Double rounded(@Nullable Double share) {
    return share == null ? null : Units.rounded(100 * share, 2);
  }
}
