package dev.platter.emulator.result;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.loop.LoopStats;
import dev.platter.aio.sys.CpuTime;
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
import dev.platter.emulator.measure.stages.Observations;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.result.document.EnvironmentFacts;
import dev.platter.emulator.result.document.Records;
import dev.platter.emulator.text.TextTable;
import dev.platter.guestimages.Guest;
import dev.platter.guestimages.GuestJob;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class GuestReportTest {
  private static final LoopStats.Snapshot LOOP =
      new LoopStats.Snapshot(100, 50, 75, 75, 75, 1, 2, 3, 4, 5, 6);

  private final List<GuestRow> rows = new ArrayList<>();
  private Scheduling scheduling = Scheduling.UNKNOWN;

  private void row(Workload workload, Backend backend, DeviceKind device, double... figures) {
    GuestRow row = new GuestRow(workload, new Target(backend, device));
    for (int i = 0; i < figures.length; i++) {
      Map<String, Object> guest =
          workload == Workload.IOTEST
              ? Map.of(
                  "total_seconds",
                  Map.of("median", figures[i]),
                  "latency_us",
                  Map.of("p50", 3000.0, "p99", 9000),
                  "cpu_seconds",
                  Map.of("user", 0.5, "sys", 0.25))
              : Map.of(
                  "iops",
                  Map.of("median", 4000),
                  "latency_us",
                  Map.of("p50", figures[i], "p99", 2 * figures[i]));
      row.add(
          new GuestRow.Run(
              i + 1,
              guest,
              backend == Backend.PLATTER ? LOOP : null,
              null,
              new CpuTime(2_000_000_000L, 1_000_000_000L),
              Duration.ofMillis(1500),
              scheduling));
    }
    rows.add(row);
  }

  private GuestReport report(int runs) {
    Qemu qemu =
        new Qemu(List.of("/q"), Map.of(), new QemuVersion(11, 1, 3), true, Path.of("/share"), "/q");
    Guest guest = new Guest(Path.of("/g"), Path.of("/k"), Path.of("/i"), "6.12.1");
    List<Target> targets = rows.stream().map(GuestRow::target).distinct().toList();
    List<Workload> workloads = rows.stream().map(GuestRow::workload).distinct().toList();
    GuestRun.Plan plan =
        new GuestRun.Plan(
            qemu,
            guest,
            Path.of("/image"),
            targets,
            workloads,
            GuestJob.Iotest.defaults(),
            GuestJob.Bench.defaults(),
            runs,
            1,
            512L << 20);
    return new GuestReport(
        plan, new GuestRun.Result(rows, Accelerator.TCG, "6.12.1", null, null), Observations.NONE);
  }

  private static EnvironmentFacts environment() {
    return Records.read(EnvironmentFacts.class, Map.of("kernel_release", "6.18"), "");
  }

  private static Map<String, @Nullable Object> json(GuestReport report) {
    return Records.toMap(report.document(Origin.now("x"), environment(), report.parameters()));
  }

  @Test
  void theTableHasARowForEachDiskAndTheRatiosThatMatter() {
    // Ratios are taken run by run: 1.10, 1.05, 1.00; and not of the medians.
    row(Workload.IOTEST, Backend.PLATTER, DeviceKind.AHCI, 1.1, 2.1, 3.0);
    row(Workload.IOTEST, Backend.PLATTER, DeviceKind.VIRTIO, 1.0, 2.0, 3.0);
    row(Workload.IOTEST, Backend.QEMU, DeviceKind.AHCI, 1.1, 1.0, 1.5);
    row(Workload.IOTEST, Backend.QEMU, DeviceKind.VIRTIO, 1.0, 1.0, 1.0);
    row(Workload.FIO_LIKE, Backend.PLATTER, DeviceKind.AHCI, 300, 400, 500);
    row(Workload.FIO_LIKE, Backend.PLATTER, DeviceKind.VIRTIO, 200, 200, 200);
    row(Workload.FIO_LIKE, Backend.QEMU, DeviceKind.AHCI, 200, 200, 200);
    row(Workload.FIO_LIKE, Backend.QEMU, DeviceKind.VIRTIO, 250, 250, 250);
    assertThat(report(3).text(TextTable.WIDE))
        .isEqualTo(
            """
            Linux 6.12.1 in QEMU 11.1.3 under tcg (an emulated CPU), 1 vCPU, 3 runs;
            latency as the guest sees it, of randread 4K at depth 1
            backend  device  iotest s  vs virtio  vs qemu  p50 us  p99 us   IOPS  p50 vs virtio  p50 vs qemu
            platter  ahci       2.100       1.05     2.00     400     800  4,000           2.00         2.00
            platter  virtio     2.000       1.00     2.00     200     400  4,000           1.00         0.80
            qemu     ahci       1.100       1.10        -     200     400  4,000           0.80            -
            qemu     virtio     1.000       1.00        -     250     500  4,000           1.00            -
            platter ahci, iotest: 3 runs, 1.100 to 3.000 s; to virtio: median of 3 pairs
              1.05 (1.00 to 1.10); to qemu: median of 3 pairs 2.00 (1.00 to 2.10)
            platter virtio, iotest: 3 runs, 1.000 to 3.000 s; to qemu: median of 3 pairs
              2.00 (1.00 to 3.00)
            qemu ahci, iotest: 3 runs, 1.000 to 1.500 s; to virtio: median of 3 pairs 1.10
              (1.00 to 1.50)
            qemu virtio, iotest: 3 runs, 1.000 to 1.000 s
            platter ahci, fio-like: 3 runs, 300 to 500 us (p50); to virtio: median of 3
              pairs 2.00 (1.50 to 2.50); to qemu: median of 3 pairs 2.00 (1.50 to 2.50)
            platter virtio, fio-like: 3 runs, 200 to 200 us (p50); to qemu: median of 3
              pairs 0.80 (0.80 to 0.80)
            qemu ahci, fio-like: 3 runs, 200 to 200 us (p50); to virtio: median of 3 pairs
              0.80 (0.80 to 0.80)
            qemu virtio, fio-like: 3 runs, 250 to 250 us (p50)
            """);
  }

  @Test
  void aBusyHostIsToldWithTheVcpuThatHadNoCpu() {
    row(Workload.IOTEST, Backend.PLATTER, DeviceKind.VIRTIO, 1.0);
    scheduling =
        new Scheduling(
            2_000_000_000L,
            List.of(
                new ThreadTime("platter-ahci", 1, 40_000_000),
                new ThreadTime("QEMU CPU 0/TCG", 1, 680_000_000)),
            0.0,
            0.9,
            1.5,
            3.25);
    row(Workload.IOTEST, Backend.PLATTER, DeviceKind.AHCI, 3.44);
    GuestReport report = report(1);
    assertThat(Warnings.text(report.warnings(environment())).replaceAll("\\s+", " ").strip())
        .isEqualTo(
            "warning: This host had no CPU for threads that could have run (platter ahci, iotest:"
                + " QEMU CPU 0/TCG for 34 % of the run, platter-ahci for 2 % of the run). Meanwhile"
                + " other programs kept 1.5 CPUs busy, the load average was 3.3, a task waited for"
                + " a CPU in 90 % of the time. The figures are those of a busy host: repeat the run"
                + " when the host is idle.");
    Map<?, ?> document = json(report);
    assertThat(String.valueOf(document.get("warnings"))).contains("kind=busy_host");
    List<?> rows = Objects.requireNonNull((List<?>) document.get("rows"));
    assertThat(String.valueOf(((Map<?, ?>) rows.get(1)).get("scheduling")))
        .contains("busy=true", "waited_share=0.34", "waited_seconds=0.68", "load_average=3.25");
    assertThat(String.valueOf(((Map<?, ?>) rows.get(0)).get("scheduling")))
        .contains("busy=false", "waited_share=null", "threads=[]");
  }

  @Test
  void columnsWithoutAnythingInThemAreLeftOut() {
    row(Workload.IOTEST, Backend.PLATTER, DeviceKind.AHCI, 1.25);
    assertThat(report(1).text(TextTable.WIDE))
        .endsWith(
            """
            backend  device  iotest s  vs virtio
            platter  ahci       1.250          -
            one run of each: take --runs 5 before relying on a difference
            """);
  }

  @Test
  void anInterruptedResultSaysSo() {
    row(Workload.IOTEST, Backend.PLATTER, DeviceKind.AHCI, 1.25, 1.5);
    assertThat(report(2).text(TextTable.WIDE)).contains(", 2 runs;").doesNotContain("partial");
    assertThat(report(5).text(TextTable.WIDE)).contains(", 2 of 5 runs\n  (partial);\n");
  }

  @Test
  void jsonHasTheGuestsFiguresAndTheHostsCosts() {
    row(Workload.IOTEST, Backend.PLATTER, DeviceKind.AHCI, 1.2, 1.0);
    row(Workload.IOTEST, Backend.QEMU, DeviceKind.AHCI, 0.6, 0.5);
    row(Workload.FIO_LIKE, Backend.PLATTER, DeviceKind.AHCI, 200, 100);
    Map<String, @Nullable Object> document = json(report(3));
    assertThat(List.copyOf(document.keySet()))
        .startsWith("schema", "created", "command", "environment");
    assertThat(document).containsEntry("schema", "platter.guest/1");
    assertThat(document).containsKeys("parameters", "rows");
    assertThat(String.valueOf(document.get("environment"))).contains("kernel_release=6.18,");
    assertThat(document.get("guest"))
        .isEqualTo(
            Map.of(
                "kernel_release",
                "6.12.1",
                "qemu",
                "/q",
                "qemu_version",
                "11.1.3",
                "accelerator",
                "tcg",
                "cpu_count",
                1L,
                "memory_bytes",
                512L << 20));
    List<?> list = (List<?>) document.get("rows");
    assertThat(list).hasSize(3);
    Map<?, ?> iotest = (Map<?, ?>) list.get(0);
    assertThat(iotest.toString())
        .contains(
            "workload=iotest, backend=platter, device=ahci, loop=main loop, runs=2, partial=true",
            "total_seconds={median=1.1, min=1.0, max=1.2}, iops=null",
            "ratio_to_virtio=null, ratio_to_virtio_pairs=null, ratio_to_qemu=2.0",
            "ratio_to_qemu_pairs={pairs=2, median=2.0, min=2.0, max=2.0}",
            "p99=9000.0, p99_9=null",
            "cpu_seconds={user=2.0, sys=1.0}, qemu_cpu_seconds=1.5",
            "guest_cpu_seconds={user=0.5, sys=0.25}",
            "requests_per_enter=1.5, notifies={sent=5, elided=6}",
            "requests=75")
        .contains(
            "samples=[{partial=false, total_seconds=1.2, iops=null,",
            "{partial=false, total_seconds=1.0, iops=null, bytes_per_second=null,"
                + " latency_us={p50=3000.0, p99=9000.0, p99_9=null, max=null, mean=null},"
                + " cpu_seconds={user=2.0, sys=1.0}}]");
    Map<?, ?> peer = (Map<?, ?>) list.get(1);
    assertThat(peer.toString())
        .contains("backend=qemu, device=ahci, loop=null")
        .contains("cpu_seconds=null", "loop_counters=null", "ratio_to_qemu=null");
    Map<?, ?> loop = (Map<?, ?>) list.get(2);
    assertThat(loop.toString())
        .contains("workload=fio-like")
        .contains("total_seconds=null, iops={median=4000.0, min=4000.0, max=4000.0}")
        .contains("p50_us={median=150.0, min=100.0, max=200.0}");
  }

  @Test
  void aGuestsPercentileNeedsRequestsAboveIt() {
    for (int requests : new int[] {99, 100, 999, 1000}) {
      rows.clear();
      GuestRow row = new GuestRow(Workload.FIO_LIKE, new Target(Backend.PLATTER, DeviceKind.AHCI));
      row.add(
          new GuestRow.Run(
              1,
              Map.of(
                  "latency_us",
                  Map.of("p50", 1, "p99", 2, "p99_9", 3, "max", 4),
                  "loop_counters",
                  Map.of("requests", requests)),
              LOOP,
              null,
              new CpuTime(0, 0),
              Duration.ZERO,
              Scheduling.UNKNOWN));
      rows.add(row);
      assertThat(String.valueOf(json(report(1)).get("rows")))
          .contains(
              "latency_us={p50=1.0, p99="
                  + (requests < 100 ? "null" : "2.0")
                  + ", p99_9="
                  + (requests < 1000 ? "null" : "3.0")
                  + ", max=4.0");
    }
  }
}
