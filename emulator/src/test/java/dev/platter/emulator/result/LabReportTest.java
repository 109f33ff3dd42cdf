package dev.platter.emulator.result;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.host.Scheduling;
import dev.platter.emulator.host.ThreadTime;
import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.FindingTable;
import dev.platter.emulator.lab.Plant;
import dev.platter.emulator.lab.Verdict;
import dev.platter.emulator.measure.stages.Latencies;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.measure.workload.MadeUpRuns;
import dev.platter.emulator.measure.workload.MeasuredRun;
import dev.platter.emulator.measure.workload.RunResult;
import dev.platter.emulator.result.document.EnvironmentFacts;
import dev.platter.emulator.result.document.ExperimentResult;
import dev.platter.emulator.result.document.LabDocument;
import dev.platter.emulator.result.document.MeasuredRow;
import dev.platter.emulator.result.document.Records;
import dev.platter.emulator.text.TextParagraph;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LabReportTest {
  private static Finding finding() {
    return new Finding("Wheels", "Are they round?", "Somebody, somewhere, May 2020")
        .expected("Round ones.")
        .seen("Three round ones and one that is not.")
        .verdict(Verdict.NOT_AFFECTED, "most are round")
        .add(
            new FindingTable("Wheels by side")
                .words("side")
                .figures("radius", "mm")
                .figures("turns", "")
                .words("round")
                .row("left", 310.25, 12345, true)
                .row("right", 9.5, null, false)
                .note("Measured with a ruler."));
  }

  @Test
  void aSectionSaysAllThatAFindingHas() {
    assertThat(LabReport.section(finding().result("wheels", 1.5, null, Plant.NONE), 80))
        .isEqualTo(
            """
            wheels: Wheels
            ==============
            asks        Are they round?
            known from  Somebody, somewhere, May 2020
            expected    Round ones.
            seen        Three round ones and one that is not.

            Wheels by side
            side   radius mm   turns  round
            left      310.25  12,345  yes
            right       9.50       -  no
              Measured with a ruler.

            verdict     not affected: most are round
            to do       nothing
            """);
  }

  @Test
  void remediesPartialResultsAndFailuresAreTold() {
    ExperimentResult partial =
        finding().remedy("Grind it.").partial().result("wheels", 1.5, null, Plant.NONE);
    assertThat(LabReport.section(partial, 80))
        .contains("verdict     not affected (partial): most are round\n")
        .endsWith("to do       Grind it.\n");
    ExperimentResult failed = finding().result("axle", 12, "it broke", Plant.NONE);
    assertThat(LabReport.verdicts(List.of(partial, failed)))
        .isEqualTo(
            """
            experiment  verdict                 took s
            wheels      not affected (partial)     1.5
            axle        failed                    12.0
            """);
  }

  @Test
  void longTextIsBrokenAtSpacesAndIndented() {
    String word = "nine-char ";
    assertThat(TextParagraph.of("seen  ", "      ", word.repeat(12)))
        .isEqualTo("seen  " + word.repeat(7).strip() + "\n      " + word.repeat(5).strip() + "\n");
    assertThat(TextParagraph.of("", "  ", "x".repeat(150) + " y"))
        .isEqualTo("x".repeat(150) + "\n  y\n");
  }

  private static MeasuredRow row(long waitedNanos) {
    Scheduling scheduling =
        new Scheduling(
            1_000_000_000,
            List.of(new ThreadTime("main-loop", 500_000_000, waitedNanos)),
            null,
            null,
            null,
            null);
    Summary row = new Summary(DeviceKind.AHCI, Variant.ORDINARY);
    MeasuredRun made = MadeUpRuns.of(new RunResult(1, Latencies.newHistogram(), 0, 0, false));
    row.add(
        new MeasuredRun(
            made.result(),
            made.loop(),
            made.lock(),
            made.cpu(),
            scheduling,
            made.exits(),
            made.ioEventFds(),
            made.rings(),
            null));
    return IotestReport.rows(List.of(row)).getFirst();
  }

  /** Of all rows of an experiment together those that suffered. */
  @Test
  void whichExperimentsTheHostWasBusyForIsTold() {
    Finding idle = finding().addRows(List.of(row(1_000_000)));
    Finding busy = finding().addRows(List.of(row(100_000_000), row(300_000_000), row(0)));
    assertThat(
            LabReport.warnings(
                Records.read(EnvironmentFacts.class, Map.of(), ""),
                List.of(
                    idle.result("axle", 1, null, Plant.NONE),
                    finding().result("seat", 1, null, Plant.NONE))))
        .isEmpty();
    assertThat(
            Warnings.text(
                LabReport.warnings(
                    Records.read(EnvironmentFacts.class, Map.of(), ""),
                    List.of(
                        idle.result("axle", 1, null, Plant.NONE),
                        busy.result("wheels", 1, null, Plant.NONE)))))
        .isEqualTo(
            """
            warning: This host had no CPU for threads that could have run (wheels: main-loop
              for 20 % of the run). The figures are those of a busy host: repeat the run
              when the host is idle.
            """);
  }

  @Test
  void theDocumentHoldsTheFindings() {
    ExperimentResult experiment = finding().result("wheels", 1.5, null, Plant.NONE);
    LabDocument document =
        LabReport.document(
            Origin.now("x"),
            Records.read(EnvironmentFacts.class, Map.of(), ""),
            Map.of("full", false),
            true,
            List.of(experiment));
    assertThat(document.frame().schema()).isEqualTo("platter.lab/1");
    assertThat(document.frame().parameters()).isEqualTo(Map.of("full", false));
    assertThat(document.frame().warnings()).isEmpty();
    assertThat(document.partial()).isTrue();
    assertThat(document.experiments()).containsExactly(experiment);
  }
}
