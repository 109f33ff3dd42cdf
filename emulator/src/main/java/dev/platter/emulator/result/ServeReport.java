package dev.platter.emulator.result;

import dev.platter.emulator.host.Scheduling;
import dev.platter.emulator.measure.stages.Observations;
import dev.platter.emulator.measure.stages.StageRun;
import dev.platter.emulator.result.document.EnvironmentFacts;
import dev.platter.emulator.result.document.RequestStages;
import dev.platter.emulator.result.document.ServeDocument;
import dev.platter.emulator.result.document.ServeRow;
import dev.platter.emulator.result.document.Warning;
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
  public static ServeDocument document(
      Origin origin,
      EnvironmentFacts environment,
      Map<String, @Nullable Object> parameters,
      List<Export> exports,
      Scheduling loops,
      Observations seen) {
    List<Warning> warnings =
        Warnings.of(
            environment,
            false,
            false,
            null,
            List.of(new SchedulingReport.OfRow("loops of the server", loops)));
    return new ServeDocument(
        origin.frame(SCHEMA, environment, parameters, warnings),
        exports.stream().map(export -> row(export, seen)).toList());
  }

  private static ServeRow row(Export export, Observations seen) {
    RequestStages stages = RecordedStages.of(List.of(export.run()), seen);
    return new ServeRow(
        export.device(),
        export.name(),
        export.loop(),
        1,
        false,
        stages == null ? null : stages.endToEndUs(),
        stages);
  }
}
