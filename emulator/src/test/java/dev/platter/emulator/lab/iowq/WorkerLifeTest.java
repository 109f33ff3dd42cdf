package dev.platter.emulator.lab.iowq;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.lab.Verdict;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WorkerLifeTest {
  /** A sample each second; closed after second 7, the thread ended after second 14. */
  private static WorkerLife life(int... living) {
    List<WorkerLife.WorkerCount> samples = new ArrayList<>();
    for (int i = 0; i < living.length; i++) {
      samples.add(new WorkerLife.WorkerCount(i, living[i], 0));
    }
    return new WorkerLife(
        samples, living.length > 8 ? 7.5 : null, living.length > 15 ? 14.5 : null);
  }

  @Test
  void aWorkerThatStaysWithoutRings() {
    WorkerLife life = life(4, 4, 4, 4, 4, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0);
    assertThat(life.verdict()).isEqualTo(Verdict.AFFECTED);
    assertThat(life.secondsToExit()).isNull();
    assertThat(life.most()).isEqualTo(4);
  }

  @Test
  void aWorkerThatGoesAtOnce() {
    WorkerLife life = life(4, 4, 4, 4, 4, 4, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    assertThat(life.verdict()).isEqualTo(Verdict.NOT_AFFECTED);
    assertThat(life.secondsToExit()).isEqualTo(0.5);
  }

  @Test
  void aWorkerThatComesBackCountsFromTheLastTime() {
    WorkerLife life = life(4, 4, 4, 4, 4, 4, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0);
    assertThat(life.verdict()).isEqualTo(Verdict.NOT_AFFECTED);
    assertThat(life.secondsToExit()).isEqualTo(3.5);
  }

  @Test
  void whatDoesNotTell() {
    assertThat(life().verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(life(2, 2, 2).verdict()).as("not closed").isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(life(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0).verdict())
        .as("no worker")
        .isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(life(2, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0).verdict())
        .as("none was left to close the rings on")
        .isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(life(2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1).verdict())
        .as("an idle one has not timed out yet")
        .isEqualTo(Verdict.INCONCLUSIVE);
  }
}
