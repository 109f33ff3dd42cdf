package dev.platter.emulator.lab.iowq;

import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.FindingChart;
import dev.platter.emulator.lab.FindingTable;
import dev.platter.emulator.lab.Verdict;
import dev.platter.emulator.text.Units;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Explains the results of the parts of {@link IoWqExperiment}. */
final class IoWqReport {
  private final String kernel = System.getProperty("os.version", "unknown");
  private List<PuntKinds.Outcome> kinds = List.of();
  private WorkerCaps.@Nullable Limits limits;
  private List<WorkerCaps.Outcome> caps = List.of();
  private WorkerLife life = new WorkerLife(List.of(), null, null);
  private int tid;
  private Set<String> owner = Set.of();

  /** Which kinds of requests made workers. */
  void kinds(List<PuntKinds.Outcome> outcomes) {
    kinds = List.copyOf(outcomes);
  }

  /** Whether limits hold. The kernel's own limits are null if it has no such call. */
  void caps(WorkerCaps.@Nullable Limits defaults, List<WorkerCaps.Outcome> outcomes) {
    limits = defaults;
    caps = List.copyOf(outcomes);
  }

  /**
   * How workers came and went.
   *
   * @param thread the id of the thread that lives on, by gettid(2)
   * @param named the same id in its workers' names
   */
  void life(WorkerLife seen, int thread, Set<String> named) {
    life = seen;
    tid = thread;
    owner = Set.copyOf(named);
  }

  Finding finding(boolean partial) {
    Verdict verdict = life.verdict();
    Finding finding =
        new Finding(
                "Kernel worker threads of io_uring",
                "Which requests does the kernel hand to worker threads, how many of them are"
                    + " there, and does one stay when the last ring is closed?",
                "Li Chen, io-uring mailing list, February 2026: an idle worker that outlives every"
                    + " ring makes CRIU's dump hang; Jens Axboe applied the change that lets it"
                    + " exit, in Linux 7.0 and stable kernels from 6.18.11")
            .expected(
                "What would block is handed to threads iou-wrk-TID, which are threads of this"
                    + " process and work for the thread TID that submitted. Idle ones end after 5"
                    + " s, but for the last of each kind. Without rings an affected kernel still"
                    + " keeps that one until its thread ends; others let it exit at once."
                    + " IORING_REGISTER_IOWQ_MAX_WORKERS limits how many there are.")
            .seen(seen())
            .verdict(verdict, reason(verdict));
    if (verdict == Verdict.AFFECTED) {
      finding.remedy(
          "Linux 7.0, or 6.18.11 or newer of the 6.18 series, lets the last worker exit. Before a"
              + " checkpoint on this kernel, end the threads that have submitted, and not only"
              + " their rings");
    } else if (verdict == Verdict.INCONCLUSIVE) {
      finding.remedy("Run it again, and let it end");
    }
    if (partial) {
      finding.partial();
    }
    finding.add(lifeTable()).add(kindsTable()).add(capsTable()).add(chart());
    details(finding);
    return finding;
  }

  private String seen() {
    StringBuilder text = new StringBuilder("Linux ").append(kernel).append(". ");
    Double closed = life.closed();
    WorkerLife.WorkerCount before = closed == null ? null : life.lastBefore(closed);
    if (closed != null && before != null) {
      text.append("At most ")
          .append(life.most())
          .append(" workers of the thread that lives on, ")
          .append(before.living())
          .append(" still there when the rings were closed after ")
          .append(tenths(closed))
          .append(" s. ");
    }
    WorkerLife.WorkerCount last = life.lastClosed();
    if (closed != null && last != null) {
      Double exit = life.secondsToExit();
      text.append(
          exit != null
              ? "Within " + tenths(Math.max(0.1, exit)) + " s of that there was none. "
              : last.living()
                  + " stayed until the end of the watch, "
                  + tenths(last.seconds() - closed)
                  + " s later. ");
      text.append("Of the thread that ended with its ring ")
          .append(last.ending() == 0 ? "none" : last.ending())
          .append(" stayed. ");
    }
    long held = caps.stream().filter(one -> Boolean.TRUE.equals(one.respected())).count();
    long tried = caps.stream().filter(one -> one.limit() != null).count();
    if (tried > 0) {
      text.append("Limits held in ").append(held).append(" of ").append(tried).append(" trials, ");
      text.append("with ").append(WorkerCaps.REQUESTS).append(" blocked requests each.");
    }
    return text.toString().strip();
  }

  private String reason(Verdict verdict) {
    return switch (verdict) {
      case AFFECTED ->
          "Linux " + kernel + " keeps an idle worker of a thread that has no ring any more";
      case NOT_AFFECTED ->
          "Linux " + kernel + " lets the last worker exit when the thread has no ring any more";
      default ->
          life.most() == 0
              ? "no worker was seen"
              : life.closed() != null && !life.hadWorkerBeforeClose()
                  ? "no worker was left when the rings were closed"
                  : "workers were not watched for the "
                      + WorkerLife.FOR_GOOD_SECONDS
                      + " s that it takes to tell";
    };
  }

