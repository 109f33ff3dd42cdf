package dev.platter.emulator.measure.stages;

import dev.platter.aio.trace.Stamp;
import dev.platter.emulator.result.document.Percentiles;
import dev.platter.emulator.result.document.RequestStages;
import dev.platter.emulator.text.TextParagraph;
import dev.platter.emulator.text.TextTable;
import dev.platter.emulator.text.Units;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The stages of several devices as one table for a terminal: a row for each stage, p50 and p99 in
 * microseconds for each device, and lines below it for each cause of stalls, for stalls without a
 * known cause and for stalls that could not be compared with all causes. It is made of what the
 * JSON has.
 */
public final class StageTable {
  private StageTable() {}

  /**
   * The table, with a line for each cause of stalls.
   *
   * @param devices by the device's label, in order; null for a device whose stages were not
   *     recorded
   * @param width how many characters a line of the table may have
   */
  public static String render(Map<String, ? extends @Nullable RequestStages> devices, int width) {
    Map<String, RequestStages> recorded = new LinkedHashMap<>();
    devices.forEach((label, stages) -> {
      if (stages != null) {
        recorded.put(label, stages);
      }
    });
    if (recorded.isEmpty()) {
      return "";
    }
    return table(recorded, width) + stalls(recorded);
  }

  private static String table(Map<String, RequestStages> devices, int width) {
    TextTable table = new TextTable().left("stage");
    devices.keySet().forEach(label -> table.right(label + " p50 us").right(label + " p99 us"));
    for (Stamp end : Stamp.values()) {
      List<String> cells = new ArrayList<>();
      cells.add(end.stage());
      boolean passed = false;
      for (RequestStages stages : devices.values()) {
        Percentiles times = times(stages, end.stage());
        passed |= times != null;
        addCells(cells, times);
      }
      if (passed) {
        table.row(cells);
      }
    }
    List<String> whole = new ArrayList<>();
    whole.add("end to end");
    devices.values().forEach(stages -> addCells(whole, stages.endToEndUs()));
    table.row(whole);
    return table.render(width);
  }

  private static @Nullable Percentiles times(RequestStages stages, String name) {
    return stages.stages().stream()
        .filter(stage -> stage.stage().equals(name))
        .map(RequestStages.Stage::us)
        .findFirst()
        .orElse(null);
  }

  private static void addCells(List<String> cells, @Nullable Percentiles times) {
    cells.add(cell(times == null ? null : times.p50()));
    cells.add(cell(times == null ? null : times.p99()));
  }

  private static String cell(@Nullable Double micros) {
    return micros == null ? "-" : Units.micros(micros * 1e3);
  }

  private static String stalls(Map<String, RequestStages> devices) {
    StringBuilder text = new StringBuilder();
    devices.forEach((label, stages) -> {
      for (RequestStages.Stalls stalls : stages.stalls()) {
        text.append(
            TextParagraph.of(
                label + ": ",
                "  ",
                requests(stalls.requests(), stages)
                    + " stalled, "
                    + stalls.cause()
                    + times(stalls.totalUs(), stalls.maxUs())
                    + ". "
                    + stalls.what()
                    + "."));
      }
      for (RequestStages.Unexplained unexplained : stages.unexplained()) {
        boolean kernel = unexplained.stage().equals("kernel");
        text.append(
            TextParagraph.of(
                label + ": ",
                "  ",
                requests(unexplained.requests(), stages)
                    + " took longest in "
                    + (kernel ? "the kernel and the disk" : "stage " + unexplained.stage())
                    + times(unexplained.totalUs(), unexplained.maxUs())
                    + (kernel ? ". No other cause is known." : ". The cause is not known.")));
      }
      if (stages.stallsUnmatched() > 0) {
        text.append(
            TextParagraph.of(
                label + ": ",
                "  ",
                stages.stallsUnmatched()
                    + " unmatched: only the first requests with a long stage are held against"
                    + " pauses of the JVM, busy workers and threads without a CPU, any of which may"
                    + " be the cause of these."));
      }
    });
    return text.toString();
  }

  private static String requests(long some, RequestStages stages) {
    return some + " of " + stages.requests() + " requests";
  }

  private static String times(double totalMicros, double maxMicros) {
    return String.format(
        Locale.ROOT, ", %.1f ms in all, %.1f ms at worst", totalMicros / 1e3, maxMicros / 1e3);
  }
}
