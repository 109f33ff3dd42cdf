package dev.platter.emulator.lab.iowait;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.lab.Verdict;
import dev.platter.emulator.lab.iowait.IowaitResults.Says;
import java.util.Map;
import java.util.TreeMap;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class IowaitResultsTest {
  private static final Offset<Double> EXACT = Offset.offset(1e-9);

  private final IowaitResults results = new IowaitResults();

  private void add(IowaitCase what, double iowait, double some) {
    results.add(
        what,
        new StallReading.Window(
            1,
            Map.of(StallCounter.IOWAIT, iowait, StallCounter.HOST_SOME, some),
            new TreeMap<>(Map.of(0, iowait))));
  }

  private void add(IowaitCase what, double some) {
    add(what, 0, some);
  }

  @Test
  void anAffectedKernel() {
    add(IowaitCase.NOTHING, 0.001);
    add(IowaitCase.BEFORE, 0.002);
    add(IowaitCase.AFTER, 0.99);
    assertThat(results.says(StallCounter.HOST_SOME)).isEqualTo(Says.COUNTS);
    assertThat(results.says(StallCounter.IOWAIT)).isEqualTo(Says.DEAD);
    assertThat(results.verdict()).isEqualTo(Verdict.AFFECTED);
    assertThat(results.added(IowaitCase.AFTER, StallCounter.HOST_SOME)).isCloseTo(0.989, EXACT);
    assertThat(results.mostAdded(IowaitCase.AFTER)).isCloseTo(0.989, EXACT);
    assertThat(results.mostAdded(IowaitCase.IOTHREAD)).isNull();
  }

  @Test
  void aKernelThatCountsRealIoOnly() {
    add(IowaitCase.NOTHING, 0, 0);
    add(IowaitCase.BEFORE, 0, 0);
    add(IowaitCase.AFTER, 0, 0.001);
    add(IowaitCase.PREADS, 0.6, 0.7);
    assertThat(results.says(StallCounter.HOST_SOME)).isEqualTo(Says.DOES_NOT);
    assertThat(results.verdict()).isEqualTo(Verdict.NOT_AFFECTED);
  }

  @Test
  void countersThatShowNothingAtAllDoNotTell() {
    add(IowaitCase.NOTHING, 0);
    add(IowaitCase.BEFORE, 0);
    add(IowaitCase.AFTER, 0);
    add(IowaitCase.PREADS, 0);
    assertThat(results.says(StallCounter.HOST_SOME)).isEqualTo(Says.DEAD);
    assertThat(results.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
  }

  @Test
  void aRiseThatTheControlHasTooIsNoProof() {
    add(IowaitCase.NOTHING, 0);
    add(IowaitCase.BEFORE, 0.5);
    add(IowaitCase.AFTER, 0.6);
    assertThat(results.says(StallCounter.HOST_SOME)).isEqualTo(Says.UNCLEAR);
    assertThat(results.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
  }

  @Test
  void otherActivityHidesIt() {
    add(IowaitCase.NOTHING, 0);
    add(IowaitCase.NOTHING, 0.5);
    add(IowaitCase.BEFORE, 0);
    add(IowaitCase.AFTER, 0.5);
    assertThat(results.noise(StallCounter.HOST_SOME)).isCloseTo(0.25, EXACT);
    assertThat(results.says(StallCounter.HOST_SOME)).isNotEqualTo(Says.COUNTS);
    assertThat(results.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
  }

  @Test
  void aBurstAsHighAsTheRingsWindowsLeavesItOpen() {
    for (double burst : new double[] {0, 0.9, 0}) {
      add(IowaitCase.NOTHING, burst);
      add(IowaitCase.BEFORE, burst);
      add(IowaitCase.AFTER, 0.5);
    }
    assertThat(results.noise(StallCounter.HOST_SOME)).isZero();
    assertThat(results.share(IowaitCase.BEFORE, StallCounter.HOST_SOME)).isZero();
    assertThat(results.says(StallCounter.HOST_SOME)).isEqualTo(Says.UNCLEAR);
    assertThat(results.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
  }

  @Test
  void everyWindowMustStandOut() {
    for (double after : new double[] {0.5, 0.1, 0.5}) {
      add(IowaitCase.NOTHING, 0);
      add(IowaitCase.BEFORE, after < 0.5 ? 0.1 : 0);
      add(IowaitCase.AFTER, after);
    }
    assertThat(results.says(StallCounter.HOST_SOME)).isEqualTo(Says.UNCLEAR);
  }

  @Test
  void aLowBurstChangesNothing() {
    for (double burst : new double[] {0, 0.3, 0}) {
      add(IowaitCase.NOTHING, burst);
      add(IowaitCase.BEFORE, burst);
      add(IowaitCase.AFTER, 0.5);
    }
    assertThat(results.verdict()).isEqualTo(Verdict.AFFECTED);
  }

  @Test
  void addsNoneMeansBelowTheLimitAndInQuiet() {
    add(IowaitCase.NOTHING, 0);
    add(IowaitCase.NOTHING, 0.02);
    add(IowaitCase.BEFORE, 0);
    add(IowaitCase.AFTER, 0.025);
    add(IowaitCase.PREADS, 0.7);
    assertThat(results.noise(StallCounter.HOST_SOME)).isCloseTo(0.01, EXACT);
    assertThat(results.says(StallCounter.HOST_SOME)).as("1.5 %").isEqualTo(Says.UNCLEAR);
    add(IowaitCase.AFTER, 0);
    assertThat(results.says(StallCounter.HOST_SOME)).as("0.25 %").isEqualTo(Says.DOES_NOT);
    add(IowaitCase.NOTHING, 0.2);
    add(IowaitCase.NOTHING, 0.3);
    assertThat(results.says(StallCounter.HOST_SOME)).as("noise").isEqualTo(Says.UNCLEAR);
    assertThat(results.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
  }

  @Test
  void aCounterThatWasNotReadOnceIsLeftOut() {
    add(IowaitCase.NOTHING, 0);
    results.add(
        IowaitCase.AFTER,
        new StallReading.Window(1, Map.of(StallCounter.IOWAIT, 0.5), new TreeMap<>()));
    assertThat(results.counters()).containsExactly(StallCounter.IOWAIT);
    assertThat(results.share(IowaitCase.AFTER, StallCounter.HOST_SOME)).isNull();
    assertThat(new IowaitResults().verdict()).isEqualTo(Verdict.INCONCLUSIVE);
  }

  @Test
  void sumsIowaitByCpu() {
    add(IowaitCase.AFTER, 0.25, 0);
    add(IowaitCase.AFTER, 0.5, 0);
    assertThat(results.iowaitByCpu(IowaitCase.AFTER)).containsEntry(0, 0.75);
    assertThat(results.iowaitByCpu(IowaitCase.BEFORE)).isEmpty();
  }
}
