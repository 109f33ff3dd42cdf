package dev.platter.emulator.measure.stages;

import dev.platter.aio.trace.Stamp;
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
 * microseconds for each device, and below it a line for each cause of stalls, for what has none and
 * for how many were not matched with all causes. It is made from what the JSON has.
 */
public final class StageTable {
  private StageTable() {}

  /**
   * The table, with a line for each cause of stalls.
   *
   * @param devices by the device's label, in order, what {@link StageReport#toMap} gave; null for a
   *     device whose stages were not recorded
   * @param width how many characters a line of the table may have
   */
  public static String render(
      Map<String, ? extends @Nullable Map<String, @Nullable Object>> devices, int width) {
    Map<String, Map<String, @Nullable Object>> recorded = new LinkedHashMap<>();
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

  private static String table(Map<String, Map<String, @Nullable Object>> devices, int width) {
    TextTable table = new TextTable().left("stage");
    devices.keySet().forEach(label -> table.right(label + " p50 us").right(label + " p99 us"));
    for (Stamp end : Stamp.values()) {
      List<String> cells = new ArrayList<>();
      cells.add(end.stage());
      boolean passed = false;
      for (Map<String, @Nullable Object> stages : devices.values()) {
        Map<?, ?> times = times(stages, end.stage());
        passed |= times != null;
        addCells(cells, times);
      }
      if (passed) {
        table.row(cells);
      }
    }
    List<String> whole = new ArrayList<>();
    whole.add("end to end");
    devices.values().forEach(stages -> addCells(whole, map(stages.get("end_to_end_us"))));
    table.row(whole);
    return table.render(width);
  }

  private static @Nullable Map<?, ?> times(Map<String, @Nullable Object> stages, String stage) {
    return list(stages.get("stages")).stream()
        .filter(entry -> stage.equals(entry.get("stage")))
        .map(entry -> map(entry.get("us")))
        .findFirst()
        .orElse(null);
  }

  private static void addCells(List<String> cells, @Nullable Map<?, ?> times) {
    for (String key : List.of("p50", "p99")) {
      Object micros = times == null ? null : times.get(key);
      cells.add(micros == null ? "-" : Units.micros(nanos(micros)));
    }
  }

  private static String stalls(Map<String, Map<String, @Nullable Object>> devices) {
    StringBuilder text = new StringBuilder();
    devices.forEach((label, stages) -> {
      for (Map<?, ?> stall : list(stages.get("stalls"))) {
        text.append(
            TextParagraph.of(
                label + ": ",
                "  ",
                requests(stall, stages)
                    + " stalled, "
                    + stall.get("cause")
                    + times(stall)
                    + ". "
                    + stall.get("what")
                    + "."));
      }
      for (Map<?, ?> unexplained : list(stages.get("unexplained"))) {
        Object stage = unexplained.get("stage");
        boolean kernel = "kernel".equals(stage);
        text.append(
            TextParagraph.of(
                label + ": ",
                "  ",
                requests(unexplained, stages)
                    + " took longest in "
                    + (kernel ? "the kernel and the disk" : "stage " + stage)
                    + times(unexplained)
                    + (kernel ? ". No other cause is known." : ". The cause is not known.")));
      }
      if (stages.get("stalls_unmatched") instanceof Number unmatched && unmatched.longValue() > 0) {
        text.append(
            TextParagraph.of(
                label + ": ",
                "  ",
                unmatched
                    + " unmatched: only the first requests with a long stage are held against"
                    + " pauses of the JVM, busy workers and threads without a CPU, any of which may"
                    + " be the cause of these."));
      }
    });
    return text.toString();
  }

  private static String requests(Map<?, ?> part, Map<?, ?> stages) {
    return part.get("requests") + " of " + stages.get("requests") + " requests";
  }

  private static String times(Map<?, ?> part) {
    return String.format(
        Locale.ROOT,
        ", %.1f ms in all, %.1f ms at worst",
        nanos(part.get("total_us")) / 1e6,
        nanos(part.get("max_us")) / 1e6);
  }

  private static double nanos(@Nullable Object micros) {
    return micros instanceof Number number ? number.doubleValue() * 1e3 : 0;
  }

  private static Map<?, ?> map(@Nullable Object value) {
    return value instanceof Map<?, ?> map ? map : Map.of();
  }

  private static List<Map<?, ?>> list(@Nullable Object value) {
    List<Map<?, ?>> maps = new ArrayList<>();
    if (value instanceof List<?> list) {
      list.forEach(entry -> maps.add(map(entry)));
    }
    return maps;
  }
}
