package dev.platter.emulator.lab.lostwakeup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.LabContext;
import dev.platter.emulator.lab.Plant;
import dev.platter.emulator.lab.Verdict;
import dev.platter.emulator.result.document.Records;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two batches of each case: what is counted, not how long it takes. */
@Timeout(120)
@Tag("slow")
class LostWakeupExperimentTest {
  private static final int REQUESTS = 32;

  @TempDir private Path directory;

  private Finding run(BooleanSupplier interrupted) {
    return run(interrupted, Plant.NONE);
  }

  private Finding run(BooleanSupplier interrupted, Plant plant) {
    LostWakeupExperiment experiment =
        new LostWakeupExperiment(
            new LostWakeupExperiment.Amount((long) REQUESTS * (128 << 10), 1, 1));
    return experiment.run(new LabContext(directory, null, false, interrupted, line -> {}, plant));
  }

  private static List<Map<?, ?>> rows(Finding finding) {
    List<Map<?, ?>> rows = new ArrayList<>();
    if (Records.toMap(finding.result("lost-wakeup", 1, null, Plant.NONE)).get("rows")
        instanceof List<?> list) {
      list.forEach(row -> rows.add((Map<?, ?>) row));
    }
    return rows;
  }

  @Test
  void requestsOfTheDeafLoopAreNamedAndNoneOfTheOthers() throws Exception {
    Finding finding = run(() -> false);
    assertThat(rows(finding)).hasSize(5);
    assertThat(finding.details())
        .hasEntrySatisfying(
            "requests_not_notified",
            // A batch that comes just before the timer hardly waits.
            requests -> assertThat((Long) requests).isBetween(REQUESTS / 2L, (long) REQUESTS))
        .hasEntrySatisfying("sata_off_to_on", ratio -> assertThat((Double) ratio).isGreaterThan(1));
    for (Map<?, ?> row : rows(finding)) {
      boolean deaf = List.of("notify").equals(row.get("ablated"));
      if (!deaf) {
        assertThat(String.valueOf(row.get("stages"))).doesNotContain("not_notified");
      }
    }
    try (Stream<Path> left = Files.list(directory)) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void aPlantedFaultIsFound() {
    Finding finding = run(() -> false, Plant.PRESENT);
    assertThat(finding.verdict()).isEqualTo(Verdict.AFFECTED);
    assertThat(
            String.valueOf(
                Records.toMap(finding.result("lost-wakeup", 1, null, Plant.NONE)).get("reason")))
        .contains("Platter has the fault itself");
  }

  @Test
  void anInterruptedOneSaysSo() {
    int[] asked = new int[1];
    Finding finding = run(() -> asked[0]++ > 40);
    Map<String, ?> map = Records.toMap(finding.result("lost-wakeup", 1, null, Plant.NONE));
    assertThat(map.get("partial")).isEqualTo(true);
    assertThat(map.get("verdict")).isEqualTo("inconclusive");
  }
}
