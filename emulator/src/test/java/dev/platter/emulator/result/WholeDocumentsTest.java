package dev.platter.emulator.result;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.loop.Ablation;
import dev.platter.aio.loop.LoopStats;
import dev.platter.aio.sys.CpuTime;
import dev.platter.devices.block.meter.Operation;
import dev.platter.emulator.guest.Accelerator;
import dev.platter.emulator.guest.GuestRow;
import dev.platter.emulator.guest.GuestRun;
import dev.platter.emulator.guest.GuestRun.Backend;
import dev.platter.emulator.guest.GuestRun.Target;
import dev.platter.emulator.guest.GuestRun.Workload;
import dev.platter.emulator.guest.Qemu;
import dev.platter.emulator.guest.QemuVersion;
import dev.platter.emulator.host.Scheduling;
import dev.platter.emulator.host.ThreadTime;
import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.FindingChart;
import dev.platter.emulator.lab.FindingTable;
import dev.platter.emulator.lab.Plant;
import dev.platter.emulator.lab.Verdict;
import dev.platter.emulator.measure.stages.Latencies;
import dev.platter.emulator.measure.stages.MadeUpStages;
import dev.platter.emulator.measure.stages.StageRun;
import dev.platter.emulator.measure.stages.TracedDevice;
import dev.platter.emulator.measure.workload.Bench;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.measure.workload.Iotest;
import dev.platter.emulator.measure.workload.MadeUpRuns;
import dev.platter.emulator.measure.workload.MeasuredRun;
import dev.platter.emulator.measure.workload.RunIdentity;
import dev.platter.emulator.measure.workload.RunResult;
import dev.platter.emulator.measure.workload.UnansweredRequests;
import dev.platter.emulator.measure.workload.Verification;
import dev.platter.emulator.result.document.EnvironmentFacts;
import dev.platter.emulator.result.document.Records;
import dev.platter.guestimages.Guest;
import dev.platter.guestimages.GuestJob;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.LongStream;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.jr.ob.JSON;

/** Every kind of document, byte for byte: the order of keys, nulls, and how numbers are written. */
class WholeDocumentsTest {
  private static final Origin ORIGIN =
      new Origin(Instant.parse("2026-11-20T09:12:44.5Z"), "./platter made-up --runs 2");
  private static final Scheduling BUSY =
      new Scheduling(
          2_000_000_000L,
          List.of(
              new ThreadTime("main-loop", 1_000_000_000, 40_000_000),
              new ThreadTime("vcpu0", 900_000_000, 680_000_000)),
          0.01234567,
          0.9,
          1.256,
          3.25);

