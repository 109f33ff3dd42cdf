package dev.platter.emulator.cli.run;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.cli.shared.AllSteps;
import dev.platter.emulator.cli.shared.JsonOption;
import dev.platter.emulator.cli.shared.PlatterCommand;
import dev.platter.emulator.cli.shared.ReportOption;
import dev.platter.emulator.result.JsonFile;
import dev.platter.emulator.result.Origin;
import dev.platter.emulator.result.page.ComparedResults;
import dev.platter.emulator.result.page.Document;
import dev.platter.emulator.result.page.Gate;
import dev.platter.emulator.result.page.ReportFiles;
import dev.platter.emulator.result.page.ReportForm;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code platter report}. */
@Command(
    name = "report",
    description = {
      "Compares saved results, or shows one.",
      "The others are compared with the first: which is faster, by how much, whether that is more"
          + " than noise, and which options and conditions differ.",
    },
    exitCodeList = {
      "0:done, and all gates passed",
      "1:a gate did not pass, or the report could not be written",
      "2:bad usage or input: an option, a path, a result, a gate",
      "3:the host lacks something",
      "130:interrupted (128 and the signal's number)",
    },
    footer = {
      "  platter report before.json after.json",
      "  platter report before.json after.json --report cmp.html",
      "  platter report main.json branch.json --gate \"p99<=1.10, iops>=0.95\"",
      "  platter report main.json branch.json --gate \"virtio:p99<=1.10\" --markdown",
      "  platter report iotest.json --report iotest.txt",
    })
public final class ReportCommand extends PlatterCommand {
  @Parameters(
      arity = "1..*",
      paramLabel = "JSON",
      description =
          "Results: what --json of iotest, bench, guest run or lab, or serve --stages, has"
              + " written.")
  private List<String> files = List.of();

  @Option(
      names = "--gate",
      paramLabel = "CONDITION",
      description = {
        "Exit with 1 unless a ratio to the first result is as it must be: [ROW:]FIGURE, one of <="
            + " < >= >, and a number; several are separated by commas, or given one by one.",
        "Without ROW it holds for each row that has the figure: time, iops, throughput, p50, p99,"
            + " p99.9, max, mean, cpu.user, cpu.sys. Runs too few to tell do not pass.",
      })
  private List<String> gates = List.of();

  @Option(
      names = "--report",
      paramLabel = "FILE",
      description = {
        "Write it as a self-contained HTML page as well.",
        "FILE.md gets Markdown and FILE.txt plain text instead, of 72 columns and 40 lines.",
      })
  private @Nullable String report;

  @Option(
      names = "--markdown",
      description = "Print Markdown, for the summary of a CI job or a comment on a change.")
  private boolean markdown;

  @Mixin private JsonOption json = new JsonOption();

  @Override
  public void run() {
    List<Gate> wanted = new ArrayList<>();
    gates.forEach(gate -> wanted.addAll(Gate.parse(gate)));
    check(wanted);
    List<Document> documents = new ArrayList<>();
    for (String file : files) {
      documents.add(ReportFiles.read(file));
    }
    ComparedResults compared =
        documents.size() == 1 ? null : new ComparedResults(documents, wanted);
    out()
        .print(
            markdown
                ? ReportForm.markdown(documents, wanted)
                : ReportForm.forTerminal(documents, wanted));
    out().flush();
    AllSteps.run(
        () -> writeJson(compared), () -> writeReport(documents, wanted), () -> passGates(compared));
  }

  private void writeJson(@Nullable ComparedResults compared) {
    if (compared != null && json.isGiven()) {
      json.write(compared.document(Origin.now(commandLine())), stdout());
      if (isJsonAlone()) {
        // Elsewhere the text has them.
        compared.warnings().forEach(warning -> err().println("platter: warning: " + warning));
        err().flush();
      }
    }
  }

  private void writeReport(List<Document> documents, List<Gate> wanted) {
    if (report != null) {
      ReportForm.of(report).write(report, documents, wanted);
    }
  }

  private boolean isJsonAlone() {
    return JsonFile.STANDARD_OUTPUT.equals(json.file());
  }

  private void check(List<Gate> wanted) {
    require(
        wanted.isEmpty() || files.size() > 1,
        "--gate needs a result to compare with",
        "platter report before.json after.json --gate \"p99<=1.10\"");
    require(
        !json.isGiven() || files.size() > 1,
        "--json writes a comparison, and there is one result",
        "platter report before.json after.json --json cmp.json");
    require(
        !markdown || !isJsonAlone(),
        "--markdown and --json - both print on standard output",
        "--json cmp.json");
    json.check();
    if (report != null) {
      ReportOption.check(report, json.file());
    }
  }

  private static void passGates(@Nullable ComparedResults compared) {
    if (compared != null && compared.closedGates() > 0) {
      throw PlatterException.failed(
          compared.closedGates() + " of " + compared.gateCount() + " gates did not pass", null);
    }
  }
}
