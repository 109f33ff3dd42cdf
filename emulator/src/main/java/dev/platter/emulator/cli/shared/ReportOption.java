package dev.platter.emulator.cli.shared;

import dev.platter.emulator.result.document.Records;
import dev.platter.emulator.result.page.Document;
import dev.platter.emulator.result.page.ReportForm;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code --report}, of the commands that produce a document. */
public final class ReportOption {
  /** The option's name. */
  static final String NAME = "--report";

  @Option(
      names = NAME,
      paramLabel = "FILE",
      description = {
        "Write the result as a self-contained HTML page as well.",
        "FILE.md gets Markdown and FILE.txt plain text instead, of 72 columns and 40 lines.",
      })
  private @Nullable String file;

  /** Whether a report is wanted. */
  public boolean isGiven() {
    return file != null;
  }

  /**
   * Refuses a file that cannot be written later, before anything is done.
   *
   * @param json where JSON goes, or null
   */
  public void check(@Nullable String json) {
    if (file != null) {
      check(file, json);
    }
  }

  /** The same for a report and JSON. */
  public static void check(String file, @Nullable String json) {
    PlatterCommand.require(!file.equals("-"), "--report needs a file", "--report report.html");
    ReportForm.of(file).checkWritable(file);
    PlatterCommand.require(
        json == null || !normal(json).equals(normal(file)),
        "--json and --report name the same file",
        "--report report.html");
  }

  private static Path normal(String target) {
    return Path.of(target).toAbsolutePath().normalize();
  }

  /** Writes the report, if one is wanted. */
  public void write(Record document) {
    if (file != null) {
      ReportForm.of(file)
          .write(file, List.of(new Document(file, Records.toMap(document))), List.of());
    }
  }
}
