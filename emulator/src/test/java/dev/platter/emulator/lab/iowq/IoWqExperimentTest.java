package dev.platter.emulator.lab.iowq;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.host.IoWorkerThreads;
import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.LabContext;
import dev.platter.emulator.lab.Plant;
import dev.platter.emulator.lab.Verdict;
import dev.platter.emulator.result.document.Records;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class IoWqExperimentTest {
  private static final IoWqExperiment TINY =
      new IoWqExperiment(new IoWqExperiment.Plan(10_000_000, 100_000_000, 100_000_000));

  @TempDir Path scratch;

  @Test
  void whatBlocksIsHandedOverAndWhatDoesNotIsNot() {
    try (PuntKinds kinds = new PuntKinds(scratch)) {
      List<PuntKinds.Outcome> outcomes = kinds.tryAll();
      assertThat(outcomes)
          .filteredOn(one -> one.kind().equals("NOP"))
          .singleElement()
          .isEqualTo(new PuntKinds.Outcome("NOP", 0, null));
      assertThat(outcomes)
          .filteredOn(one -> one.kind().equals("fsync") || one.kind().endsWith("IOSQE_ASYNC"))
          .hasSize(2)
          .allSatisfy(one -> {
            assertThat(one.error()).isNull();
            assertThat(one.workers()).isBetween(1, PuntKinds.REQUESTS);
          });
    }
    assertThat(scratch).isEmptyDirectory();
  }

  @Test
  void limitsHold() {
    List<WorkerCaps.Outcome> outcomes =
        new WorkerCaps(scratch, 5_000_000, 50_000_000, () -> false).tryAll();
    assertThat(outcomes).hasSize(8);
    assertThat(outcomes)
        .allSatisfy(one -> {
          assertThat(one.error()).isNull();
          assertThat(one.completed()).isEqualTo(WorkerCaps.REQUESTS);
          assertThat(one.most()).isBetween(1, WorkerCaps.REQUESTS);
          assertThat(one.respected()).isNotEqualTo(false);
        });
    assertThat(WorkerCaps.defaults()).isNotNull();
    assertThat(scratch).isEmptyDirectory();
  }

  @Test
  void workersBelongToTheThreadThatSubmitsAndEndWithIt() {
    WorkerWatch watch = new WorkerWatch(IoWorkerThreads::list);
    try (PuntKinds kinds = new PuntKinds(scratch);
        RingTask task = new RingTask("owner", PuntKinds.REQUESTS)) {
      task.submit(kinds.punted());
      assertThat(task.take(PuntKinds.REQUESTS)).allMatch(result -> result >= 0);
      Set<String> owner = watch.fix();
      assertThat(owner).hasSize(1);
      assertThat(watch.count()).isBetween(1, PuntKinds.REQUESTS);
      task.end();
      while (watch.count() > 0) {
        Thread.onSpinWait(); // until the class's timeout
      }
    }
  }

  @Test
  void aFindingHasItsParts() {
    Finding finding = TINY.run(new LabContext(scratch, null, false, () -> false, text -> {}));
    assertThat(finding.verdict())
        .as("too short to tell that one stays")
        .isIn(Verdict.NOT_AFFECTED, Verdict.INCONCLUSIVE);
    assertThat(Records.toMap(finding.result("io-wq", 0, null, Plant.NONE)))
        .containsEntry("partial", false);
    assertThat(
            (List<?>)
                Objects.requireNonNull(
                    Records.toMap(finding.result("io-wq", 0, null, Plant.NONE)).get("tables")))
        .hasSize(3);
    assertThat(finding.details())
        .containsKeys("exit_after_close_seconds", "limits", "requests", "kernel_release");
    assertThat((Integer) finding.details().get("most_workers")).isPositive();
    assertThat((Double) finding.details().get("rings_closed_seconds")).isPositive();
    assertThat((Double) finding.details().get("threads_ended_seconds")).isPositive();
    assertThat(scratch).isEmptyDirectory();
  }

  @Test
  void aPlantedWorkerStaysAndAKeptAwayOneGoes() {
    assertThat(planted(Plant.PRESENT).details()).containsEntry("exit_after_close_seconds", null);
    Finding absent = planted(Plant.ABSENT);
    assertThat(absent.details().get("exit_after_close_seconds")).isNotNull();
    assertThat(absent.verdict()).isEqualTo(Verdict.NOT_AFFECTED);
  }

  private Finding planted(Plant plant) {
    return TINY.run(new LabContext(scratch, null, false, () -> false, text -> {}, plant));
  }

  @Test
  void interruptedItReturnsWhatItHas() {
    AtomicInteger asked = new AtomicInteger();
    Finding finding =
        TINY.run(
            new LabContext(scratch, null, false, () -> asked.incrementAndGet() > 20, text -> {}));
    assertThat(Records.toMap(finding.result("io-wq", 0, null, Plant.NONE)))
        .containsEntry("partial", true);
    assertThat(finding.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(scratch).isEmptyDirectory();
  }

  @Test
  void hasNameAndSummary() {
    assertThat(new IoWqExperiment().name()).isEqualTo("io-wq");
    assertThat(new IoWqExperiment().summary()).isNotBlank().doesNotEndWith(".");
  }
}