  private static String resource(String name) {
    try (InputStream in = WholeDocumentsTest.class.getResourceAsStream(name + ".json")) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static EnvironmentFacts environment() {
    return Records.read(
        EnvironmentFacts.class, JSON.std.mapFrom(resource("environment")), "environment.");
  }

  private static void isAsEver(String name, Record document) {
    assertThat(JsonFile.render(Records.toMap(document))).isEqualTo(resource(name));
  }

  private static Histogram latencies(int requests, long stepNanos) {
    Histogram latency = Latencies.newHistogram();
    LongStream.rangeClosed(1, requests).forEach(i -> latency.recordValue(i * stepNanos));
    return latency;
  }

  private static MeasuredRun with(
      MeasuredRun made, Scheduling scheduling, @Nullable StageRun stages) {
    return new MeasuredRun(
        made.result(),
        made.loop(),
        made.lock(),
        made.cpu(),
        scheduling,
        made.exits(),
        made.ioEventFds(),
        made.rings(),
        stages);
  }

  private static RunResult result(long elapsedNanos, boolean partial) {
    return new RunResult(elapsedNanos, latencies(1200, 1_000), 1200, 4_915_200, partial);
  }

  private static Summary iotest(DeviceKind device, Variant variant, Scheduling scheduling) {
    Summary row = new Summary(device, variant);
    TracedDevice traced = device == DeviceKind.AHCI ? TracedDevice.AHCI : TracedDevice.VIRTIO;
    row.add(
        with(
            MadeUpRuns.of(result(1_234_567_890, false)),
            scheduling,
            variant.equals(Variant.ORDINARY) ? MadeUpStages.of(traced, 1, 20) : null));
    row.add(with(MadeUpRuns.of(result(1_500_000_000, false)), Scheduling.UNKNOWN, null));
    row.observed(MadeUpStages.SEEN);
    return row;
  }

  private static List<Summary> iotests() {
    return List.of(
        iotest(DeviceKind.AHCI, Variant.ORDINARY, BUSY),
        iotest(DeviceKind.AHCI, Variant.without(Ablation.NOTIFY), Scheduling.UNKNOWN),
        iotest(DeviceKind.VIRTIO, Variant.ORDINARY, Scheduling.UNKNOWN));
  }

  @Test
  void iotest() {
    Iotest.Options options = new Iotest.Options(1 << 27, 1 << 17, 16, 1_000_000, 1_500_500);
    isAsEver(
        "iotest",
        IotestReport.document(
            ORIGIN, environment(), IotestReport.parameters(options), iotests(), null));
  }

  private static Verification found() {
    Verification found =
        new Verification(new RunIdentity(0x1234_5678_9abc_def0L), Verification.Rule.EXACT);
    try (Arena arena = Arena.ofConfined()) {
      found.check(arena.allocate(512), 0, 4096, 3);
    }
    return found;
  }

  private static Summary bench(DeviceKind device, Variant variant, long elapsedNanos) {
    Summary row = new Summary(device, variant).withDepth(4);
    Histogram flushes = latencies(4, 2_500_000);
    row.add(
        MadeUpRuns.of(
            new RunResult(
                elapsedNanos,
                latencies(150, 1_000),
                150,
                614_400,
                true,
                Map.of(
                    Operation.FLUSH,
                    new RunResult.OperationResult(flushes, 4, 0),
                    Operation.DISCARD,
                    new RunResult.OperationResult(latencies(150, 1_000), 150, 614_400)),
                List.of(100L, 50L),
                found(),
                device == DeviceKind.VIRTIO ? new UnansweredRequests(2, 0, 12_300_000_000L) : null,
                null)));
    row.add(MadeUpRuns.of(result(elapsedNanos + 333, false)));
    row.readBack(found());
    return row;
  }

  @Test
  void bench() {
    Bench.Options options =
        new Bench.Options(
            Bench.Pattern.RANDRW,
            512,
            1 << 20,
            4,
            50_000_000,
            200_000_000,
            16,
            42,
            new Bench.Mix(70, 10),
            new Bench.Jobs(2, 0, 0));
    Summary empty = new Summary(DeviceKind.AHCI, Variant.ofDepth(4));
    isAsEver(
        "bench",
        BenchReport.document(
            ORIGIN,
            environment(),
            BenchReport.parameters(options, Set.of(4, 1), 2, 1),
            options,
            List.of(
                bench(DeviceKind.RAW, Variant.ofDepth(4), 1_000_000_007),
                empty,
                bench(DeviceKind.VIRTIO, Variant.ofDepth(4), 1_000_900_000)),
            "the disk has gone"));
  }

  private static GuestRow.Run guestRun(
      int number, Map<String, Object> figures, Backend backend, @Nullable StageRun stages) {
    return new GuestRow.Run(
        number,
        figures,
        backend == Backend.QEMU
            ? null
            : new LoopStats.Snapshot(100, 50, 75, 75, 75, 1, 2, 3, 4, 5, 6),
        stages,
        new CpuTime(2_000_000_000L, 1_000_000_000L),
        Duration.ofMillis(1500),
        Scheduling.UNKNOWN);
  }

  @Test
  void guest() {
    Map<String, Object> job =
        Map.of(
            "total_seconds",
            Map.of("median", 1.25),
            "iops",
            Map.of("median", 4000),
            "bytes_per_second",
            16_384_000,
            "latency_us",
            Map.of("p50", 3000.0, "p99", 9000, "max", 9100.5, "mean", 3100.25),
            "cpu_seconds",
            Map.of("user", 0.5, "sys", 0.25),
            "loop_counters",
            Map.of("requests", 500));
    GuestRow virtio = new GuestRow(Workload.IOTEST, new Target(Backend.PLATTER, DeviceKind.VIRTIO));
    virtio.add(guestRun(1, job, Backend.PLATTER, MadeUpStages.of(TracedDevice.VIRTIO, 1, 10)));
    GuestRow ahci = new GuestRow(Workload.IOTEST, new Target(Backend.PLATTER, DeviceKind.AHCI));
    ahci.add(guestRun(1, job, Backend.PLATTER, null));
    GuestRow peer = new GuestRow(Workload.IOTEST, new Target(Backend.QEMU, DeviceKind.VIRTIO));
    peer.add(guestRun(1, job, Backend.QEMU, null));
    GuestRow loop = new GuestRow(Workload.FIO_LIKE, new Target(Backend.PLATTER, DeviceKind.AHCI));
    loop.add(guestRun(1, job, Backend.PLATTER, null));
    loop.add(guestRun(2, job, Backend.PLATTER, null));
    List<GuestRow> rows = List.of(virtio, ahci, peer, loop);
    GuestRun.Plan plan =
        new GuestRun.Plan(
            new Qemu(
                List.of("/q"), Map.of(), new QemuVersion(11, 1, 3), true, Path.of("/share"), "/q"),
            new Guest(Path.of("/g"), Path.of("/k"), Path.of("/i"), "6.12.1"),
            Path.of("/image"),
            rows.stream().map(GuestRow::target).distinct().toList(),
            List.of(Workload.IOTEST, Workload.FIO_LIKE),
            GuestJob.Iotest.defaults(),
            GuestJob.Bench.defaults(),
            2,
            1,
            512L << 20);
    GuestReport report =
        new GuestReport(
            plan,
            new GuestRun.Result(rows, Accelerator.TCG, "6.12.1", null, null),
            MadeUpStages.SEEN);
    isAsEver("guest", report.document(ORIGIN, environment(), report.parameters()));
  }

  @Test
  void serve() {
    Map<String, @Nullable Object> parameters = new LinkedHashMap<>();
    parameters.put("exports", List.of(Map.of("name", "disk0")));
    parameters.put("io_workers", null);
    isAsEver(
        "serve",
        ServeReport.document(
            ORIGIN,
            environment(),
            parameters,
            List.of(
                new ServeReport.Export(
                    "disk0", "virtio", "iothread", MadeUpStages.of(TracedDevice.VIRTIO, 1, 120))),
            BUSY,
            MadeUpStages.SEEN));
  }

  @Test
  void lab() {
    Finding finding =
        new Finding("Wheels", "Are they round?", "Somebody, somewhere, May 2020")
            .expected("Round ones.")
            .seen("Three round ones and one that is not.")
            .verdict(Verdict.NOT_AFFECTED, "most are round")
            .detail("wheels", List.of(Map.of("side", "left"), Map.of("side", "right")))
            .detail("radius_mm", 310.25)
            .detail("spare", null)
            .addRows(IotestReport.rows(iotests().subList(1, 2)))
            .add(
                new FindingTable("Wheels by side")
                    .words("side")
                    .figures("radius", "mm")
                    .row("left", 310.25)
                    .row("right", null)
                    .note("Measured with a ruler."));
    FindingChart bars =
        new FindingChart(FindingChart.Kind.BARS, "Turns", "side", "turns").unit("").logarithmic();
    bars.series("measured").bar("left", 12).bar("right", 9.5);
    FindingChart lines = new FindingChart(FindingChart.Kind.LINES, "Speed", "turns", "m/s");
    lines.series("measured").point(1, 2.5).point(2, 5);
    finding.add(bars).add(lines);
    Map<String, @Nullable Object> parameters = new LinkedHashMap<>();
    parameters.put("full", false);
    parameters.put("image", null);
    isAsEver(
        "lab",
        LabReport.document(
            ORIGIN,
            environment(),
            parameters,
            true,
            List.of(finding.result("wheels", 1.5, null, Plant.NONE))));
  }

  @Test
  void verify() {
    isAsEver("verify", VerificationReport.document(ORIGIN, environment(), "state", found()));
  }
}
