package dev.platter.emulator.lab.iowait;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.host.PressureFile;
import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.Plant;
import dev.platter.emulator.lab.Verdict;
import dev.platter.emulator.result.document.Records;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IowaitReportTest {
  @TempDir Path directory;

  private IowaitReport report() {
    PressureFile missing = PressureFile.at(directory.resolve("io.pressure"));
    return new IowaitReport(new StallReading.Sources(missing, missing));
  }

  private static IowaitResults results(double after) {
    return results(after, 5);
  }

  private static IowaitResults results(double after, int rounds) {
    return results(after, rounds, List.of(IowaitCase.values()));
  }

  private static IowaitResults results(double after, int rounds, List<IowaitCase> cases) {
    IowaitResults results = new IowaitResults();
    for (int round = 0; round < rounds; round++) {
      round(results, after, cases);
    }
    return results;
  }

  private static void round(IowaitResults results, double after) {
    round(results, after, List.of(IowaitCase.values()));
  }

  private static void round(IowaitResults results, double after, List<IowaitCase> cases) {
    for (IowaitCase what : cases) {
      double share =
          switch (what) {
            case AFTER, IOTHREAD_ABLATED, MAIN_LOOP_ABLATED -> after;
            case READS, PREADS -> 0.8;
            default -> 0;
          };
      results.add(
          what,
          new StallReading.Window(
              1, Map.of(StallCounter.IOWAIT, share), new TreeMap<>(Map.of(3, share))));
    }
  }

  private static String text(Finding finding, String key) {
    return String.valueOf(Records.toMap(finding.result("iowait", 0, null, Plant.NONE)).get(key));
  }

  @Test
  void anAffectedKernel() {
    Finding finding =
        report().finding(results(0.97), Map.of(), new IowaitReport.Setting(true, true, false));
    assertThat(finding.verdict()).isEqualTo(Verdict.AFFECTED);
    assertThat(text(finding, "seen"))
        .contains("after one request adds 97.0 % iowait")
        .contains("with NO_IOWAIT 0.0 % iowait")
        .contains("idle IOThread adds 0.0 % iowait")
        .contains("80.0 % iowait, so real I/O is still counted")
        .contains("does not exist: the kernel has no PSI");
    assertThat(text(finding, "remedy")).contains("IORING_ENTER_NO_IOWAIT");
    assertThat(text(finding, "tables")).contains("cpu3");
  }

  @Test
  void aKernelThatIsNotAffectedNeedsNoRemedy() {
    Finding finding =
        report().finding(results(0), Map.of(), new IowaitReport.Setting(true, true, false));
    assertThat(finding.verdict()).isEqualTo(Verdict.NOT_AFFECTED);
    assertThat(Records.toMap(finding.result("iowait", 0, null, Plant.NONE)))
        .containsEntry("remedy", null);
  }

  @Test
  void interruptedItNeedsThreeWindows() {
    IowaitResults results = results(0.97, 2);
    IowaitReport.Setting partial = new IowaitReport.Setting(true, true, true);
    Finding early = report().finding(results, Map.of(), partial);
    assertThat(early.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(text(early, "reason")).contains("interrupted");
    for (int i = 0; i < 2; i++) {
      round(results, 0.97);
    }
    assertThat(report().finding(results, Map.of(), partial).verdict()).isEqualTo(Verdict.AFFECTED);
  }

  /** Reads moved the figure, but in too few windows to be sure of it. */
  @Test
  void interruptedBeforeItsReadsItDoesNotSayThatRealIoMovesNothing() {
    IowaitResults results = results(0, 2);
    round(
        results,
        0,
        List.of(
            IowaitCase.NOTHING,
            IowaitCase.NOTHING,
            IowaitCase.NOTHING,
            IowaitCase.BEFORE,
            IowaitCase.AFTER));
    Finding finding =
        report().finding(results, Map.of(), new IowaitReport.Setting(true, true, true));
    assertThat(finding.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(text(finding, "reason"))
        .isEqualTo("it was interrupted before there were enough windows to tell");
    assertThat(text(finding, "remedy")).isEqualTo("Run it again, and let it end");
  }

  @Test
  void withoutReadsItDoesNotSayThatRealIoMovesNothing() {
    IowaitResults results =
        results(0, 5, List.of(IowaitCase.NOTHING, IowaitCase.BEFORE, IowaitCase.AFTER));
    Finding finding =
        report().finding(results, Map.of(), new IowaitReport.Setting(true, false, false));
    assertThat(finding.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(text(finding, "reason"))
        .contains("without O_DIRECT there was no real I/O")
        .doesNotContain("not even real I/O");
    assertThat(text(finding, "remedy")).contains("--dir");
  }

  @Test
  void nothingMeasuredIsInconclusive() {
    Finding finding =
        report()
            .finding(new IowaitResults(), Map.of(), new IowaitReport.Setting(false, false, true));
    assertThat(finding.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    assertThat(Records.toMap(finding.result("iowait", 0, null, Plant.NONE)))
        .containsEntry("partial", true);
    assertThat(text(finding, "seen")).contains("has no O_DIRECT");
  }

  @Test
  void aHostWithoutAnyFigureIsToldWhatItLacks() {
    Finding finding = report().notPossible();
    assertThat(finding.verdict()).isEqualTo(Verdict.NOT_POSSIBLE);
    assertThat(text(finding, "seen")).contains("CONFIG_PSI");
    assertThat(text(finding, "remedy")).contains("psi=1");
    assertThat(finding.details())
        .containsOnlyKeys(
            report()
                .finding(results(0), Map.of(), new IowaitReport.Setting(true, true, false))
                .details()
                .keySet());
  }
}
