package dev.platter.emulator.result.page;

import dev.platter.emulator.result.document.Percentiles;
import dev.platter.emulator.result.document.RequestStages;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The tables of rows: the headline, counters, stages, stalls. */
final class RowTables {
  /**
   * A column; one that no row has is not shown.
   *
   * @param name its heading, after a bar the unit
   * @param to the key of the upper end where the column has ranges, or null
   */
  record Column(String name, String key, @Nullable String to, Quantity quantity) {
    Column(String name, String key, Quantity quantity) {
      this(name, key, null, quantity);
    }
  }

  /** What a result is about. */
  static final List<Column> HEADLINE =
      List.of(
          new Column("runs", "runs", Quantity.COUNT),
          new Column("total|s", "total_seconds.median", Quantity.SECONDS),
          new Column("of the runs|s", "total_seconds.min", "total_seconds.max", Quantity.SECONDS),
          new Column("IOPS|median", "iops.median", Quantity.COUNT),
          new Column("of the runs|IOPS", "iops.min", "iops.max", Quantity.COUNT),
          new Column("to raw|IOPS ratio", "iops_ratio_to_raw", Quantity.DIGITS),
          new Column(
              "of the pairs|ratio",
              "iops_ratio_to_raw_pairs.min",
              "iops_ratio_to_raw_pairs.max",
              Quantity.DIGITS),
          new Column("to virtio|ratio", "ratio_to_virtio", Quantity.DIGITS),
          new Column(
              "of the pairs|ratio",
              "ratio_to_virtio_pairs.min",
              "ratio_to_virtio_pairs.max",
              Quantity.DIGITS),
          new Column("to QEMU|ratio", "ratio_to_qemu", Quantity.DIGITS),
          new Column(
              "of the pairs|ratio",
              "ratio_to_qemu_pairs.min",
              "ratio_to_qemu_pairs.max",
              Quantity.DIGITS),
          new Column("p50|µs", "latency_us.p50", Quantity.DIGITS),
          new Column("over raw|µs", "p50_minus_raw_us", Quantity.DIGITS),
          new Column("p99|µs", "latency_us.p99", Quantity.DIGITS),
          new Column("p99.9|µs", "latency_us.p99_9", Quantity.DIGITS),
          new Column("slowest|µs", "latency_us.max", Quantity.DIGITS),
          new Column("throughput|MiB/s", "bytes_per_second", Quantity.MEBIBYTES),
          new Column("verified|sectors", "verification.sectors", Quantity.COUNT),
          new Column("wrong|sectors", "verification.wrong_sectors", Quantity.COUNT));

  /** What it cost. */
  static final List<Column> COSTS =
      List.of(
          new Column("CPU user|s", "cpu_seconds.user", Quantity.SECONDS),
          new Column("CPU system|s", "cpu_seconds.sys", Quantity.SECONDS),
          new Column("QEMU's CPU|s", "qemu_cpu_seconds", Quantity.SECONDS),
          new Column("waited for a CPU|% of run", "scheduling.waited_share", Quantity.PERCENT),
          new Column("guest user|s", "guest_cpu_seconds.user", Quantity.SECONDS),
          new Column("guest system|s", "guest_cpu_seconds.sys", Quantity.SECONDS),
          new Column("requests per enter", "requests_per_enter", Quantity.DIGITS),
          new Column("notifies sent", "notifies.sent", Quantity.COUNT),
          new Column("elided", "notifies.elided", Quantity.COUNT),
          new Column("loop turns", "loop_counters.turns", Quantity.COUNT),
          new Column("enters", "loop_counters.enters", Quantity.COUNT),
          new Column("poll hits", "loop_counters.poll_hits", Quantity.COUNT),
          new Column("poll misses", "loop_counters.poll_misses", Quantity.COUNT),
          new Column("SQ full", "loop_counters.sq_full", Quantity.COUNT),
          new Column("waits without I/O", "loop_counters.no_iowait_waits", Quantity.COUNT),
          new Column("lock taken", "big_lock.acquisitions", Quantity.COUNT),
          new Column("contended", "big_lock.contended", Quantity.COUNT),
          new Column("waited for|s", "big_lock.wait_seconds", Quantity.AS_IS),
          new Column("held|s", "big_lock.hold_seconds", Quantity.AS_IS),
          new Column("MMIO exits", "mmio_exits", Quantity.COUNT),
          new Column("ioeventfds", "ioeventfds", Quantity.COUNT));

  private RowTables() {}

