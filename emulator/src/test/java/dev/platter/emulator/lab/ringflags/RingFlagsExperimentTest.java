package dev.platter.emulator.lab.ringflags;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.ring.SetupFlag;
import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.LabContext;
import dev.platter.emulator.lab.Plant;
import dev.platter.emulator.lab.Verdict;
import dev.platter.emulator.measure.stages.Latencies;
import dev.platter.emulator.measure.workload.Bench.Pattern;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.measure.workload.MadeUpRuns;
import dev.platter.emulator.measure.workload.MeasuredRun;
import dev.platter.emulator.measure.workload.RunResult;
import dev.platter.emulator.result.document.Records;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleSupplier;
import org.HdrHistogram.Histogram;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class RingFlagsExperimentTest {
  private static final long MINUTE = 60_000_000_000L;
  private static final List<FlagLadder.Cell> CELLS =
      List.of(
          new FlagLadder.Cell(DeviceKind.VIRTIO, Pattern.RANDREAD, 1),
          new FlagLadder.Cell(DeviceKind.RAW, Pattern.RANDWRITE, 64));

  @TempDir private Path scratch;

  private Map<String, @Nullable Object> run(int rounds, long budgetNanos, BooleanSupplier end) {
    return run(rounds, budgetNanos, 3, end);
  }

  private Map<String, @Nullable Object> run(
      int rounds, long budgetNanos, int tries, BooleanSupplier end) {
    return run(rounds, budgetNanos, tries, end, Plant.NONE);
  }

  private Map<String, @Nullable Object> run(
      int rounds, long budgetNanos, int tries, BooleanSupplier end, Plant plant) {
    RingFlagsExperiment experiment =
        new RingFlagsExperiment(
            new RingFlagsExperiment.Parameters(
                CELLS, 4 << 20, 0, 2_000_000, rounds, budgetNanos, tries));
    Finding finding = experiment.run(new LabContext(scratch, null, false, end, text -> {}, plant));
    assertThat(scratch).isEmptyDirectory();
    return Records.toMap(finding.result(experiment.name(), 0, null, Plant.NONE));
  }

  @SuppressWarnings("unchecked")
  private static List<Map<String, Object>> list(
      Map<String, ? extends @Nullable Object> map, String key) {
    return (List<Map<String, Object>>) Objects.requireNonNull(map.get(key));
  }

  private static List<String> titles(Map<String, @Nullable Object> finding) {
    return list(finding, "tables").stream()
        .map(table -> String.valueOf(table.get("title")))
        .toList();
  }

  @Test
  void measuresTheLadderOnBothDevices() {
    Map<String, @Nullable Object> finding = run(2, MINUTE, () -> false);
    assertThat(finding)
        .containsEntry("name", "ring-flags")
        .containsEntry("partial", false)
        .containsKeys("seen", "expected", "source", "details");
    assertThat(titles(finding))
        .anyMatch(title -> title.startsWith("virtio"))
        .anyMatch(title -> title.startsWith("raw"));
    List<Map<String, Object>> rows = list(finding, "rows");
    assertThat(rows).hasSizeBetween(2, 10).allMatch(row -> Objects.equals(row.get("runs"), 2L));
    assertThat(rows.getFirst())
        .containsEntry("label", "virtio randread QD1 none")
        .containsEntry("device", "virtio")
        .containsKeys("iops", "latency_us", "loop_counters");
    @SuppressWarnings("unchecked")
    Map<String, Object> details =
        (Map<String, Object>) Objects.requireNonNull(finding.get("details"));
    assertThat(details).containsEntry("rounds", 2).containsEntry("interval_level_together", 0.95);
    // Two pairs are never enough to call anything a gain.
    assertThat(list(details, "comparisons"))
        .hasSize(rows.size() - 2)
        .allMatch(comparison -> Objects.equals(comparison.get("answer"), "too_few_pairs"));
    assertThat(finding.get("seen")).asString().startsWith("Only 2 rounds were complete");
    assertThat(list(finding, "charts")).hasSize(1);
  }

  @Test
  void withoutTimeForARoundTheresNoVerdictFromTheLadder() {
    Map<String, @Nullable Object> finding = run(2, 0, () -> false);
    assertThat(list(finding, "rows")).isEmpty();
    assertThat(titles(finding)).noneMatch(title -> title.startsWith("virtio"));
    assertThat(finding.get("verdict")).isIn("inconclusive", "affected");
    assertThat(finding.get("details"))
        .asInstanceOf(InstanceOfAssertFactories.MAP)
        .containsEntry("comparisons", null);
  }

  @Test
  void withoutATryAtPollingNothingIsSaidOfIt() {
    Map<String, @Nullable Object> finding = run(2, MINUTE, 0, () -> false);
    assertThat(finding.get("verdict")).isIn("not_affected", "affected");
    assertThat(finding.get("reason")).asString().contains("kernel").doesNotContain("polling");
  }

  @Test
  void aPlantedRefusalIsFoundAndAKeptAwayOneIsNot() {
    assertThat(run(1, MINUTE, 0, () -> false, Plant.PRESENT))
        .containsEntry("verdict", "affected")
        .extractingByKey("reason")
        .asString()
        .endsWith("NO_SQARRAY");
    assertThat(run(1, MINUTE, 0, () -> false, Plant.ABSENT))
        .containsEntry("verdict", "not_affected");
  }

  // ---- the ladder's answers ------------------------------------------------------------------

  private static MeasuredRun run(double iops) {
    Histogram latency = Latencies.newHistogram();
    latency.recordValue(1_000);
    return MadeUpRuns.of(new RunResult(1_000_000_000, latency, Math.round(iops), 4096, false));
  }

  /**
   * What is found on made-up samples.
   *
   * @param noise what an IOPS figure is multiplied with, by chance
   * @param slow what the second step's figures are multiplied with
   */
  private Map<String, @Nullable Object> found(int rounds, DoubleSupplier noise, double slow) {
    RingFlagsExperiment.Parameters parameters =
        new RingFlagsExperiment.Parameters(CELLS, 4 << 20, 0, 1, rounds, MINUTE, 1);
    FlagLadder ladder =
        new FlagLadder(
            scratch,
            List.of(Rung.NONE, Rung.SINGLE_ISSUER, Rung.TASKRUN),
            parameters,
            new LabContext(scratch, null, false, () -> false, text -> {}));
    for (int round = 0; round < rounds; round++) {
      Map<FlagLadder.Cell, Map<Rung, MeasuredRun>> results = new LinkedHashMap<>();
      for (FlagLadder.Cell cell : CELLS) {
        Map<Rung, MeasuredRun> rungs = new EnumMap<>(Rung.class);
        for (Rung rung : ladder.rungs()) {
          double factor = rung == Rung.SINGLE_ISSUER ? slow : 1;
          rungs.put(rung, run(100_000 * factor * noise.getAsDouble()));
        }
        results.put(cell, rungs);
      }
      ladder.add(results);
    }
    Finding finding = new Finding("", "", "");
    RingFlagsFinding result = new RingFlagsFinding(finding, Map.of());
    result.ladder(ladder);
    return Records.toMap(result.finish().result("ring-flags", 0, null, Plant.NONE));
  }

  private static List<@Nullable Object> answers(Map<String, @Nullable Object> finding) {
    Object details = Objects.requireNonNull(finding.get("details"));
    @SuppressWarnings("unchecked")
    Map<String, Object> map = (Map<String, Object>) details;
    List<@Nullable Object> answers = new ArrayList<>();
    list(map, "comparisons").forEach(one -> answers.add(one.get("answer")));
    return answers;
  }

  @Test
  void aPlantedEffectIsSeenAndNothingElse() {
    Random random = new Random(1);
    DoubleSupplier noise = () -> Math.exp(0.005 * random.nextGaussian());
    Map<String, @Nullable Object> finding = found(12, noise, 0.8);
    assertThat(answers(finding)).containsExactly("loss", "no_difference", "loss", "no_difference");
    assertThat(finding.get("seen"))
        .asString()
        .startsWith(
            "Of 4 comparisons 0 show a gain, 2 a loss, 2 no difference beyond 5 %, and 0 are"
                + " inconclusive. The differences: ");
    assertThat(finding.get("reason")).asString().doesNotContain("open");
    assertThat(finding.get("remedy")).asString().startsWith("Some flags cost here");
  }

  @Test
  void withoutAnEffectThereIsNoDifference() {
    Random random = new Random(2);
    Map<String, @Nullable Object> finding =
        found(12, () -> Math.exp(0.005 * random.nextGaussian()), 1);
    assertThat(answers(finding)).containsOnly("no_difference").hasSize(4);
    assertThat(finding).containsEntry("verdict", "not_affected").containsEntry("remedy", null);
  }

  @Test
  void noiseIsInconclusiveAndNotTheSame() {
    Random random = new Random(3);
    Map<String, @Nullable Object> finding =
        found(12, () -> Math.exp(0.5 * random.nextGaussian()), 1);
    assertThat(answers(finding)).containsOnly("inconclusive").hasSize(4);
    assertThat(finding.get("seen"))
        .asString()
        .startsWith(
            "Of 4 comparisons 0 show a gain, 0 a loss, 0 no difference beyond 5 %, and 4 are"
                + " inconclusive.");
    assertThat(finding.get("reason"))
        .asString()
        .endsWith("; what the flags bring is open in 4 of 4 comparisons");
  }

  @Test
  void tooFewRoundsSayNothing() {
    Map<String, @Nullable Object> finding = found(3, () -> 1, 0.5);
    assertThat(answers(finding)).containsOnly("too_few_pairs").hasSize(4);
    assertThat(finding.get("seen")).asString().startsWith("Only 3 rounds were complete");
    assertThat(finding.get("reason")).asString().contains("open in 4 of 4 comparisons");
  }

  // ---- verdicts ------------------------------------------------------------------------------

  private static Finding verdict(Map<SetupFlag, String> refused, TaskWork.Seen... seen) {
    RingFlagsFinding finding = new RingFlagsFinding(new Finding("", "", ""), refused);
    finding.taskWork(List.of(seen));
    return finding.finish();
  }

  private static TaskWork.Seen seen(int flagged, int nothing, int lost, SetupFlag... flags) {
    return new TaskWork.Seen(EnumSet.copyOf(List.of(flags)), flagged, 0, nothing, 0, lost, 1_000);
  }

  @Test
  void aKernelThatRefusesWhatPaysOffIsAffected() {
    Finding finding =
        verdict(
            Map.of(SetupFlag.NO_SQARRAY, "EINVAL from this kernel; it is in Linux 6.6"),
            seen(5, 0, 0, SetupFlag.TASKRUN_FLAG));
    assertThat(finding.verdict()).isEqualTo(Verdict.AFFECTED);
    assertThat(Records.toMap(finding.result("x", 0, null, Plant.NONE)).get("reason"))
        .asString()
        .endsWith("NO_SQARRAY");
    assertThat(Records.toMap(finding.result("x", 0, null, Plant.NONE)).get("remedy"))
        .asString()
        .startsWith("Run Linux 6.6 or newer");
    assertThat(finding.details())
        .containsEntry(
            "refused_flags", Map.of("NO_SQARRAY", "EINVAL from this kernel; it is in Linux 6.6"));
  }

  @Test
  void flagsThatTheKernelRefusesAreNotNamed() {
    LadderFinding finding =
        new LadderFinding(
            new Finding("", "", ""), Map.of(SetupFlag.SINGLE_ISSUER, "", SetupFlag.SUBMIT_ALL, ""));
    assertThat(finding.taken(Rung.TASKRUN)).containsExactly("COOP_TASKRUN", "TASKRUN_FLAG");
  }

  @Test
  void aCompletionThatPollingMissesIsTheWorst() {
    assertThat(verdict(Map.of(), seen(4, 1, 0, SetupFlag.TASKRUN_FLAG)).verdict())
        .isEqualTo(Verdict.AFFECTED);
    assertThat(verdict(Map.of(), seen(0, 5, 1, SetupFlag.COOP_TASKRUN)).verdict())
        .isEqualTo(Verdict.AFFECTED);
    assertThat(
            Records.toMap(
                verdict(Map.of(), seen(0, 5, 3, SetupFlag.TASKRUN_FLAG))
                    .result("x", 0, null, Plant.NONE)))
        .as("one that is lost counts once")
        .containsEntry("reason", "polling missed 5 completions");
    // Without the flag that tells, seeing nothing is as it should be.
    assertThat(verdict(Map.of(), seen(0, 5, 0, SetupFlag.COOP_TASKRUN)).verdict())
        .isEqualTo(Verdict.INCONCLUSIVE);
  }
}
