package dev.platter.emulator.lab.lostwakeup;

import dev.platter.aio.loop.Ablation;
import dev.platter.aio.loop.AioConfig;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.emulator.lab.Experiment;
import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.FindingChart;
import dev.platter.emulator.lab.FindingTable;
import dev.platter.emulator.lab.LabContext;
import dev.platter.emulator.lab.Plant;
import dev.platter.emulator.lab.Verdict;
import dev.platter.emulator.measure.stages.Observations;
import dev.platter.emulator.measure.stages.PauseObserver;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.measure.workload.Iotest;
import dev.platter.emulator.measure.workload.MeasuredRun;
import dev.platter.emulator.measure.workload.ScratchImage;
import dev.platter.emulator.measure.workload.TestBed;
import dev.platter.emulator.result.IotestReport;
import dev.platter.emulator.result.Summary;
import dev.platter.emulator.result.Variant;
import dev.platter.emulator.result.document.Percentiles;
import dev.platter.emulator.result.document.RequestStages;
import dev.platter.emulator.text.Units;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A request that a vCPU thread queues into the main loop's ring without notifying the main loop:
 * QEMU 10.2 with {@code aio=io_uring}, found by Jens Axboe.
 */
public final class LostWakeupExperiment implements Experiment {
  /** The amount of data and the number of rounds. */
  record Amount(long totalBytes, int rounds, int roundsWithoutNotify) {}

  private static final Amount QUICK = new Amount(128L << 20, 3, 1);
  private static final Amount FULL = new Amount(128L << 20, 7, 3);
  // With the planted fault, the ordinary disk is as slow as the disk without notification.
  private static final Amount PLANTED = new Amount(32L << 20, 1, 1);
  private static final long WARM_UP_BYTES = 32 << 20;
  private static final long PLANTED_WARM_UP_BYTES = 4 << 20;
  private static final int CHUNK = 128 << 10;
  private static final int BATCH = 16;
  private static final long PAUSE_NANOS = 1_000_000;
  private static final long HALT_POLL_NANOS = 200_000;
  private static final double ALIKE = 0.1;

  /**
   * A case.
   *
   * @param publishedSeconds the published time for 128 MB; 0 if there is none
   * @param activityNanos how often other activity wakes the main loop; 0 for never
   */
  private record Case(
      DeviceKind device, Variant variant, double publishedSeconds, long activityNanos) {}

  private static final Case VIRTIO = new Case(DeviceKind.VIRTIO, Variant.ORDINARY, 1.25, 0);
  private static final Case SATA = new Case(DeviceKind.AHCI, Variant.ORDINARY, 1.30, 0);
  private static final Case DEAF =
      new Case(DeviceKind.AHCI, Variant.without(Ablation.NOTIFY), 25.76, 0);
  private static final Case BUSY =
      new Case(
          DeviceKind.AHCI,
          new Variant("notify off, other activity", Set.of(Ablation.NOTIFY)),
          1.23,
          1_000_000);
  private static final Case UNCHECKED =
      new Case(DeviceKind.AHCI, Variant.without(Ablation.CQ_CHECK), 0, 0);
  private static final List<Case> CASES = List.of(SATA, DEAF, BUSY, UNCHECKED, VIRTIO);

  private final @Nullable Amount scale;

  /** With as many runs as the context asks for. */
  public LostWakeupExperiment() {
    this(null);
  }

  LostWakeupExperiment(@Nullable Amount scale) {
    this.scale = scale;
  }

  @Override
  public String name() {
    return "lost-wakeup";
  }

  @Override
  public String summary() {
    return "what it costs when nobody tells a sleeping loop of the request queued for it";
  }

  @Override
  public Finding run(LabContext context) {
    Amount size =
        scale != null
            ? scale
            : context.plant() == Plant.PRESENT ? PLANTED : context.full() ? FULL : QUICK;
    Finding finding =
        new Finding(
                "A queued request that nobody announces",
                "What happens to a SATA request whose SQE a vCPU thread queues into the main"
                    + " loop's ring while the main loop sleeps?",
                "Jens Axboe, \"fdmon-io_uring: notify main loop when SQEs are queued\", qemu-devel,"
                    + " February 2026; fixed in QEMU 11.0")
            .expected(
                "Without a notification the SQE lies in the ring until the main loop's own timer,"
                    + " up to 499 ms: published, SATA took 25.76 s where virtio took 1.25 s, and"
                    + " 1.30 s with the fix. Anything that wakes the loop hides the fault.");
    List<Summary> rows = new ArrayList<>();
    CASES.forEach(one -> rows.add(new Summary(one.device(), one.variant())));
    measure(context, size, rows);
    report(finding, rows, size);
    if (context.interrupted().getAsBoolean()) {
      finding.partial();
    }
    return finding;
  }

