package dev.platter.emulator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code platter report} as its users type it. */
class ReportCommandTest {
  @TempDir private Path directory;

  private Path saved(String name) throws IOException {
    Path file = directory.resolve(name);
    try (InputStream in =
        ReportCommandTest.class.getResourceAsStream("/dev/platter/emulator/page/" + name)) {
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
    assertThat(one).isEqualTo(new Cli(0, "wrote " + page() + "\n", ""));
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
        "{\"schema\": \"platter.image/1\"}              | its schema is 'platter.image/1'; a report",
        "{\"schema\": \"platter.iotest/2\"}             | its schema is 'platter.iotest/2'",
        "{\"schema\": \"platter.iotest/1\"}             | 'rows' is missing",
        "{\"schema\": \"platter.iotest/1\", \"rows\": 3} | 'rows' is not a list",
        "{\"schema\": \"platter.iotest/1\", \"rows\": [3]} | 'rows[0]' is not an object",
        "{\"schema\": \"platter.iotest/1\", \"rows\": [{}]} | 'rows[0].device' is missing",
        "{\"schema\": \"platter.lab/1\"}                | 'experiments' is missing",
        "{\"schema\": \"platter.lab/1\", \"experiments\": [{}]} | 'experiments[0].name' is missing",
        "{\"schema\": \"platter.bench/1\", \"rows\": [{\"device\": \"raw\", \"runs\": 1e999}]}"
            + " | 'rows[0].runs' is not a number",
      })
  void whatIsNoResultIsRefusedByName(String content, String message) throws IOException {
    Path file = Files.writeString(directory.resolve("bad.json"), content);
    Cli cli = Cli.run("report", saved("bench.json"), file, "--report", page());
    assertThat(cli.err())
        .startsWith("platter: cannot make a report of " + file + ": ")
        .contains(message)
        .contains("try: ");
    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.out()).isEmpty();
    assertThat(page()).doesNotExist();
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
    assertThat(json).hasBinaryContent(before);
  }

  @Test
  void filesAndPageMustBeNamed() throws IOException {
    assertThat(Cli.run("report", "--report", page()).exitCode()).isEqualTo(2);
    assertThat(Cli.run("report", saved("bench.json")).err()).contains("--report");
    Cli nowhere = Cli.run("report", saved("bench.json"), "--report", "/no/such/dir/x.html");
    assertThat(nowhere.err()).contains("there is no directory /no/such/dir");
    assertThat(nowhere.exitCode()).isEqualTo(2);
  }
}
