package dev.platter.emulator.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.cli.Cli;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.jr.ob.JSON;

/** {@code platter report} as its users type it. */
class ReportCommandTest {
  @TempDir private Path directory;

  private Path saved(String name) throws IOException {
    Path file = directory.resolve(name);
    try (InputStream in =
        ReportCommandTest.class.getResourceAsStream("/dev/platter/emulator/result/page/" + name)) {
      Files.write(file, Objects.requireNonNull(in, name).readAllBytes());
    }
    return file;
  }

  private Path page() {
    return directory.resolve("page.html");
  }

  @Test
  void drawsOneResultOrComparesSeveral() throws IOException {
    Path first = saved("iotest.json");
    Cli one = Cli.run("report", first, "--report", page());
    assertThat(one.exitCode()).isZero();
    assertThat(one.err()).isEmpty();
    assertThat(one.out()).startsWith("Platter report: iotest: batches of requests");
    assertThat(page()).content().startsWith("<!DOCTYPE html>\n<!-- Platter report -->");
    Cli two = Cli.run("report", first, saved("iotest-deaf.json"), "--report", page());
    assertThat(two.exitCode()).isZero();
    assertThat(page()).content().contains("Comparison of 2 results", ">iotest-deaf.json<");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"schema\": \"platter.iotest/1\", \"rows\": [   | is not JSON, or not all of it",
        "not JSON at all                                | is not JSON",
        "``                                             | is not JSON",
        "[1, 2]                                         | is not JSON",
        "{}                                             | 'schema' is missing",
        "{\"schema\": 7}                                | 'schema' is not a string",
        "{\"schema\": \"platter.image/1\"}              | its schema is 'platter.image/1'; a"
            + " report",
        "{\"schema\": \"platter.iotest/2\"}             | its schema is 'platter.iotest/2'",
        "{\"schema\": \"platter.iotest/1\"}             | 'rows' is missing",
        "{\"schema\": \"platter.iotest/1\", \"rows\": 3} | 'rows' is not a list",
        "{\"schema\": \"platter.iotest/1\", \"rows\": [3]} | 'rows[0]' is not an object",
        "{\"schema\": \"platter.iotest/1\", \"rows\": [{}]} | 'rows[0].device' is missing",
        "{\"schema\": \"platter.lab/1\"}                | 'experiments' is missing",
        "{\"schema\": \"platter.lab/1\", \"experiments\": [{}]} | 'experiments[0].name' is missing",
        "{\"schema\": \"platter.bench/1\", \"rows\": [{\"device\": \"raw\", \"runs\": 1e999}]}"
            + " | 'rows[0].runs' is not a number",
        "{\"schema\": \"platter.bench/1\", \"rows\": [], \"environment\": {\"cpu_governor\": 5}}"
            + " | 'environment.cpu_governor' is not a string",
        "{\"schema\": \"platter.bench/1\", \"rows\": [], \"environment\": {\"jvm\": \"x\"}}"
            + " | 'environment.jvm.version' lies in something that is no object",
      })
  void whatIsNoResultIsRefusedByName(String content, String message) throws IOException {
    Path file = Files.writeString(directory.resolve("bad.json"), content);
    Cli compared = Cli.run("report", saved("bench.json"), file, "--report", page());
    Cli alone = Cli.run("report", file, "--report", page());
    for (Cli cli : List.of(compared, alone)) {
      assertThat(cli.err())
          .startsWith("platter: cannot make a report of " + file + ": ")
          .contains(message)
          .contains("try: ");
      assertThat(cli.exitCode()).isEqualTo(2);
      assertThat(cli.out()).isEmpty();
      assertThat(page()).doesNotExist();
    }
  }

  @Test
  void deepNestingIsNoResult() throws IOException {
    Path file = Files.writeString(directory.resolve("deep.json"), "{\"a\":".repeat(100_000));
    Cli cli = Cli.run("report", file, "--report", page());
    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.err()).startsWith("platter: cannot make a report of " + file);
  }

  @Test
  void whatIsNoFileOrTooLargeIsRefused() throws IOException {
    assertRefused(directory.resolve("none.json"), "there is no such file");
    assertRefused(directory, "it is no regular file");
    Path huge = directory.resolve("huge.json");
    try (RandomAccessFile file = new RandomAccessFile(huge.toFile(), "rw")) {
      file.setLength(1L << 40);
    }
    assertRefused(huge, "it has more than 64 MiB");
    Path binary = Files.write(directory.resolve("x.bin"), new byte[] {(byte) 0xff, (byte) 0xfe, 3});
    assertRefused(binary, "");
  }

  private void assertRefused(Path file, String message) {
    Cli cli = Cli.run("report", file, "--report", page());
    assertThat(cli.err()).startsWith("platter: cannot make a report of " + file).contains(message);
    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(page()).doesNotExist();
  }

  @Test
  void aResultIsNotOverwritten() throws IOException {
    Path json = saved("bench.json");
    byte[] before = Files.readAllBytes(json);
    Cli cli = Cli.run("report", json, "--report", json);
    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.err()).contains("something else than a report of Platter's");
    for (String form : new String[] {"precious.md", "precious.txt"}) {
      Path precious = Files.writeString(directory.resolve(form), "my thesis");
      Cli refused = Cli.run("report", json, "--report", precious);
      assertThat(refused.exitCode()).isEqualTo(2);
      assertThat(refused.err()).contains("something else than a report of Platter's");
      assertThat(precious).hasContent("my thesis");
    }
    assertThat(json).hasBinaryContent(before);
  }

  @Test
  void theHelpSaysWhatAGateEndsWith() {
    assertThat(Cli.run("report", "--help").out())
        .containsPattern("\n  1 +a gate did not pass, or the report could not be written\n");
  }

  @Test
  void filesMustBeNamed() throws IOException {
    assertThat(Cli.run("report", "--report", page()).exitCode()).isEqualTo(2);
    Cli nowhere = Cli.run("report", saved("bench.json"), "--report", "/no/such/dir/x.html");
    assertThat(nowhere.err()).contains("there is no directory /no/such/dir");
    assertThat(nowhere.exitCode()).isEqualTo(2);
  }

  // ---- comparisons ---------------------------------------------------------------------------

  /** A result of bench with one row; what other tests need besides is put in. */
  private Path result(String name, String parameters, double... iops) throws IOException {
    StringBuilder samples = new StringBuilder();
    double[] sorted = iops.clone();
    Arrays.sort(sorted);
    for (double one : iops) {
      samples
          .append(samples.isEmpty() ? "" : ", ")
          .append("{\"partial\": false, \"iops\": ")
          .append(one)
          .append(", \"latency_us\": {\"p99\": ")
          .append(1e6 / one)
          .append("}}");
    }
    double median = sorted[sorted.length / 2];
    return Files.writeString(
        directory.resolve(name),
        """
        {"schema": "platter.bench/1", "created": "2026-11-20T09:12:44Z",
         "environment": {"kernel_release": "6.18", "image": {"path": "x"}},
         "parameters": {"rw": "randread", "java_options": null%s},
         "rows": [{"device": "virtio", "runs": %d, "partial": false,
           "iops": {"median": %s, "min": %s, "max": %s},
           "latency_us": {"p99": %s}, "samples": [%s]}]}
        """
            .formatted(
                parameters,
                iops.length,
                median,
                sorted[0],
                sorted[sorted.length - 1],
                1e6 / median,
                samples));
  }

  private Path base() throws IOException {
    return result("a.json", "", 1000, 1010, 1020, 990, 1005);
  }

  @Test
  void itSaysOnTopWhichIsFasterAndByHowMuch() throws IOException {
    Path slower = result("b.json", "", 900, 890, 880, 910, 905);
    Cli cli = Cli.run("report", base(), slower);
    assertThat(cli.exitCode()).isZero();
    assertThat(cli.err()).isEmpty();
    assertThat(cli.out())
        .isEqualTo(
            """
            Platter report: comparison

            - b.json is slower than a.json: virtio 10.4 % fewer IOPS.

            Results
            - A: a.json, 2026-11-20T09:12:44Z
            - B: b.json, 2026-11-20T09:12:44Z

            What differs
            - Nothing differs: all options and all that is known of the hosts are the same.

            Row by row
            - virtio: slower: 10.4 % fewer IOPS, 900 IOPS (880 IOPS to 910 IOPS, 5 runs)
              against 1,005 IOPS (990 IOPS to 1,020 IOPS, 5 runs)

            Figures
            device  figure      A      B   B/A
            virtio  IOPS    1,005    900  0.90  slower
                    p99 us    995  1,111  1.12  slower
            """);
    assertThat(Cli.run("report", slower, base()).out())
        .contains("- a.json is faster than b.json: virtio 11.7 % more IOPS.");
  }

  /** The p99 of all requests is that of the worst run where this is one of ten. */
  @Test
  void ratiosAreThoseOfTheFiguresBesideThem() throws IOException {
    double[] some = {1000, 1010, 1020, 990, 1005, 1000, 1010, 1020, 990, 10};
    Path first = result("a.json", "", some);
    Files.writeString(
        first,
        Files.readString(first)
            .replaceFirst(
                "\"latency_us\": .*, \"samples", "\"latency_us\": {\"p99\": 100000.0}, \"samples"));
    Path slower = result("b.json", "", Arrays.stream(some).map(iops -> iops / 2).toArray());
    Cli cli = Cli.run("report", first, slower, "--report", page());
    assertThat(cli.out()).contains("p99 us    998  1,995  2.00  slower");
    assertThat(page())
        .content()
        .contains("data-key=\"1:rows[0].samples[].latency_us.p99\"")
        .contains("data-to=\"1:rows[0].samples[].latency_us.p99\"");
  }

  @Test
  void runsThatOverlapAreNoise() throws IOException {
    Path other = result("b.json", "", 900, 890, 1000, 910, 905);
    assertThat(Cli.run("report", base(), other).out())
        .contains("- b.json and a.json differ by no more than noise: virtio.\n")
        .contains("- virtio: noise: the runs overlap: 905 IOPS (890 IOPS to 1,000 IOPS, 5 runs)")
        .doesNotContain("slower")
        .doesNotContain("faster");
  }

  @Test
  void ofOneRunEachNothingIsClaimed() throws IOException {
    Path other = result("b.json", "", 10);
    Cli cli = Cli.run("report", result("one.json", "", 1000), other);
    assertThat(cli.out())
        .contains(
            """
            - It cannot be known whether b.json is faster than one.json: there is one run
              each; take --runs 5.
            """)
        .doesNotContain("slower");
    Cli gated = Cli.run("report", result("one.json", "", 1000), other, "--gate", "iops>=0.001");
    assertThat(gated.exitCode()).isEqualTo(1);
    assertThat(gated.err()).isEqualTo("platter: 1 of 1 gates did not pass\n");
    assertThat(gated.out())
        .contains("- undecided: virtio of b.json: iops>=0.001: it is 0.01 (10 IOPS against 1,000");
  }

  @Test
  void everyDifferenceIsListedBeforeTheFigures() throws IOException {
    Path other = result("b.json", ", \"cache\": \"writeback\", \"size_bytes\": 134217729", 1000);
    Path first = result("a.json", ", \"cache\": \"none\", \"size_bytes\": 134217728", 1000);
    assertThat(Cli.run("report", first, other).out())
        .contains("- Warning: They were not run alike: cache, size differ, and the ratios show\n")
        .containsSubsequence(
            "What differs",
            "- cache: none (A); writeback (B)",
            // Both are 128 MiB, rounded.
            "- size: 134217728 B (A); 134217729 B (B)",
            "- All other options, and all else that is known of the hosts, are the same.",
            "Figures");
    // What an older one does not say is not the same.
    assertThat(Cli.run("report", base(), other).out())
        .contains("Whether the rest is the same is not known, because not all options were saved.")
        .contains("a.json does not say: cache, size.")
        .doesNotContain("are the same");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "iops>=0.95                    | 1 | failed: virtio of b.json: iops>=0.95: it is 0.90",
        "iops>=0.85                    | 0 | passed: virtio of b.json: iops>=0.85",
        "p99<=1.10                     | 1 | failed: virtio of b.json: p99<=1.1: it is 1.12",
        "p99 <= 1.2, IOPS > .5         | 0 | passed: virtio of b.json: iops>0.5",
        "p99<=1.2,iops>0.95            | 1 | failed: virtio of b.json: iops>0.95",
        "virtio:p99<1.2                | 0 | passed: virtio of b.json: p99<1.2",
        "VIRTIO : p99 >= 1.2           | 1 | failed: virtio of b.json: p99>=1.2",
      })
  void gatesDecideTheExitCode(String gate, int exitCode, String line) throws IOException {
    Path slower = result("b.json", "", 900, 890, 880, 910, 905);
    Cli cli = Cli.run("report", base(), slower, "--gate", gate, "--report", page());
    assertThat(cli.out()).contains("- " + line);
    assertThat(cli.exitCode()).isEqualTo(exitCode);
    // What was found is written either way.
    assertThat(page()).content().contains("Gate " + line.substring(0, 6));
  }

  /** A row that the branch no longer has is nothing that a gate may let pass. */
  @Test
  void aRowThatIsMissingIsUndecided() throws IOException {
    Path less = base();
    Path more = directory.resolve("more.json");
    String text = Files.readString(less);
    int at = text.indexOf("{\"device\"");
    String row = text.substring(at, text.lastIndexOf("]}"));
    Files.writeString(
        more, text.substring(0, at) + row + ", " + row.replace("\"virtio", "\"ahci") + "]}");
    Cli cli = Cli.run("report", more, less, "--gate", "iops>=0.5");
    assertThat(cli.out().replaceAll("\\s+", " "))
        .contains("- passed: virtio of a.json: iops>=0.5")
        .contains("- undecided: ahci of a.json: iops>=0.5: one of the two results lacks the row");
    assertThat(cli.exitCode()).isEqualTo(1);
    assertThat(cli.err()).isEqualTo("platter: 1 of 2 gates did not pass\n");
    // A new row is no fault, and a gate on a row is on that row.
    assertThat(Cli.run("report", less, more, "--gate", "iops>=0.5").exitCode()).isZero();
    assertThat(Cli.run("report", more, less, "--gate", "virtio:iops>=0.5").exitCode()).isZero();
    // Of three results, each that lacks it is told.
    Cli three = Cli.run("report", more, more, less, less, "--gate", "iops>=0.5");
    assertThat(three.err()).isEqualTo("platter: 2 of 6 gates did not pass\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "p99=1.1            | 'p99=1.1' is not a condition on a ratio",
        "p99<=              | 'p99<=' is not a condition on a ratio",
        "p99<=1.1 iops>=1   | is not a condition on a ratio",
        "p99<=1.1,          | --gate ends in a comma",
        "p99<=-1            | is not a condition on a ratio",
        "p99<=10%           | is not a condition on a ratio",
        "``                 | --gate has no condition",
        "p98<=1.1           | there is no figure 'p98'",
        "ahci:p99<=1.1      | there is no row 'ahci' in both results",
        "time<=1.1          | no row of both results has this figure",
      })
  void aGateThatCannotBeReadIsBadInput(String gate, String message) throws IOException {
    Cli cli = Cli.run("report", base(), base(), "--gate", gate, "--report", page());
    assertThat(cli.err()).startsWith("platter: --gate").contains(message).contains("  try: ");
    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.out()).isEmpty();
    assertThat(page()).doesNotExist();
  }

  /** The ratio is 1.0149: rounded to 1.01 it would be below the limit. */
  @Test
  void aRatioIsPrintedOnItsSideOfTheLimit() throws IOException {
    Path first = result("a.json", "", 10149, 10149, 10149, 10149, 10149);
    Path other = result("b.json", "", 10000, 10000, 10000, 10000, 10000);
    Cli cli = Cli.run("report", first, other, "--gate", "p99<=1.012, p99<1.01489");
    assertThat(cli.exitCode()).isEqualTo(1);
    assertThat(cli.out())
        .contains("failed: virtio of b.json: p99<=1.012: it is 1.015 ")
        .contains("failed: virtio of b.json: p99<1.01489: it is 1.015 ");
    Path close = result("c.json", "", 1.00001 * 10149, 10149 * 1.00001, 10149 * 1.00001);
    Cli json = Cli.run("report", first, close, "--gate", "iops<=1", "--json=-");
    assertThat(JSON.std.mapFrom(json.out()).get("gates"))
        .asString()
        .contains("outcome=failed")
        .doesNotContain("ratio=1.0,");
  }

  @Test
  void aGateNeedsTwoResults() throws IOException {
    Cli cli = Cli.run("report", base(), "--gate", "p99<=1.1");
    assertThat(cli.err()).contains("--gate needs a result to compare with");
    assertThat(cli.exitCode()).isEqualTo(2);
  }

  @Test
  void jsonHasTheSameFacts() throws IOException {
    Path slower = result("b.json", ", \"cache\": \"none\"", 900, 890, 880, 910, 905);
    Cli cli = Cli.run("report", base(), slower, "--json=-", "--gate", "p99<=1.1");
    assertThat(cli.exitCode()).isEqualTo(1);
    Map<String, Object> json = JSON.std.mapFrom(cli.out());
    assertThat(json.keySet())
        .containsExactly(
            "schema",
            "created",
            "command",
            "results",
            "verdicts",
            "warnings",
            "comparisons",
            "gates");
    assertThat(json).containsEntry("schema", "platter.comparison/1");
    assertThat(json.get("verdicts"))
        .isEqualTo(List.of("b.json is slower than a.json: virtio 10.4\u00a0% fewer IOPS."));
    assertThat(json.get("gates"))
        .isEqualTo(
            List.of(
                Map.of(
                    "gate", "p99<=1.1",
                    "label", "b.json",
                    "row", "virtio",
                    "ratio", 1.1167,
                    "answer", "worse",
                    "outcome", "failed")));
    assertThat(json.get("comparisons"))
        .asString()
        .contains("not_recorded_by_all=[parameters.cache]")
        .contains(
            "{figure=iops, better=more, values=[{value=1005.0, low=990.0, high=1020.0, runs=5},"
                + " {value=900.0, low=880.0, high=910.0, runs=5}],"
                + " to_first=[{ratio=0.8955, answer=worse, because=null}]}");
    assertThat(cli.err()).doesNotContain("warning");
  }

  @Test
  void markdownIsForTheSummaryOfAJob() throws IOException {
    Path slower = result("b_1.json", "", 900, 890, 880, 910, 905);
    Cli cli = Cli.run("report", base(), slower, "--markdown");
    assertThat(cli.out())
        .startsWith(
            "<!-- Platter report -->\n# Platter report: comparison\n\n- b\\_1.json is slower")
        .contains("## Figures\n| device | figure |     A |     B |  B/A |")
        .contains("\n|:-------|:-------|------:|------:|-----:|:-------|\n")
        .contains("\n| virtio | IOPS   | 1,005 |   900 | 0.90 | slower |\n");
  }

  @Test
  void resultsOfDifferentKindsAreNotCompared() throws IOException {
    Cli cli = Cli.run("report", saved("iotest.json"), saved("bench.json"));
    assertThat(cli.exitCode()).isZero();
    assertThat(cli.out())
        .contains("Warning: These are results of different kinds, which are not compared:")
        .contains("iotest.json (platter.iotest/1); bench.json (platter.bench/1).");
    Cli json = Cli.run("report", saved("iotest.json"), saved("bench.json"), "--json=-");
    assertThat(json.err()).startsWith("platter: warning: These are results of different kinds");
    assertThat(Cli.run("report", saved("iotest.json"), base(), "--gate", "p99<1").exitCode())
        .isEqualTo(2);
  }

  /** A result with fewer workloads has other row names by itself. */
  @Test
  void guestRunsWithAndWithoutOneWorkloadAreCompared() throws IOException {
    Map<String, Object> json = JSON.std.mapFrom(Files.readString(saved("guest.json")));
    @SuppressWarnings("unchecked")
    List<Map<String, Object>> rows =
        (List<Map<String, Object>>) Objects.requireNonNull(json.get("rows"));
    json.put("rows", rows.stream().filter(row -> "iotest".equals(row.get("workload"))).toList());
    Path one = Files.writeString(directory.resolve("one.json"), JSON.std.asString(json));
    String text = Cli.run("report", one, saved("guest.json")).out();
    assertThat(text)
        .contains("guest.json and one.json differ by no more than noise: iotest, platter ahci,")
        .contains("because one result alone has it: fio-like, platter ahci");
  }

  @Test
  void aSweepIsComparedWithARunOfOneOfItsDepths() throws IOException {
    Path one = result("one.json", "", 1000, 1010, 1020, 990, 1005);
    Files.writeString(
        one, Files.readString(one).replace("\"device\"", "\"iodepth\": 4, \"device\""));
    Path sweep = result("sweep.json", "", 900, 890, 880, 910, 905);
    String text = Files.readString(sweep);
    int at = text.indexOf("{\"device\"");
    String row = text.substring(at, text.lastIndexOf("]}"));
    String at4 = row.replaceFirst("\\{", "{\"iodepth\": 4, \"label\": \"virtio (depth 4)\", ");
    Files.writeString(sweep, text.substring(0, at) + at4.replace("4", "1") + ", " + at4 + "]}");
    assertThat(Cli.run("report", one, sweep).out())
        .contains("- sweep.json is slower than one.json: virtio (depth 4) 10.4 % fewer IOPS.")
        .contains("because one result alone has it: virtio (depth 1)");
  }

  /** What a result warns of, its comparison warns of. */
  @Test
  void warningsOfTheRunsAreKept() throws IOException {
    Path busy = result("b.json", "", 900, 890, 880, 910, 905);
    Files.writeString(
        busy,
        Files.readString(busy)
            .replaceFirst(
                "\\{",
                "{\"failure\": \"no space left\", \"warnings\": [{\"kind\": \"busy_host\","
                    + " \"text\": \"This host was busy.\"}],"));
    assertThat(Cli.run("report", base(), busy).out())
        .contains("- Warning: b.json: its run failed: no space left\n")
        .contains("- Warning: b.json: This host was busy.\n");
    assertThat(Cli.run("report", busy).out())
        .containsSubsequence(
            "Warnings\n- The run failed: no space left\n- This host was busy.\n", "Figures");
  }

  /** Time is of no use to compare different amounts of work. */
  @Test
  void lessWorkIsNotFaster() throws IOException {
    String text = Cli.run("report", saved("iotest.json"), saved("iotest-old.json")).out();
    assertThat(text)
        .contains("- total: 128 MiB (A); 16 MiB (B)")
        .contains("It cannot be known whether iotest-old.json is faster")
        .doesNotContain("total s");
  }
}
