package dev.platter.emulator.result;

import dev.platter.emulator.measure.stages.Observations;
import dev.platter.emulator.measure.stages.StageReport;
import dev.platter.emulator.measure.stages.StageRun;
import dev.platter.emulator.result.document.RequestStages;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The {@code stages} object of a row. */
final class RecordedStages {
  private RecordedStages() {}

  /**
   * Of the runs that were recorded.
   *
   * @param runs the row's runs in order; null for one that was not recorded
   * @param seen what was going on in the process meanwhile
   * @return null if no run was recorded
   */
  static @Nullable RequestStages of(List<@Nullable StageRun> runs, Observations seen) {
    List<StageRun> recorded = new ArrayList<>();
    for (int i = 0; i < runs.size(); i++) {
      StageRun run = runs.get(i);
      if (run != null) {
        recorded.add(new StageRun(i + 1, run.recorders(), run.marks()));
      }
    }
    return recorded.isEmpty()
        ? null
        : StageReport.of(recorded.getFirst().recorders().getFirst().device(), recorded, seen);
  }
}