  // ---- measuring -----------------------------------------------------------------------------

  private static void measure(LabContext context, Amount size, List<Summary> rows) {
    context.progress().accept("lost-wakeup: writing a scratch image");
    try (ScratchImage image =
            ScratchImage.create(
                context.scratch(), size.totalBytes(), written -> {}, context.interrupted());
        PauseObserver observer = PauseObserver.start()) {
      // The first run would pay for code that is not compiled yet.
      long warmUp = context.plant() == Plant.PRESENT ? PLANTED_WARM_UP_BYTES : WARM_UP_BYTES;
      Amount little = new Amount(Math.min(warmUp, size.totalBytes()), 1, 1);
      for (Case one : List.of(VIRTIO, SATA)) {
        MeasuredRun _ = runOnce(one, image, little, context);
      }
      for (int round = 1; round <= size.rounds(); round++) {
        for (int i = 0; i < CASES.size(); i++) {
          boolean wanted = !CASES.get(i).equals(DEAF) || round <= size.roundsWithoutNotify();
          if (wanted && !context.interrupted().getAsBoolean()) {
            context.progress().accept("lost-wakeup: round " + round + ", " + rows.get(i).label());
            rows.get(i).add(runOnce(CASES.get(i), image, size, context));
          }
        }
      }
      Observations seen = observer.stop();
      rows.forEach(row -> row.observed(seen));
    }
    rows.removeIf(row -> row.runs().isEmpty());
  }

  private static MeasuredRun runOnce(
      Case one, ScratchImage image, Amount size, LabContext context) {
    boolean planted = context.plant() == Plant.PRESENT && one.equals(SATA);
    Set<Ablation> ablated = planted ? DEAF.variant().ablated() : one.variant().ablated();
    TestBed.Setup setup =
        new TestBed.Setup(
                image.path().toString(),
                ImageOptions.READ_ONLY,
                AioConfig.mainLoop().without(ablated),
                AioConfig.ioThread(),
                1,
                1,
                BATCH,
                CHUNK,
                HALT_POLL_NANOS)
            .withStages(true)
            .withActivity(one.activityNanos());
    Iotest.Options options =
        new Iotest.Options(size.totalBytes(), CHUNK, BATCH, PAUSE_NANOS, PAUSE_NANOS);
    return TestBed.run(
        one.device(),
        setup,
        (target, measurement) ->
            new Iotest(target, options, context.interrupted()).run(measurement));
  }

  // ---- the finding ---------------------------------------------------------------------------

  private static @Nullable Summary row(Case one, List<Summary> rows) {
    return rows.stream()
        .filter(row -> row.device() == one.device() && row.variant().equals(one.variant()))
        .findFirst()
        .orElse(null);
  }

  private static double elapsed(MeasuredRun run) {
    return (double) run.result().elapsedNanos();
  }

  private static long requests(@Nullable Summary row) {
    return row == null ? 0 : row.runs().stream().mapToLong(run -> run.result().requests()).sum();
  }

  private static @Nullable Double ratio(Case one, Case base, List<Summary> rows) {
    Summary mine = row(one, rows);
    return mine == null ? null : mine.ratio(row(base, rows), LostWakeupExperiment::elapsed);
  }

