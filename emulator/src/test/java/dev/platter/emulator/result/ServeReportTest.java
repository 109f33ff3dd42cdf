package dev.platter.emulator.result;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.host.Scheduling;
import dev.platter.emulator.host.ThreadTime;
import dev.platter.emulator.measure.stages.Observations;
import dev.platter.emulator.result.document.EnvironmentFacts;
import dev.platter.emulator.result.document.Records;
import dev.platter.emulator.result.document.ServeDocument;
import dev.platter.emulator.result.document.Warning;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ServeReportTest {
  private static ServeDocument document(long waitedNanos) {
    Scheduling loops =
        new Scheduling(
            1_000_000_000,
            List.of(new ThreadTime("io0", 500_000_000, waitedNanos)),
            null,
            null,
            null,
            null);
    return ServeReport.document(
        Origin.now("x"),
        Records.read(EnvironmentFacts.class, Map.of(), ""),
        Map.of(),
        List.of(),
        loops,
        Observations.NONE);
  }

  @Test
  void aBusyHostIsToldAsOfARun() {
    assertThat(document(1_000_000).frame().warnings()).isEmpty();
    assertThat(document(80_000_000).frame().warnings())
        .containsExactly(
            new Warning(
                "busy_host",
                "This host had no CPU for threads that could have run (loops of the server: io0"
                    + " for 8 % of the run). The figures are those of a busy host: repeat the"
                    + " run when the host is idle."));
  }
}
