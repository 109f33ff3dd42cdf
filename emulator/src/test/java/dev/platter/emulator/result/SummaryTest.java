package dev.platter.emulator.result;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.block.meter.Operation;
import dev.platter.emulator.measure.stages.Latencies;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.measure.workload.MadeUpRuns;
import dev.platter.emulator.measure.workload.MeasuredRun;
import dev.platter.emulator.measure.workload.RunResult;
import dev.platter.emulator.result.document.Costs;
import dev.platter.emulator.result.document.Notifies;
import dev.platter.emulator.result.document.Percentiles;
import dev.platter.emulator.result.document.Records;
import dev.platter.emulator.result.document.RunRange;
import dev.platter.emulator.result.document.Sample;
import dev.platter.emulator.text.TextTable;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class SummaryTest {
  private static MeasuredRun run(long elapsedNanos, boolean partial) {
    Histogram latency = Latencies.newHistogram();
    latency.recordValue(elapsedNanos);
    return MadeUpRuns.of(new RunResult(elapsedNanos, latency, 10, 40_960, partial));
  }

  private static Summary summary(DeviceKind device, long... elapsed) {
    Summary summary = new Summary(device, Variant.ORDINARY);
    for (long nanos : elapsed) {
      summary.add(run(nanos, false));
    }
    return summary;
  }

  private static double elapsed(MeasuredRun run) {
    return (double) run.result().elapsedNanos();
  }

  @Test
  void ratiosAreTakenRunByRun() {
    // The machine was twice as slow in the second run; each pair still says 2.
    Summary slow = summary(DeviceKind.AHCI, 200, 400, 220);
    Summary fast = summary(DeviceKind.VIRTIO, 100, 200, 100);
    assertThat(slow.ratio(fast, SummaryTest::elapsed)).isEqualTo(2.0);
    assertThat(slow.difference(fast, SummaryTest::elapsed)).isEqualTo(120.0);
    assertThat(fast.ratio(null, SummaryTest::elapsed)).isNull();
  }

  @Test
  void anInterruptedRunHasNoRatio() {
    Summary whole = summary(DeviceKind.AHCI, 200);
    Summary cut = new Summary(DeviceKind.VIRTIO, Variant.ORDINARY);
    cut.add(run(10, true));
    assertThat(cut.partial()).isTrue();
    assertThat(whole.ratio(cut, SummaryTest::elapsed)).isNull();
    assertThat(cut.ratio(cut, SummaryTest::elapsed)).isNull();
  }

  /** It may have ended before it had measured anything. */
  @Test
  void anInterruptedRunCountsOnlyWhereNoRunIsComplete() {
    Summary row = summary(DeviceKind.AHCI, 200, 220);
    row.add(run(10, true));
    assertThat(row.median(SummaryTest::elapsed)).isEqualTo(210.0);
    assertThat(row.spread(SummaryTest::elapsed, 1).min()).isEqualTo(200.0);
    Summary cut = new Summary(DeviceKind.AHCI, Variant.ORDINARY);
    cut.add(run(10, true));
    assertThat(cut.median(SummaryTest::elapsed)).isEqualTo(10.0);
  }

  /** Fewer than 100 requests have no 99th percentile that lies below one of them. */
  @Test
  void thereIsNoPercentileOfTooFewRequests() {
    long[] fifty = LongStream.rangeClosed(1, 50).map(i -> i * 1_000).toArray();
    Summary summary = summary(DeviceKind.RAW, fifty);
    Percentiles latency = summary.latencyMicros();
    assertThat(latency).isEqualTo(new Percentiles(25.01, null, null, 50.02, latency.mean()));
    assertThat(latency.mean()).isNotNull();
    List<String> cells = cells(BenchReport.table(List.of(summary), TextTable.WIDE));
    assertThat(cells.subList(4, 9)).containsExactly("25.0", "0.00", "-", "-", "50.0");
    List<String> ofIotest = cells(IotestReport.table(List.of(summary), TextTable.WIDE));
    assertThat(ofIotest.subList(4, 8)).containsExactly("25.0", "-", "-", "50.0");
    assertThat(new Summary(DeviceKind.RAW, Variant.ORDINARY).latencyMicros())
        .isEqualTo(new Percentiles(null, null, null, null, null));
  }

  /** 200 reads of 1 to 200 us, 40 flushes of 10 ms, two jobs. */
  @Test
  void eachOperationIsReportedByItselfAndFlushesAsWell() {
    Histogram reads = Latencies.newHistogram();
    LongStream.rangeClosed(1, 200).forEach(micros -> reads.recordValue(micros * 1_000));
    Histogram flushes = Latencies.newHistogram();
    flushes.recordValueWithCount(10_000_000, 40);
    RunResult result =
        new RunResult(
            2_000_000_000,
            reads,
            200,
            819_200,
            false,
            Map.of(
                Operation.FLUSH,
                new RunResult.OperationResult(flushes, 40, 0),
                Operation.READ,
                new RunResult.OperationResult(reads, 200, 819_200)),
            List.of(150L, 50L),
            null,
            null,
            null);
    Summary summary = new Summary(DeviceKind.RAW, Variant.ORDINARY);
    summary.add(MadeUpRuns.of(result));
    assertThat(BenchReport.table(List.of(summary), TextTable.WIDE))
        .containsPattern("\ndevice +operation +per second +p50 us +p99 us +p99.9 us +max us\n")
        .containsPattern("\nraw +read +100 +100 +198 +- +200\n")
        .containsPattern("\nraw +flush +20.0 +10002 +- +- +10002\n")
        .contains("\nraw: each job made 25.0 to 75.0 IOPS\n");
    Map<String, ?> row = Records.toMap(BenchReport.figures(summary, null));
    assertThat(row.get("job_iops")).hasToString("{median=50.0, min=25.0, max=75.0}");
    assertThat(row.get("operations"))
        .hasToString(
            "{read={requests=200, per_second=100.0, bytes_per_second=409600,"
                + " latency_us={p50=100.03, p99=198.02, p99_9=null, max=200.06, mean=100.5}},"
                + " flush={requests=40, per_second=20.0, bytes_per_second=0,"
                + " latency_us={p50=10002.43, p99=null, p99_9=null, max=10002.43,"
                + " mean=9998.34}}}");
  }

  private static List<String> cells(String table) {
    return List.of(table.lines().toList().get(1).split("  +", -1));
  }

  @Test
  void mediansOfOddAndEvenNumbersOfRuns() {
    assertThat(summary(DeviceKind.RAW, 5, 1, 3).median(SummaryTest::elapsed)).isEqualTo(3);
    assertThat(summary(DeviceKind.RAW, 1, 3).median(SummaryTest::elapsed)).isEqualTo(2);
    assertThat(summary(DeviceKind.RAW, 5, 1, 3).spread(SummaryTest::elapsed, 0))
        .isEqualTo(new RunRange(3.0, 1.0, 5.0));
  }

  @Test
  void eachRunIsKeptByItself() {
    Summary summary = summary(DeviceKind.AHCI, 2_000, 3_000);
    summary.add(run(500, true));
    List<Sample> samples = SummaryRecords.costs(summary).samples();
    assertThat(samples.stream().map(Sample::partial)).containsExactly(false, false, true);
    assertThat(samples.get(1).iops()).isEqualTo(3_333_333.3);
    assertThat(samples.get(1).requests()).isEqualTo(10L);
    // One request has a median and a largest, and no p99.
    assertThat(samples.get(1).latencyUs()).isEqualTo(new Percentiles(3.0, null, null, 3.0, 3.0));
  }

  @Test
  void costsAreMediansOfCounters() {
    Costs costs = SummaryRecords.costs(summary(DeviceKind.AHCI, 1, 2, 3));
    assertThat(costs.requestsPerEnter()).isEqualTo(2.0);
    assertThat(costs.mmioExits()).isEqualTo(6L);
    assertThat(costs.notifies()).isEqualTo(new Notifies(3, 7));
  }
}
