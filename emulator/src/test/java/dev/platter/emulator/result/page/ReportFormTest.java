package dev.platter.emulator.result.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.platter.aio.PlatterException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Reports in words. */
class ReportFormTest {
  static final List<String> ALL = Pages.ALL;

  @TempDir private Path directory;

  private String written(String name, Document... documents) {
    String target = directory.resolve(name).toString();
    ReportForm.of(target).checkWritable(target);
    ReportForm.of(target).write(target, List.of(documents), List.of());
    try {
      return Files.readString(Path.of(target));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void assertFitsAMail(String text) {
    assertThat(text.lines().toList()).hasSizeLessThanOrEqualTo(40);
    assertThat(text.lines()).allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(72));
    assertThat(text).endsWith("\n").doesNotContain("\u00a0", "\t", "\r");
  }

  @Test
  void theNameSaysTheForm() {
    assertThat(ReportForm.of("r.html")).isEqualTo(ReportForm.HTML);
    assertThat(ReportForm.of("report")).isEqualTo(ReportForm.HTML);
    assertThat(ReportForm.of("a.txt/r.MD")).isEqualTo(ReportForm.MARKDOWN);
    assertThat(ReportForm.of("r.md.txt")).isEqualTo(ReportForm.TEXT);
  }

  @ParameterizedTest
  @FieldSource("ALL")
  void itFitsAMail(String name) {
    assertFitsAMail(written(name + ".txt", Pages.document(name)));
    assertFitsAMail(written(name + ".md", Pages.document(name)));
    assertFitsAMail(written("cmp.txt", Pages.document(name), Pages.document(name)));
    assertFitsAMail(
        written("all.txt", Pages.document(name), Pages.document("iotest"), Pages.document("lab")));
  }

  @Test
  void itHasFiguresReasonEnvironmentAndCommand() {
    String text = written("b.txt", Pages.document("bench"));
    Fields document = Fields.of(1, Pages.json("bench"));
    Headline.Sentences headline =
        Headline.of(Schemas.of(document), Row.of(document.requiredObjects("rows")));
    assertThat(text)
        .startsWith("Platter report: bench: closed-loop I/O")
        .containsSubsequence(
            "Found",
            firstWords(headline.found()),
            "\ndevice  runs    IOPS  /raw  p50 us  p99 us  p99.9 us  max us  MiB/s\n",
            "\nahci       3  17,921  0.87    55.9     102       133     163   70.0\n",
            "Why",
            firstWords(headline.reasons()),
            "Environment",
            "- host: AMD EPYC, 2 processors, ",
            "Linux 6.18.44",
            "- image: disk.img, ",
            "Command\n./platter bench --runs 3 --runtime 3s --report b.html\n");
  }

  @Test
  void theDiskAndTheLimitsAreOfTheEnvironment() {
    Map<String, Object> json = Pages.json("bench");
    @SuppressWarnings("unchecked")
    Map<String, Object> environment =
        (Map<String, Object>) Objects.requireNonNull(json.get("environment"));
    environment.put(
        "cgroup",
        Map.of(
            "cpus",
            1.5,
            "memory_bytes",
            1L << 30,
            "io",
            Map.of("read_bytes_per_second", 10 << 20, "writes_per_second", 1200)));
    environment.put(
        "storage",
        Map.of(
            "device",
            Map.of("name", "sda", "model", "FAST DISK", "scheduler", "none", "queue_depth", 32),
            "mount_options",
            "rw,relatime"));
    assertThat(written("b.txt", new Document("b", json)))
        .contains("- disk: sda, FAST DISK, scheduler none, queue depth 32, mounted\n")
        .contains(
            """
            - cgroup limits: CPUs 1.5, memory 1 GiB, reads of the disk 10 MiB/s,
              writes of the disk 1,200 a second
            """);
  }

  private static String firstWords(List<String> sentences) {
    return "- " + Sheet.printable(sentences.getFirst()).substring(0, 40);
  }

  @Test
  void theCommandCanBeCopied() {
    Map<String, Object> json = Pages.json("bench");
    json.put(
        "command",
        "./platter bench " + "--some-option 'a value' ".repeat(8) + "/" + "x".repeat(90));
    String text = written("b.txt", new Document("b", json));
    String command = text.substring(text.indexOf("./platter"));
    assertThat(command.replace(" \\\n   ", "").strip()).isEqualTo(json.get("command"));
    assertThat(command.lines().filter(line -> line.length() > 72)).hasSize(1);
    assertThat(written("b.md", new Document("b", json))).contains("```sh\n./platter bench");
  }

  @Test
  void whatHasNoRoomIsCounted() {
    Map<String, Object> json = Pages.json("guest");
    List<Object> rows = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      rows.addAll((List<?>) Objects.requireNonNull(json.get("rows")));
    }
    json.put("rows", rows);
    String text = written("g.txt", new Document("g", json));
    assertFitsAMail(text);
    assertThat(text).containsPattern("\n\\(7\\d more rows: see --json or the HTML page\\)\n");
  }

  /** Also where all that must stay is long. */
  @Test
  void aBusyHostFitsToo() {
    Map<String, Object> json = Pages.json("guest");
    String text = "This host had no CPU for threads that could have run. ".repeat(20);
    json.put("failure", text);
    json.put("warnings", List.of(Map.of("kind", "busy_host", "text", text), Map.of("text", text)));
    for (String form : List.of("b.txt", "b.md")) {
      String report = written(form, new Document("b", json));
      assertFitsAMail(report);
      assertThat(report)
          .containsSubsequence("Warnings", "  ...", "lines: see --json", "Figures", "Command");
    }
  }

  @Test
  void aTerminalObeysNothingInADocument() {
    Map<String, Object> json = Pages.json("bench");
    json.put("command", "\u001b[31m \u202e rm -rf \u0007");
    String text = written("b.txt", new Document("b", json));
    assertThat(text).contains("?[31m ? rm -rf ?\n");
    assertThat(ReportForm.forTerminal(List.of(new Document("b", json)), List.of()))
        .doesNotContain("\u001b", "\u202e", "\u0007");
  }

  @Test
  void namesAreNoMarkdown() {
    String text =
        written(
            "c.md",
            new Document("a|<b>.json", Pages.json("bench")),
            new Document("*b*_[x](y).json", Pages.json("bench")));
    assertThat(text)
        .contains("\\*b\\*\\_\\[x\\](y).json", "a\\|&lt;b&gt;.json")
        .doesNotContain("<b>", "*b*_[x]");
  }

  @Test
  void aReportOfAnotherFormIsNotOverwritten() throws IOException {
    Path file = directory.resolve("r.md");
    Files.writeString(file, "# My notes\n");
    assertThatExceptionOfType(PlatterException.class)
        .isThrownBy(() -> ReportForm.MARKDOWN.checkWritable(file.toString()))
        .withMessageContaining("something else than a report of Platter's");
    assertThat(written("own.md", Pages.document("bench")))
        .isEqualTo(written("own.md", Pages.document("bench")));
  }
}
