package dev.platter.emulator.lab.punting;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.block.image.Preallocation;
import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.LabContext;
import dev.platter.emulator.lab.Verdict;
import dev.platter.emulator.measure.stages.Latencies;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.measure.workload.MadeUpRuns;
import dev.platter.emulator.measure.workload.MeasuredRun;
import dev.platter.emulator.measure.workload.RunResult;
import dev.platter.emulator.result.Summary;
import dev.platter.emulator.result.Variant;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.DoubleSupplier;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is said of made-up counts and latencies. */
class PuntingFindingTest {
  private static final int WRITES = 1024;
  private static final FilesystemUnderTest SCRATCH =
      new FilesystemUnderTest("ext4", "ext4", Path.of("scratch"), true);

  private static Finding judged(boolean interrupted, @Nullable PuntCount sparse) {
    LabContext context =
        new LabContext(Path.of("scratch"), null, false, () -> interrupted, doing -> {});
    PuntingFinding finding = new PuntingFinding(context, WRITES);
    if (sparse != null) {
      finding.cases(List.of(new PuntCase(SCRATCH, WriteLayout.SPARSE, 1, sparse, null)));
    }
    return finding.finish(SCRATCH);
  }

  private static PuntCount count(@Nullable Integer traced, @Nullable Integer refused, long ticks) {
    return new PuntCount(WRITES, traced, refused, ticks);
  }

  @Test
  void theVerdictFollowsTheCount() {
    assertThat(judged(false, count(WRITES, WRITES, 20)).verdict()).isEqualTo(Verdict.AFFECTED);
    assertThat(judged(false, count(null, 700, 20)).verdict()).isEqualTo(Verdict.AFFECTED);
    assertThat(judged(false, count(WRITES, WRITES, 9_000)).verdict())
        .as("all of them, on a slow host")
        .isEqualTo(Verdict.AFFECTED);
    assertThat(judged(false, count(0, 0, 20)).verdict()).isEqualTo(Verdict.NOT_AFFECTED);
    assertThat(judged(false, count(37, 60, 80)).verdict())
        .as("a few, now and then")
        .isEqualTo(Verdict.NOT_AFFECTED);
    assertThat(judged(false, count(300, 280, 400)).verdict())
        .as("one in each tick of a slow run")
        .isEqualTo(Verdict.NOT_AFFECTED);
    assertThat(judged(false, count(null, null, 20)).verdict()).isEqualTo(Verdict.NOT_POSSIBLE);
    assertThat(judged(false, null).verdict()).as("no time").isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(judged(true, null).verdict()).as("interrupted").isEqualTo(Verdict.INCONCLUSIVE);
  }

  // ---- latencies -----------------------------------------------------------------------------

  private static MeasuredRun run(double micros) {
    Histogram latency = Latencies.newHistogram();
    latency.recordValue(Math.round(micros * 1e3));
    return MadeUpRuns.of(new RunResult(1_000_000, latency, 1, 8192, false));
  }

  /** The sentence about a sparse image that takes {@code slower} times as long. */
  private static String sentence(int runs, double slower, DoubleSupplier noise) {
    List<PuntLatency.LatencyRow> rows = new ArrayList<>();
    for (Preallocation image : PuntLatency.IMAGES) {
      Summary summary = new Summary(DeviceKind.RAW, new Variant("", Set.of()));
      for (int i = 0; i < runs; i++) {
        double factor = image == Preallocation.OFF ? slower : 1;
        summary.add(run(100 * factor * noise.getAsDouble()));
      }
      rows.add(new PuntLatency.LatencyRow(DeviceKind.RAW, 1, image, summary, null));
    }
    return new PuntLatencyFinding(rows, WRITES).sentence();
  }

  @Test
  void whatASparseImageCostsIsSaidAsFarAsItIsKnown() {
    Random random = new Random(1);
    DoubleSupplier quiet = () -> Math.exp(0.005 * random.nextGaussian());
    DoubleSupplier noisy = () -> Math.exp(0.5 * random.nextGaussian());
    assertThat(sentence(8, 1.5, quiet)).contains(": slower on raw at depth 1 (1.");
    assertThat(sentence(8, 1, quiet)).contains(": no difference on raw at depth 1");
    assertThat(sentence(8, 1, noisy)).contains(": inconclusive on raw at depth 1");
    assertThat(sentence(3, 1.5, quiet)).contains(": too few runs to tell on raw at depth 1");
    assertThat(sentence(0, 1, quiet)).isEmpty();
  }
}