  /** A table of the columns that any row has. */
  static void draw(Markup out, String caption, List<Row> rows, List<Column> all) {
    Predicate<Column> used =
        column -> rows.stream().anyMatch(row -> row.fields().has(column.key()));
    List<Column> columns = all.stream().filter(used).toList();
    if (columns.isEmpty()) {
      return;
    }
    List<String> names = new ArrayList<>(List.of("device"));
    List<Boolean> numeric = new ArrayList<>(List.of(false));
    columns.forEach(column -> {
      names.add(column.name());
      numeric.add(true);
    });
    Tables.begin(out, caption, Tables.isTooWide(texts(rows, columns)));
    Tables.head(out, names, numeric);
    out.open("tbody");
    for (Row row : rows) {
      out.open("tr");
      name(out, row);
      columns.forEach(column -> cell(out, row.fields(), column));
      out.close();
    }
    out.close();
    Tables.end(out);
  }

  /** What stands in each column; names are not broken. */
  private static List<List<String>> texts(List<Row> rows, List<Column> columns) {
    List<List<String>> texts = new ArrayList<>();
    texts.add(rows.stream().map(row -> row.name().replace(' ', Quantity.NBSP)).toList());
    for (Column column : columns) {
      String to = column.to();
      List<String> cells = new ArrayList<>(List.of(column.name()));
      for (Row row : rows) {
        Double low = row.fields().number(column.key());
        Double high = to == null ? null : row.fields().number(to);
        cells.add(
            (low == null ? "" : column.quantity().cell(low))
                + (high == null ? "" : "–" + column.quantity().cell(high)));
      }
      texts.add(cells);
    }
    return texts;
  }

  /** Each operation by itself; nothing if no row has several. */
  static void operations(Markup out, List<Row> rows) {
    if (rows.stream().allMatch(row -> operations(row).size() <= 1)) {
      return;
    }
    Tables.begin(out, "operations");
    Tables.head(
        out,
        List.of(
            "device",
            "operation",
            "requests",
            "per second|median",
            "p50|µs",
            "p99|µs",
            "p99.9|µs",
            "slowest|µs"),
        List.of(false, false, true, true, true, true, true, true));
    out.open("tbody");
    for (Row row : rows) {
      for (String operation : operations(row)) {
        String key = "operations." + operation + ".";
        out.open("tr");
        name(out, row);
        out.element("td", operation);
        Tables.cell(out, row.fields(), key + "requests", Quantity.COUNT);
        Tables.cell(out, row.fields(), key + "per_second", Quantity.DIGITS);
        for (String percentile : List.of("p50", "p99", "p99_9", "max")) {
          Tables.cell(out, row.fields(), key + "latency_us." + percentile, Quantity.DIGITS);
        }
        out.close();
      }
    }
    out.close();
    Tables.end(out);
  }

  private static List<String> operations(Row row) {
    Fields each = row.fields().object("operations");
    return each == null ? List.of() : each.keys();
  }

  private static void cell(Markup out, Fields fields, Column column) {
    String to = column.to();
    Double low = fields.number(column.key());
    Double high = to == null ? null : fields.number(to);
    if (low != null && low.equals(high)) {
      out.element("td", Tables.NONE, "class", "n"); // of one run
      return;
    }
    if (to == null || low == null || high == null) {
      Tables.cell(out, fields, column.key(), column.quantity());
      return;
    }
    out.open("td", "class", "n");
    Tables.figure(out, fields.pathTo(column.key()), low, column.quantity().cell(low), null);
    out.text("–");
    Tables.figure(out, fields.pathTo(to), high, column.quantity().cell(high), null);
    out.close();
  }

  /** A row's name, with its colour, and whether it is all there. */
  static void name(Markup out, Row row) {
    out.open("th", "scope", "row", "class", "name");
    out.open("span", "class", "dot " + row.style()).close();
    out.text(row.name() + (row.partial() ? " (partial)" : ""));
    out.close();
  }

