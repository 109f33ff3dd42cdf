package dev.platter.emulator.result.page;

import dev.platter.emulator.result.document.RequestStages;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** All that is drawn of rows, in a run's document and in an experiment alike. */
final class RowCharts {
  private static final int PER_CHART = Colours.COUNT;

  private static final int SHOWN_REQUESTS = 3;

  private final Markup out;
  private final List<Row> rows;
  private final String heading;

  /**
   * For some rows.
   *
   * @param heading the element of headings, {@code h3} or {@code h4}
   */
  RowCharts(Markup out, List<Row> rows, String heading) {
    this.out = out;
    this.rows = rows;
    this.heading = heading;
  }

  /** Draws the table, the percentiles and, where they were recorded, the stages. */
  void draw() {
    if (rows.isEmpty()) {
      out.element("p", "There are no rows: the run was interrupted before the first one.");
      return;
    }
    out.element(heading, "Figures");
    RowTables.draw(out, "figures", rows, RowTables.HEADLINE);
    RowTables.operations(out, rows);
    out.open("details").element("summary", "What it cost: CPU, wake-ups, lock and loop counters");
    RowTables.draw(out, "costs", rows, RowTables.COSTS);
    out.close();
    boolean sweep = SweepChart.isSweep(rows);
    if (sweep) {
      out.element(heading, "IOPS over latency");
      SweepChart.draw(out, rows);
    }
    percentiles();
    if (rows.stream().allMatch(row -> row.stages() == null)) {
      out.element(heading, "Stages");
      boolean guest = rows.stream().anyMatch(Row::seenByGuest);
      Tables.paragraph(
          out,
          null,
          "Stages were not recorded; add "
              + (guest ? "`--report`" : "`--stages` or `--report`")
              + " to the command.");
      return;
    }
    stages();
    if (!sweep) {
      timelines();
      slowest();
    }
    out.element(heading, "Stalls");
    RowTables.stalls(out, rows);
  }

  private List<List<Row>> charts(List<Row> all) {
    List<List<Row>> charts = new ArrayList<>();
    for (int i = 0; i < all.size(); i += PER_CHART) {
      charts.add(all.subList(i, Math.min(all.size(), i + PER_CHART)));
    }
    return charts;
  }

  private void percentiles() {
    out.element(heading, "Latency percentiles");
    boolean guest = rows.stream().anyMatch(Row::seenByGuest);
    for (List<Row> some : charts(rows)) {
      PercentileChart.draw(
          out,
          guest
              ? "End-to-end latency by percentile, as the guest sees it"
              : "End-to-end latency by percentile",
          some.stream()
              .map(row ->
                  new PercentileChart.Line(
                      row, guest || !row.hasCurve() ? row.summary() : row.curve()))
              .toList());
      if (guest) {
        PercentileChart.draw(
            out,
            "Latency by percentile, as the server sees it",
            some.stream()
                .filter(Row::hasCurve)
                .map(row -> new PercentileChart.Line(row, row.curve()))
                .toList());
      }
    }
  }

  private void stages() {
    out.element(heading, "Stages");
    for (List<Row> some : charts(rows)) {
      StageBars.draw(out, some, "p50");
      StageBars.draw(out, some, "p99");
      StageBars.key(out, some);
    }
    out.open("details").element("summary", "All stages of all requests, as tables");
    for (Row row : rows) {
      Stages stages = row.stages();
      if (stages != null) {
        out.element("p", row.name(), "class", "table-title");
        RowTables.stages(out, row, stages);
      }
    }
    out.close();
    boolean guest = rows.stream().anyMatch(Row::seenByGuest);
    out.element(
        "p",
        "A bar is the mean of the requests whose end-to-end latency is at that percentile, so its"
            + " parts add up; the stages' own percentiles in the tables do not."
            + (guest
                ? " '"
                    + Stages.UNSEEN
                    + "' is the guest's latency at that percentile less the server's."
                : ""),
        "class",
        "note");
  }

  private record RowTimeline(Row row, RequestStages.RunTimeline recorded) {}

  private void timelines() {
    List<RowTimeline> shown = new ArrayList<>();
    List<RowTimeline> others = new ArrayList<>();
    for (Row row : rows) {
      Stages stages = row.stages();
      List<RequestStages.RunTimeline> all =
          stages == null ? List.of() : stages.recorded().timelines();
      if (stages != null && !all.isEmpty()) {
        // The one with the slowest request, which is drawn below.
        List<RequestStages.SlowRequest> slowest = stages.recorded().slowest();
        long run = slowest.isEmpty() ? 1 : slowest.getFirst().run();
        RequestStages.RunTimeline first =
            all.stream().filter(t -> t.run() == run).findFirst().orElse(all.getFirst());
        shown.add(new RowTimeline(row, first));
        all.stream()
            .filter(t -> !t.equals(first))
            .forEach(t -> others.add(new RowTimeline(row, t)));
      }
    }
    if (shown.isEmpty()) {
      return;
    }
    out.element(heading, "Latencies over time");
    LatencyTimeline.Span span =
        LatencyTimeline.Span.of(
            Stream.concat(shown.stream(), others.stream()).map(RowTimeline::recorded).toList());
    shown.forEach(timeline -> LatencyTimeline.draw(out, timeline.row(), timeline.recorded(), span));
    out.element(
        "p",
        "The band reaches from the mean, the line at its lower edge, to the slowest request of"
            + " each part of the run; all runs have the same axis of latencies. Above: when the JVM"
            + " collected or stopped, when loops' timers fired, when requests stalled, and when the"
            + " server was quiesced.",
        "class",
        "note");
    if (!others.isEmpty()) {
      out.open("details").element("summary", "The other runs");
      others.forEach(
          timeline -> LatencyTimeline.draw(out, timeline.row(), timeline.recorded(), span));
      out.close();
    }
  }

  private void slowest() {
    if (rows.stream()
        .allMatch(row -> row.stages() == null || row.stages().recorded().slowest().isEmpty())) {
      return;
    }
    out.element(heading, "The slowest requests");
    for (Row row : rows) {
      Stages stages = row.stages();
      if (stages == null) {
        continue;
      }
      int all = stages.recorded().slowest().size();
      int shown = Math.min(SHOWN_REQUESTS, all);
      IntStream.range(0, shown).forEach(i -> RequestLanes.draw(out, row, stages, i));
      if (shown < all) {
        out.open("details");
        out.element("summary", (all - shown) + " more of " + row.name());
        IntStream.range(shown, all).forEach(i -> RequestLanes.draw(out, row, stages, i));
        out.close();
      }
    }
  }
}
