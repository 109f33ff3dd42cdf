package dev.platter.emulator.cli;

import dev.platter.emulator.page.Document;
import dev.platter.emulator.page.HtmlReport;
import dev.platter.emulator.page.ReportFiles;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code platter report}. */
@Command(
    name = "report",
    description = {
      "Draws saved results as one self-contained HTML page.",
      "Several are compared first: rows of the same name side by side, with their ratio to the"
          + " first file's, and what differs in parameters and environment.",
    },
    footer = {
      "  platter report iotest.json --report iotest.html",
      "  platter report before.json after.json --report cmp.html",
    })
final class ReportCommand extends PlatterCommand {
  @Parameters(
      arity = "1..*",
      paramLabel = "JSON",
      description = "Results: what --json of iotest, bench, guest run or lab has written.")
  private List<String> files = List.of();

  @Option(
      names = "--report",
      required = true,
      paramLabel = "FILE",
      description = "Where the page goes.")
  private String report = "";

  @Override
  public void run() {
    HtmlReport.checkWritable(report);
    List<Document> documents = new ArrayList<>();
    for (String file : files) {
      documents.add(ReportFiles.read(file));
    }
    HtmlReport.write(report, documents);
    out().println("wrote " + report);
  }
}
