package dev.platter.emulator.result;

import dev.platter.emulator.host.Scheduling;
import dev.platter.emulator.measure.stages.Observations;
import dev.platter.emulator.measure.stages.StageRun;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What {@code platter serve --stages} has recorded: {@code platter.serve/1}. */
public final class ServeReport {
  /** The JSON's schema. */
  public static final String SCHEMA = "platter.serve/1";

  private ServeReport() {}

  /**
   * An export.
   *
   * @param device its kind of device, as documents name it
   * @param loop which loop does its I/O, as documents name it
   * @param run what was recorded of it
   */
  public record Export(String name, String device, String loop, StageRun run) {}

  /**
   * The JSON document.
   *
   * @param parameters what the server was told
   * @param loops how the host treated the threads of the loops
   */
  public static Map<String, @Nullable Object> json(
      Map<String, @Nullable Object> environment,
      Map<String, @Nullable Object> parameters,
      List<Export> exports,
      Scheduling loops,
      Observations seen) {
    List<Object> rows = new ArrayList<>();
    for (Export export : exports) {
      Map<String, @Nullable Object> stages = RecordedStages.toMap(List.of(export.run()), seen);
      Map<String, @Nullable Object> row = new LinkedHashMap<>();
      row.put("device", export.device());
      row.put("label", export.name());
      row.put("loop", export.loop());
      row.put("runs", 1);
      row.put("partial", false);
      row.put("latency_us", stages == null ? null : stages.get("end_to_end_us"));
      row.put("stages", stages);
      rows.add(row);
    }
    List<Warnings.Warning> warnings =
        Warnings.of(
            environment,
            false,
            false,
            null,
            List.of(new SchedulingReport.OfRow("loops of the server", loops)));
    return JsonDocument.of(SCHEMA, environment, parameters, warnings, rows);
  }
}
