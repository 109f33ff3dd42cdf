package dev.platter.emulator.cli;

import dev.platter.emulator.page.Document;
import dev.platter.emulator.page.HtmlReport;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code --report}, of the commands that produce a document. */
final class ReportOption {
  @Option(
      names = "--report",
      paramLabel = "FILE",
      description = "Write the result as a self-contained HTML page as well.")
  private @Nullable String file;

  /** Whether a page is wanted. */
  boolean isGiven() {
    return file != null;
  }

  /**
   * Refuses a file that cannot be written later, before anything is done.
   *
   * @param json where JSON goes, or null
   */
  void check(@Nullable String json) {
    if (file == null) {
      return;
    }
    RunCommand.require(!file.equals("-"), "--report needs a file", "--report report.html");
    HtmlReport.checkWritable(file);
    RunCommand.require(
        json == null || !normal(json).equals(normal(file)),
        "--json and --report name the same file",
        "--report report.html");
  }

  private static Path normal(String target) {
    return Path.of(target).toAbsolutePath().normalize();
  }

  /** Writes the page, if one is wanted. */
  void write(Map<String, @Nullable Object> document) {
    if (file != null) {
      HtmlReport.write(file, List.of(new Document(file, document)));
    }
  }
}
