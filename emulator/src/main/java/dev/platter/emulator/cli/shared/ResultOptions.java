package dev.platter.emulator.cli.shared;

import dev.platter.emulator.text.TextTable;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * The places where a measurement's result goes besides standard output, and the width of its
 * tables: {@code --json}, {@code --report} and {@code --wide} of all commands that measure.
 */
public final class ResultOptions {
  private static final int USUAL = 80;

  @Mixin private JsonOption json = new JsonOption();

  @Mixin private ReportOption report = new ReportOption();

  @Option(
      names = "--wide",
      description =
          "Print all columns of tables (default: those that fit the terminal; 80 characters where"
              + " there is none).")
  private boolean wide;

  /** Refuses files that cannot be written later, before anything is done. */
  public void check() {
    json.check();
    report.check(json.file());
  }

  /** The first option that was given and that wants a document; null if none does. */
  public @Nullable String wanted() {
    if (json.isGiven()) {
      return JsonOption.NAME;
    }
    return report.isGiven() ? ReportOption.NAME : null;
  }

  /** Whether a report is wanted. */
  public boolean wantReport() {
    return report.isGiven();
  }

  /** How many characters a line of a table may have. */
  public int columns() {
    return wide ? TextTable.WIDE : Terminal.columns(USUAL);
  }

  /**
   * Writes the document to where it is wanted. A failure of one place does not stop the other.
   *
   * @param stdout the place that {@code --json -} stands for
   */
  public void write(Record document, PrintWriter stdout) {
    AllSteps.run(() -> json.write(document, stdout), () -> report.write(document));
  }
}
