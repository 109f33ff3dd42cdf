package dev.platter.emulator.result;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.host.Scheduling;
import dev.platter.emulator.host.ThreadTime;
import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.FindingTable;
import dev.platter.emulator.lab.Verdict;
import dev.platter.emulator.text.TextParagraph;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
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
    assertThat(LabReport.section(finding().toMap("wheels", 1.5), 80))
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
    Map<String, @Nullable Object> partial =
        finding().remedy("Grind it.").partial().toMap("wheels", 1.5);
    assertThat(LabReport.section(partial, 80))
        .contains("verdict     not affected (partial): most are round\n")
        .endsWith("to do       Grind it.\n");
    Map<String, @Nullable Object> failed = finding().toMap("axle", 12);
    failed.put("failure", "it broke");
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

  private static Map<String, @Nullable Object> row(long waitedNanos) {
    Scheduling scheduling =
        new Scheduling(
            1_000_000_000,
            List.of(new ThreadTime("main-loop", 500_000_000, waitedNanos)),
            null,
            null,
            null,
            null);
    Map<String, @Nullable Object> row = new HashMap<>();
    row.put("scheduling", SchedulingReport.toMap(scheduling));
    return row;
  }

  /** Of all rows of an experiment together those that suffered. */
  @Test
  void whichExperimentsTheHostWasBusyForIsTold() {
    Finding idle = finding().addRows(List.of(row(1_000_000)));
    Finding busy = finding().addRows(List.of(row(100_000_000), row(300_000_000), row(0)));
    assertThat(
            LabReport.warnings(
                Map.of(), List.of(idle.toMap("axle", 1), finding().toMap("seat", 1))))
        .isEmpty();
    assertThat(
            Warnings.text(
                LabReport.warnings(
                    Map.of(), List.of(idle.toMap("axle", 1), busy.toMap("wheels", 1)))))
        .isEqualTo(
            """
            warning: This host had no CPU for threads that could have run (wheels: main-loop
              for 20 % of the run). The figures are those of a busy host: repeat the run
              when the host is idle.
            """);
  }

  @Test
  void theDocumentHoldsTheFindings() {
    Map<String, @Nullable Object> document =
        LabReport.json(
            Map.of(), Map.of("full", false), true, List.of(finding().toMap("wheels", 1.5)));
    assertThat(document)
        .containsExactly(
            Map.entry("schema", "platter.lab/1"),
            Map.entry("environment", Map.of()),
            Map.entry("parameters", Map.of("full", false)),
            Map.entry("warnings", List.of()),
            Map.entry("partial", true),
            Map.entry("experiments", List.of(finding().toMap("wheels", 1.5))));
  }
}
