package dev.platter.emulator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.PlatterException;
import dev.platter.aio.PlatterException.Kind;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

class PlatterTest {
  static List<List<String>> commands() {
    List<List<String>> found = new ArrayList<>();
    collect(new CommandLine(new Platter()), List.of(), found);
    return found;
  }

  private static void collect(CommandLine command, List<String> path, List<List<String>> found) {
    found.add(path);
    command
        .getSubcommands()
        .forEach((name, sub) -> {
          List<String> deeper = new ArrayList<>(path);
          deeper.add(name);
          collect(sub, deeper, found);
        });
  }

  @ParameterizedTest
  @MethodSource("commands")
  void everyCommandHasCompleteHelp(List<String> command) {
    List<String> words = new ArrayList<>(command);
    words.add("--help");
    Cli run = Cli.run(words.toArray());
    assertThat(run.exitCode()).isZero();
    assertThat(run.err()).isEmpty();
    String name = String.join(" ", command);
    assertThat(run.out())
        .startsWith(("Usage: platter " + name).strip())
        .contains("--version", "Exit codes:")
        .containsPattern("\n  2 +bad usage")
        .containsPattern("\n  3 +the host lacks")
        .containsPattern("\n  130 +interrupted")
        .containsSubsequence("Examples:", ("platter " + name).strip());
    assertThat(run.out().lines()).allSatisfy(line -> assertThat(line.length()).isLessThan(101));
  }

  @Test
  void tellsItsVersion() {
    Cli run = Cli.run("--version");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).startsWith("platter ").contains("JVM " + Runtime.version(), "Linux");
    assertThat(Cli.run("image", "create", "-V").out()).isEqualTo(run.out());
  }

  @Test
  void aCommandMustBeGiven() {
    assertThat(Cli.run())
        .isEqualTo(new Cli(2, "", "platter: a command is missing\n  try: platter --help\n"));
    assertThat(Cli.run("image"))
        .isEqualTo(
            new Cli(
                2,
                "",
                "platter: a command is missing after 'image'\n  try: platter image --help\n"));
  }

  @Test
  void wrongUsageIsToldInTwoLines() {
    assertThat(Cli.run("imag"))
        .isEqualTo(
            new Cli(
                2, "", "platter: unexpected argument 'imag'\n  try: image, or platter --help\n"));
    assertThat(Cli.run("image", "info", "--frobnicate", "x").err())
        .startsWith("platter: unknown option '--frobnicate'")
        .endsWith("platter image info --help\n");
    assertThat(Cli.run("image", "create", "x").err())
        .isEqualTo(
            """
            platter: missing required option: '--size=SIZE'
              try: platter image create --help
            """);
    assertThat(Cli.run("image", "create", "x", "--size", "1Q").err())
        .startsWith("platter: invalid value for option '--size': '1Q' is not a size: ");
    assertThat(Cli.run("image", "create", "x", "--size", "1M", "--preallocation", "none"))
        .isEqualTo(
            new Cli(
                2,
                "",
                "platter: invalid value for option '--preallocation': 'none' is not one of off,"
                    + " falloc, falloc-keep-size, full\n  try: platter image create --help\n"));
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void knownFailuresExitByKind(Kind kind) {
    StringWriter err = new StringWriter();
    PlatterException failure = new PlatterException(kind, "it broke", "mend it", null);
    assertThat(Failures.report(failure, new PrintWriter(err))).isEqualTo(kind.exitCode());
    assertThat(err).hasToString("platter: it broke\n  try: mend it\n");
  }

  @Test
  void noRemedyNoSecondLine() {
    StringWriter err = new StringWriter();
    Failures.report(PlatterException.failed("it broke", null), new PrintWriter(err));
    assertThat(err).hasToString("platter: it broke\n");
  }

  @Test
  void bugsShowTheirTrace() {
    StringWriter err = new StringWriter();
    int exitCode = Failures.report(new IllegalStateException("oops"), new PrintWriter(err));
    assertThat(exitCode).isEqualTo(1);
    assertThat(err.toString())
        .startsWith("platter: internal error: java.lang.IllegalStateException: oops\n")
        .contains("at dev.platter.emulator.cli.PlatterTest.bugsShowTheirTrace");
  }

  @Test
  void progressIsForTerminals() {
    StringWriter err = new StringWriter();
    try (Progress progress = Progress.on(new PrintWriter(err), false)) {
      progress.update("10 %");
    }
    assertThat(err.toString()).isEmpty();

    try (Progress progress = Progress.on(new PrintWriter(err), true)) {
      progress.update("10 %");
      progress.update("11 %"); // too soon
    }
    assertThat(err).hasToString("\r\u001b[K10 %\r\u001b[K");
  }
}
