package dev.platter.emulator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.PlatterException;
import dev.platter.aio.PlatterException.Kind;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
    assertThat(run.out().lines()).allSatisfy(line -> assertThat(line.length()).isLessThan(81));
  }

  @Test
  void tellsItsVersion() {
    Cli run = Cli.run("--version");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).startsWith("platter ").contains("JVM " + Runtime.version(), "Linux");
    assertThat(Cli.run("image", "create", "-V").out()).isEqualTo(run.out());
  }

  @ParameterizedTest
  @CsvSource({"'', bench", "image, create", "guest, run", "ctl, list"})
  void withoutACommandAllCommandsAreListed(String group, String one) {
    Cli run = group.isEmpty() ? Cli.run() : Cli.run(group);
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    String said = group.isEmpty() ? "" : " after '" + group + "'";
    assertThat(run.err())
        .startsWith("platter: a command is missing" + said + "\n\nUsage: platter ")
        .contains("\nCommands:\n")
        .containsPattern("\n  " + one + " +");
  }

  @Test
  void helpAndVersionAreCommandsToo() {
    Cli help = Cli.run("help");
    assertThat(help).isEqualTo(Cli.run("--help"));
    assertThat(help.out()).containsPattern("\n  doctor +").containsPattern("\n  version +");
    assertThat(Cli.run("help", "image", "create")).isEqualTo(Cli.run("image", "create", "--help"));
    assertThat(Cli.run("help", "image", "destroy"))
        .isEqualTo(
            new Cli(
                2,
                "",
                """
                platter: there is no command 'destroy' of platter image
                  try: platter image --help
                """));
    assertThat(Cli.run("version")).isEqualTo(Cli.run("--version"));
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
  @CsvSource({"FAILED, 1", "BAD_INPUT, 2", "HOST_LACKS, 3"})
  void knownFailuresExitByKind(Kind kind, int exitCode) {
    StringWriter err = new StringWriter();
    PlatterException failure = new PlatterException(kind, "it broke", "mend it", null);
    assertThat(FailureHandler.report(failure, new PrintWriter(err))).isEqualTo(exitCode);
    assertThat(err).hasToString("platter: it broke\n  try: mend it\n");
  }

  @Test
  void noRemedyNoSecondLine() {
    StringWriter err = new StringWriter();
    FailureHandler.report(PlatterException.failed("it broke", null), new PrintWriter(err));
    assertThat(err).hasToString("platter: it broke\n");
  }

  @Test
  void bugsShowTheirTrace() {
    StringWriter err = new StringWriter();
    int exitCode = FailureHandler.report(new IllegalStateException("oops"), new PrintWriter(err));
    assertThat(exitCode).isEqualTo(1);
    assertThat(err.toString())
        .startsWith("platter: internal error: java.lang.IllegalStateException: oops\n")
        .contains("at dev.platter.emulator.cli.PlatterTest.bugsShowTheirTrace");
  }

  @Test
  void progressIsForTerminals() {
    StringWriter err = new StringWriter();
    try (Progress progress = Progress.on(new PrintWriter(err), Progress.Place.NOWHERE)) {
      progress.update("10 %");
    }
    try (Progress progress = Progress.on(new PrintWriter(err), Progress.Place.LOG)) {
      progress.update("begins"); // a quick command is not worth a line
    }
    assertThat(err.toString()).isEmpty();

    try (Progress progress = Progress.on(new PrintWriter(err), Progress.Place.TERMINAL)) {
      progress.update("reading", 0.1);
      progress.update("reading", 0.11); // too soon
    }
    assertThat(err).hasToString("\r\u001b[Kreading, 10 %\r\u001b[K");
  }

  @Test
  void progressIsOneLineOfATerminal() {
    StringWriter err = new StringWriter();
    try (Progress progress = Progress.on(new PrintWriter(err), Progress.Place.TERMINAL)) {
      progress.update("x".repeat(200));
    }
    assertThat(err).hasToString("\r\u001b[K" + "x".repeat(79) + "\r\u001b[K");
  }

  @Test
  void whereProgressIsShown() {
    assertThat(Progress.place(true, "xterm")).isEqualTo(Progress.Place.TERMINAL);
    assertThat(Progress.place(true, "dumb")).isEqualTo(Progress.Place.NOWHERE);
    assertThat(Progress.place(true, null)).isEqualTo(Progress.Place.NOWHERE);
    assertThat(Progress.place(false, "xterm")).isEqualTo(Progress.Place.LOG);
    assertThat(Progress.place(false, "dumb")).isEqualTo(Progress.Place.LOG);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0     | 100  | run 1",
        "0.25  | 1    | run 1, 25 %",
        "0.25  | 30   | run 1, 25 %, 1m 30s left",
        "0.999 | 100  | run 1, 99 %, 1s left",
        "0.01  | 3600 | run 1, 1 %, 99h 0m left",
        "1     | 100  | run 1, 100 %",
      })
  void progressTellsHowMuchIsLeft(double done, long seconds, String line) {
    assertThat(Progress.line("run 1", done, seconds * 1_000_000_000)).isEqualTo(line);
  }

  /** Whoever reads a log sees that the command lives, also while nothing new is told. */
  @Test
  void aLogGetsALineFromTimeToTime() throws InterruptedException {
    BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    PrintWriter err =
        new PrintWriter(Writer.nullWriter()) {
          @Override
          public void println(String line) {
            lines.add(line);
          }
        };
    try (Progress progress = Progress.on(err, Progress.Place.LOG, 20)) {
      progress.step("run 1 of 2: ahci", 0, 0.5, 1);
      for (int i = 0; i < 3; i++) {
        assertThat(lines.poll(60, TimeUnit.SECONDS)).startsWith("platter: run 1 of 2: ahci, 50 %");
      }
      progress.erase();
    }
  }
}
