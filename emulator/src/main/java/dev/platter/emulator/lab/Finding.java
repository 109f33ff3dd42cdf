package dev.platter.emulator.lab;

import dev.platter.emulator.result.document.ExperimentResult;
import dev.platter.emulator.result.document.MeasuredRow;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The result of an experiment, built up while it runs; its texts are whole sentences.
 *
 * <pre>{@code
 * Finding finding = new Finding("Idle loops and iowait", "…question…", "…source…");
 * finding.expected("…").seen("…").verdict(Verdict.NOT_AFFECTED, "…").remedy("…");
 * finding.add(new FindingTable("…")…);
 * }</pre>
 */
public final class Finding {
  private final String title;
  private final String question;
  private final String source;
  private String expected = "";
  private String seen = "";
  private Verdict verdict = Verdict.INCONCLUSIVE;
  private String reason = "";
  private @Nullable String remedy;
  private boolean partial;
  private final List<FindingTable> tables = new ArrayList<>();
  private final List<FindingChart> charts = new ArrayList<>();
  private final List<MeasuredRow> rows = new ArrayList<>();
  private final Map<String, @Nullable Object> details = new LinkedHashMap<>();

  /**
   * Begins a finding.
   *
   * @param question what the experiment asks
   * @param source the publication of the trouble, with author, place and date, in words
   */
  public Finding(String title, String question, String source) {
    this.title = title;
    this.question = question;
    this.source = source;
  }

  /** Sets the expected figures, on a host with the trouble and on a host without it. */
  public Finding expected(String text) {
    expected = text;
    return this;
  }

  /** Sets the observations, with the figures that matter. */
  public Finding seen(String text) {
    seen = text;
    return this;
  }

  /**
   * Puts a sentence before the observations that readers must not miss; does nothing if it is
   * empty.
   */
  Finding note(String sentence) {
    seen = (sentence + " " + seen).strip();
    return this;
  }

  /** Sets the answer, with the reason in one sentence. */
  public Finding verdict(Verdict answer, String why) {
    verdict = answer;
    reason = why;
    return this;
  }

  /** Sets the remedy; without one there is nothing to do. */
  public Finding remedy(String text) {
    remedy = text;
    return this;
  }

  /** Marks the experiment as interrupted. */
  public Finding partial() {
    partial = true;
    return this;
  }

  /** Adds a table. */
  public Finding add(FindingTable table) {
    tables.add(table);
    return this;
  }

  /** Adds a chart. */
  public Finding add(FindingChart chart) {
    charts.add(chart);
    return this;
  }

  /** Adds rows of runs, as {@code platter.iotest/1} and {@code platter.bench/1} have them. */
  public Finding addRows(List<? extends MeasuredRow> runs) {
    rows.addAll(runs);
    return this;
  }

  /** Adds a fact for machines; the key ends in its unit. */
  public Finding detail(String key, @Nullable Object value) {
    details.put(key, value);
    return this;
  }

  /** The answer. */
  public Verdict verdict() {
    return verdict;
  }

  /** Facts for machines. */
  public Map<String, @Nullable Object> details() {
    return details;
  }

  /**
   * As the JSON has it.
   *
   * @param experiment the experiment's name
   * @param seconds how long the experiment took
   * @param failure what it failed of; null if it did not
   * @param plant what was done to it
   */
  public ExperimentResult result(
      String experiment, double seconds, @Nullable String failure, Plant plant) {
    return new ExperimentResult(
        experiment,
        title,
        question,
        source,
        expected,
        seen,
        verdict.toString(),
        reason,
        remedy,
        partial,
        seconds,
        tables.stream().map(FindingTable::table).toList(),
        charts.stream().map(FindingChart::chart).toList(),
        rows,
        details,
        failure,
        plant.toString());
  }
}
