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

  /** As the experiment measures: the baseline has two windows a round. */
  private void rounds(double[] nothing, double[] before, double[] after, double reads) {
    for (int i = 0; i < after.length; i++) {
      add(IowaitCase.NOTHING, nothing[2 * i]);
      add(IowaitCase.NOTHING, nothing[2 * i + 1]);
      add(IowaitCase.BEFORE, before[i]);
      add(IowaitCase.AFTER, after[i]);
      add(IowaitCase.READS, reads);
      add(IowaitCase.PREADS, reads);
    }
  }

  private static double[] of(double... values) {
    return values;
  }

  private static final double[] QUIET = new double[10];
  private static final double[] NONE = new double[5];
  private static final double[] ALL = {1, 1, 1, 1, 1};

  private Says says() {
    return results.says(StallCounter.HOST_SOME);
  }

  @Test
  void aPlantedEffectOnAQuietHost() {
    rounds(of(0, 0.001, 0, 0, 0, 0, 0.002, 0, 0, 0), of(0, 0.002, 0, 0, 0), ALL, 0.8);
    assertThat(says()).isEqualTo(Says.COUNTS);
    assertThat(results.says(StallCounter.IOWAIT)).isEqualTo(Says.DEAD);
    assertThat(results.verdict()).isEqualTo(Verdict.AFFECTED);
    assertThat(results.added(IowaitCase.AFTER, StallCounter.HOST_SOME)).isCloseTo(1, EXACT);
    assertThat(results.added(IowaitCase.IOTHREAD, StallCounter.HOST_SOME)).isNull();
  }

  @Test
  void oneHundredPercentAgainstNoneIsClearWhateverBurstsThereWere() {
    rounds(of(0, 1, 0, 0, 0, 0, 0, 0.4, 0, 0), of(0, 0, 1, 0, 0), ALL, 1);
    assertThat(says()).isEqualTo(Says.COUNTS);
    assertThat(results.verdict()).isEqualTo(Verdict.AFFECTED);
  }

  @Test
  void aKernelThatCountsRealIoOnly() {
    rounds(QUIET, NONE, of(0, 0.001, 0, 0, 0), 0.7);
    assertThat(says()).isEqualTo(Says.DOES_NOT);
    assertThat(results.verdict()).isEqualTo(Verdict.NOT_AFFECTED);
  }

  @Test
  void theSameBesideOtherWorkInWhichItAddsNothing() {
    rounds(
        of(0.02, 0, 0.3, 0.01, 0.02, 0, 0, 0.03, 0.01, 0),
        of(0.01, 0.02, 0, 0, 0.1),
        of(0.02, 0, 0.01, 0, 0.02),
        0.7);
    assertThat(says()).isEqualTo(Says.DOES_NOT);
    assertThat(results.verdict()).isEqualTo(Verdict.NOT_AFFECTED);
  }

  @Test
  void countersThatShowNothingAtAllDoNotTell() {
    rounds(QUIET, NONE, NONE, 0);
    assertThat(says()).isEqualTo(Says.DEAD);
    assertThat(results.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
  }

  @Test
  void aDiskThatIsBusyAllTheTimeDoesNotTell() {
    double[] busy = {1, 1, 0.9, 1, 1, 1, 1, 0.95, 1, 1};
    rounds(busy, ALL, ALL, 1);
    assertThat(says()).as("nothing can be added").isEqualTo(Says.DEAD);
    assertThat(results.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
  }

  @Test
  void aRiseThatTheControlHasTooIsNoProof() {
    rounds(QUIET, of(0.5, 0.5, 0.5, 0.5, 0.5), of(0.6, 0.6, 0.6, 0.6, 0.6), 0.8);
    assertThat(says()).isEqualTo(Says.UNCLEAR);
    assertThat(results.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
  }

  @Test
  void noiseHidesIt() {
    rounds(
        of(0, 0.9, 0.4, 0.1, 0.7, 0, 0.3, 0.8, 0.5, 0.2),
        of(0.6, 0, 0.9, 0.3, 0.5),
        of(0.5, 0.9, 0.1, 0.6, 0.4),
        0.8);
    assertThat(says()).isEqualTo(Says.UNCLEAR);
    assertThat(results.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(results.noise(StallCounter.HOST_SOME)).isCloseTo(0.3, EXACT);
  }

  @Test
  void burstsAsHighAsTheRingsWindowsLeaveItOpen() {
    rounds(
        of(0, 0.9, 0, 0.9, 0, 0.9, 0, 0, 0.9, 0),
        of(0, 0.9, 0, 0.9, 0),
        of(0.5, 0.5, 0.5, 0.5, 0.5),
        0.8);
    assertThat(results.share(IowaitCase.BEFORE, StallCounter.HOST_SOME)).isZero();
    assertThat(says()).isEqualTo(Says.UNCLEAR);
  }

  @Test
  void aRingThatCountsNowAndThenLeavesItOpen() {
    rounds(QUIET, NONE, of(0.5, 0, 0.5, 0, 0.5), 0.8);
    assertThat(says()).isEqualTo(Says.UNCLEAR);
  }

  @Test
  void threeRoundsTellAndTwoDoNot() {
    rounds(new double[4], new double[2], of(1, 1), 1);
    assertThat(says()).isEqualTo(Says.UNCLEAR);
    rounds(new double[2], new double[1], of(1), 1);
    assertThat(says()).isEqualTo(Says.COUNTS);
  }

  @Test
  void addsNothingMeansLessThanTheMargin() {
    rounds(QUIET, NONE, of(0.04, 0.04, 0.04, 0.03, 0.04), 0.7);
    assertThat(says()).isEqualTo(Says.DOES_NOT);
  }

  @Test
  void whatAddsAboutTheMarginIsOpen() {
    rounds(QUIET, NONE, of(0.06, 0.06, 0.04, 0.06, 0.04), 0.7);
    assertThat(says()).isEqualTo(Says.UNCLEAR);
  }

  @Test
  void oneCounterThatTellsIsEnough() {
    for (int round = 0; round < 5; round++) {
      double other = round % 2;
      add(IowaitCase.NOTHING, 0, other);
      add(IowaitCase.NOTHING, 0, 1 - other);
      add(IowaitCase.BEFORE, 0, other);
      add(IowaitCase.AFTER, 0, 1 - other);
      add(IowaitCase.PREADS, 0.6, 1);
    }
    assertThat(says()).isEqualTo(Says.UNCLEAR);
    assertThat(results.says(StallCounter.IOWAIT)).isEqualTo(Says.DOES_NOT);
    assertThat(results.verdict()).isEqualTo(Verdict.NOT_AFFECTED);
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