  private FindingTable lifeTable() {
    FindingTable table =
        new FindingTable("Workers over time")
            .words("when")
            .figures("at", "s")
            .figures("thread that lives on", "workers")
            .figures("thread that ends", "workers");
    if (!life.samples().isEmpty()) {
      row(table, "requests have completed", life.samples().getFirst());
    }
    Double closed = life.closed();
    if (closed != null) {
      row(table, "before both rings are closed and one thread ends", life.lastBefore(closed));
      row(table, "before the other thread ends too", life.lastClosed());
    }
    if (life.ended() != null) {
      row(table, "at the end", life.samples().getLast());
    }
    String names =
        owner.isEmpty()
            ? ""
            : " The first thread's id is "
                + tid
                + ", and its workers are called iou-wrk-"
                + String.join(" and iou-wrk-", owner)
                + (owner.equals(Set.of(String.valueOf(tid)))
                    ? "."
                    : ": the kernel counts threads over all PID namespaces.");
    return table.note(
        "Each thread submitted "
            + (PuntKinds.REQUESTS - 1)
            + " fsyncs and a read with IOSQE_ASYNC on a ring of its own. A ring is closed when its"
            + " descriptor and its mappings are gone."
            + names);
  }

  private static void row(
      FindingTable table, String when, WorkerLife.@Nullable WorkerCount sample) {
    if (sample != null) {
      table.row(when, Units.rounded(sample.seconds(), 1), sample.living(), sample.ending());
    }
  }

  private FindingTable kindsTable() {
    FindingTable table =
        new FindingTable("What is handed to workers")
            .words(PuntKinds.REQUESTS + " requests of")
            .words("handed over")
            .figures("workers", "");
    for (PuntKinds.Outcome kind : kinds) {
      table.row(
          kind.kind(),
          kind.error() != null ? kind.error() : kind.workers() > 0 ? "yes" : "no",
          kind.workers());
    }
    return table.note(
        "Workers of a new thread once the requests have completed. It depends on the file system"
            + " and on how the file is allocated: see the experiment punting for O_DIRECT writes.");
  }

  private FindingTable capsTable() {
    FindingTable table =
        new FindingTable("Limits (IORING_REGISTER_IOWQ_MAX_WORKERS)")
            .words("kind")
            .figures("limit", "workers")
            .figures("most seen", "workers")
            .words("held")
            .figures("requests completed", "");
    for (WorkerCaps.Outcome cap : caps) {
      Boolean respected = cap.respected();
      table.row(
          cap.kind().name().toLowerCase(Locale.ROOT),
          cap.limit(),
          cap.error() == null ? cap.most() : null,
          cap.error() != null ? cap.error() : respected == null ? "-" : respected ? "yes" : "no",
          cap.error() == null ? cap.completed() : null);
    }
    WorkerCaps.Limits own = limits;
    return table.note(
        WorkerCaps.REQUESTS
            + " requests that block until they are released, at once: open(2) of a FIFO (bounded),"
            + " tee(2) from an empty pipe (unbounded). No limit: the kernel's own, "
            + (own == null
                ? "which it does not tell (before Linux 5.15)."
                : own.bounded() + " bounded and " + own.unbounded() + " unbounded workers."));
  }

  private FindingChart chart() {
    Double closed = life.closed();
    Double ended = life.ended();
    FindingChart chart =
        new FindingChart(
                FindingChart.Kind.LINES,
                "Workers over time"
                    + (closed == null ? "" : ": rings closed at " + tenths(closed) + " s")
                    + (ended == null ? "" : ", all threads ended at " + tenths(ended) + " s"),
                "seconds",
                "worker threads")
            .unit("");
    FindingChart.Series living = chart.series("of a thread that lives on");
    FindingChart.Series ending = chart.series("of a thread that ends when its ring is closed");
    for (WorkerLife.WorkerCount sample : life.samples()) {
      double at = Units.rounded(sample.seconds(), 2);
      living.point(at, sample.living());
      ending.point(at, sample.ending());
    }
    return chart;
  }

  private void details(Finding finding) {
    finding
        .detail("kernel_release", kernel)
        .detail("rings_closed_seconds", rounded(life.closed()))
        .detail("threads_ended_seconds", rounded(life.ended()))
        .detail("exit_after_close_seconds", rounded(life.secondsToExit()))
        .detail("most_workers", life.most());
    WorkerCaps.Limits own = limits;
    finding
        .detail("default_bounded_workers", own == null ? null : own.bounded())
        .detail("default_unbounded_workers", own == null ? null : own.unbounded());
    List<Map<String, @Nullable Object>> trials = new ArrayList<>();
    for (WorkerCaps.Outcome cap : caps) {
      Map<String, @Nullable Object> map = new LinkedHashMap<>();
      map.put("kind", cap.kind().name().toLowerCase(Locale.ROOT));
      map.put("limit_workers", cap.limit());
      map.put("most_workers", cap.most());
      map.put("completed", cap.completed());
      map.put("error", cap.error());
      trials.add(map);
    }
    finding.detail("limits", trials);
    List<Map<String, @Nullable Object>> requests = new ArrayList<>();
    for (PuntKinds.Outcome kind : kinds) {
      Map<String, @Nullable Object> map = new LinkedHashMap<>();
      map.put("request", kind.kind());
      map.put("workers", kind.workers());
      map.put("error", kind.error());
      requests.add(map);
    }
    finding.detail("requests", requests);
  }

  private static @Nullable Double rounded(@Nullable Double seconds) {
    return seconds == null ? null : Units.rounded(seconds, 2);
  }

  private static String tenths(double seconds) {
    return Double.toString(Units.rounded(seconds, 1));
  }
}
