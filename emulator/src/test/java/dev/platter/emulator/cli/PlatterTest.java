package dev.platter.emulator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.PlatterException;
import dev.platter.aio.PlatterException.Kind;
import dev.platter.emulator.cli.shared.FailureHandler;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
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
}