  /** A row's stages: how long each takes, over all requests. */
  static void stages(Markup out, Row row, Stages stages) {
    Tables.begin(out, "stages of " + row.name());
    Tables.head(
        out,
        List.of(
            "stage",
            "where",
            "what happens",
            "requests",
            "p50|µs",
            "p99|µs",
            "p99.9|µs",
            "max|µs",
            "mean|µs",
            "at p50|µs",
            "at p99|µs"),
        List.of(false, false, false, true, true, true, true, true, true, true, true));
    out.open("tbody");
    RequestStages recorded = stages.recorded();
    for (int i = 0; i < recorded.stages().size(); i++) {
      RequestStages.Stage stage = recorded.stages().get(i);
      String path = stages.path() + ".stages[" + i + "].";
      out.open("tr").element("th", stage.stage(), "scope", "row");
      out.element("td", RequestLanes.laneName(stage.lane())).element("td", stage.label());
      Tables.cell(out, path + "requests", (double) stage.requests(), Quantity.COUNT);
      percentiles(out, path + "us.", stage.us());
      for (String percentile : List.of("p50", "p99")) {
        RequestStages.Share share = stages.at(percentile);
        Tables.cell(
            out,
            stages.pathAt(percentile, "stages_us." + stage.stage()),
            share == null ? null : share.stagesUs().get(stage.stage()),
            Quantity.DIGITS);
      }
      out.close();
    }
    out.open("tr", "class", "sum").element("th", "end to end", "scope", "row");
    out.element("td", "").element("td", "from the first station to the last");
    String path = stages.path() + ".";
    Tables.cell(out, path + "requests", (double) recorded.requests(), Quantity.COUNT);
    percentiles(out, path + "end_to_end_us.", recorded.endToEndUs());
    for (String percentile : List.of("p50", "p99")) {
      RequestStages.Share share = stages.at(percentile);
      Tables.cell(
          out,
          stages.pathAt(percentile, "end_to_end_us"),
          share == null ? null : Double.valueOf(share.endToEndUs()),
          Quantity.DIGITS);
    }
    out.close().close();
    Tables.end(out);
  }

  private static void percentiles(Markup out, String path, Percentiles micros) {
    Tables.cell(out, path + "p50", micros.p50(), Quantity.DIGITS);
    Tables.cell(out, path + "p99", micros.p99(), Quantity.DIGITS);
    Tables.cell(out, path + "p99_9", micros.p999(), Quantity.DIGITS);
    Tables.cell(out, path + "max", micros.max(), Quantity.DIGITS);
    Tables.cell(out, path + "mean", micros.mean(), Quantity.DIGITS);
  }

  /** The stalls of all rows, and how many of them were not matched; says so if there are none. */
  static void stalls(Markup out, List<Row> rows) {
    causes(out, rows);
    for (Row row : rows) {
      Stages stages = row.stages();
      if (stages != null && stages.recorded().stallsUnmatched() > 0) {
        out.element(
            "p",
            row.spoken()
                + ": "
                + Quantity.COUNT.cell((double) stages.recorded().stallsUnmatched())
                + " unmatched. Only the first requests with a long stage are held against pauses of"
                + " the JVM, busy workers and threads without a CPU, any of which may be the cause"
                + " of these.",
            "class",
            "note");
      }
    }
  }

  private static void causes(Markup out, List<Row> rows) {
    record Stall(Row row, String path, RequestStages.Stalls recorded) {}
    List<Stall> stalls = new ArrayList<>();
    for (Row row : rows) {
      Stages stages = row.stages();
      if (stages != null) {
        int index = 0;
        for (RequestStages.Stalls recorded : stages.recorded().stalls()) {
          String path = stages.path() + ".stalls[" + index++ + "].";
          stalls.add(new Stall(row, path, recorded));
        }
      }
    }
    if (stalls.isEmpty()) {
      out.element("p", "No request was stalled for a known cause.");
      return;
    }
    Tables.begin(out, "stalls");
    Tables.head(
        out,
        List.of("device", "cause", "requests", "longest|µs", "in all|µs", "what happened"),
        List.of(false, false, true, true, true, false));
    out.open("tbody");
    Set<String> causes = new LinkedHashSet<>();
    for (Stall stall : stalls) {
      RequestStages.Stalls recorded = stall.recorded();
      String cause = recorded.cause();
      causes.add(cause);
      out.open("tr");
      name(out, stall.row());
      out.open("td", "class", "cause").text(StallCauses.name(cause)).leaf("br");
      out.element("code", cause).close();
      Tables.cell(out, stall.path() + "requests", (double) recorded.requests(), Quantity.COUNT);
      Tables.cell(out, stall.path() + "max_us", recorded.maxUs(), Quantity.DIGITS);
      Tables.cell(out, stall.path() + "total_us", recorded.totalUs(), Quantity.DIGITS);
      out.element("td", recorded.what(), "class", "words");
      out.close();
    }
    out.close();
    Tables.end(out);
    out.element("p", "What to do", "class", "table-title").open("dl", "class", "remedies");
    for (String cause : causes) {
      out.open("dt").element("code", cause).close().open("dd");
      Tables.prose(out, StallCauses.remedy(cause));
      out.close();
    }
    out.close();
  }
}