  private static void report(Finding finding, List<Summary> rows, Amount size) {
    Double off = ratio(DEAF, SATA, rows);
    Double busy = ratio(BUSY, SATA, rows);
    Double unchecked = ratio(UNCHECKED, SATA, rows);
    finding.add(table(rows, size)).add(chart(rows));
    finding.addRows(IotestReport.rows(rows));
    finding.detail("requests_not_notified", null);
    finding.detail("longest_wait_us", null);
    finding.detail("sata_off_to_on", rounded(off));
    finding.detail("sata_off_with_activity_to_on", rounded(busy));
    finding.detail("sata_cq_check_off_to_on", rounded(unchecked));
    if (off == null || busy == null || unchecked == null) {
      finding
          .seen("The runs were interrupted before there was a pair to compare.")
          .verdict(Verdict.INCONCLUSIVE, "There are too few complete runs.");
      return;
    }
    Stalls stalls = Stalls.of(row(DEAF, rows));
    LostWakeups found =
        new LostWakeups(
            requests(row(DEAF, rows)),
            stalls.count(),
            Stalls.of(row(SATA, rows)).count(),
            off,
            busy);
    finding
        .detail("requests_not_notified", stalls.count())
        .detail("longest_wait_us", stalls.maxMicros())
        .seen(
            "SATA without the notification takes "
                + Units.ratio(off)
                + " times as long as with it; "
                + stalls.count()
                + " of "
                + found.deafRequests()
                + " requests waited in the SQ of a sleeping loop, up to "
                + Units.rounded(stalls.maxMicros() / 1e3, 1)
                + " ms. With something else waking the loop every millisecond it takes "
                + Units.ratio(busy)
                + " times as long. Without the look at the CQ before sleeping: "
                + Units.ratio(unchecked)
                + " times"
                + (Math.abs(unchecked - 1) <= ALIKE
                    ? ", within 10 %: poll(2) on the ring reports completions that are there."
                    : "."))
        .verdict(found.verdict(), found.reason());
    if (found.verdict() == Verdict.AFFECTED) {
      finding.remedy(
          "This should not happen with any kernel. Please report it, with the kernel's version.");
      return;
    }
    finding.remedy(
        "In QEMU 10.2, disks on SATA, IDE or SCSI with aio=io_uring have it: use 11.0 or newer, or"
            + " aio=native or aio=threads, or virtio with an iothread.");
  }

  private static @Nullable Object rounded(@Nullable Double value) {
    return value == null ? null : Units.rounded(value, 3);
  }

  private static FindingTable table(List<Summary> rows, Amount size) {
    FindingTable table =
        new FindingTable("Total time of " + (size.totalBytes() >> 20) + " MB in 128 KB reads")
            .words("disk")
            .figures("published", "s")
            .figures("measured", "s")
            .figures("published, to virtio", "")
            .figures("measured, to virtio", "")
            .figures("p50", "us")
            .figures("p99", "us")
            .figures("not notified", "");
    for (Case one : CASES) {
      Summary row = row(one, rows);
      if (row != null) {
        Double toVirtio = ratio(one, VIRTIO, rows);
        boolean published = one.publishedSeconds() > 0;
        Percentiles latency = row.latencyMicros();
        table.row(
            row.label(),
            published ? one.publishedSeconds() : null,
            Units.rounded(row.median(LostWakeupExperiment::elapsed) / 1e9, 3),
            published ? Units.rounded(one.publishedSeconds() / VIRTIO.publishedSeconds(), 2) : null,
            toVirtio == null ? null : Units.rounded(toVirtio, 2),
            latency.p50(),
            latency.p99(),
            Stalls.of(row).count());
      }
    }
    return table.note(
        "The published times were measured inside a guest of QEMU, with another disk; compare"
            + " ratios. Not notified: requests that waited for a sleeping loop that nobody told.");
  }

  private static FindingChart chart(List<Summary> rows) {
    FindingChart chart =
        new FindingChart(FindingChart.Kind.BARS, "Total time", "disk", "seconds")
            .unit("s")
            .logarithmic();
    FindingChart.Series published = chart.series("published");
    FindingChart.Series measured = chart.series("measured here");
    for (Case one : CASES) {
      Summary row = row(one, rows);
      if (row != null) {
        if (one.publishedSeconds() > 0) {
          published.bar(row.label(), one.publishedSeconds());
        }
        measured.bar(
            row.label(), Units.rounded(row.median(LostWakeupExperiment::elapsed) / 1e9, 3));
      }
    }
    return chart;
  }

  /** The requests of a row without a notification, from its stages. */
  private record Stalls(long count, double maxMicros) {
    static Stalls of(@Nullable Summary row) {
      RequestStages stages = row == null ? null : row.stages();
      if (stages != null) {
        for (RequestStages.Stalls stalls : stages.stalls()) {
          if (stalls.cause().equals("not_notified")) {
            return new Stalls(stalls.requests(), stalls.maxUs());
          }
        }
      }
      return new Stalls(0, 0);
    }
  }
}
