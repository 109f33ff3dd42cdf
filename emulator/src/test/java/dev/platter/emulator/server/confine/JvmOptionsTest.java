package dev.platter.emulator.server.confine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JvmOptionsTest {
  @TempDir private Path directory;

  private static JvmOptions of(Map<String, String> environment, String... words) {
    return JvmOptions.of(
        Arrays.stream(words).map(word -> word.getBytes(UTF_8)).toList(), environment);
  }

  private static JvmOptions of(String option) {
    return of(Map.of(), "java", option, "-jar", "platter.jar");
  }

  @Test
  void whatTheJvmReadsForItsOptionsStaysReadable() {
    JvmOptions options =
        of(
            Map.of(
                "JAVA_TOOL_OPTIONS", "-javaagent:/opt/a.jar=x=/y -Dkey=value",
                "JDK_JAVA_OPTIONS", "@/etc/java.options"),
            "java",
            "-agentpath:/opt/b.so",
            "-cp",
            "/opt/classes",
            "-XX:AOTCache=/var/cache/platter.aot",
            "dev.platter.emulator.cli.Platter",
            "-javaagent:/not/ours");
    assertThat(options.rules())
        .extracting(PathRule::path)
        .containsExactlyInAnyOrder(
            Path.of("/opt/a.jar"),
            Path.of("/etc/java.options"),
            Path.of("/opt/b.so"),
            Path.of("/var/cache/platter.aot"));
    assertThat(options.rules())
        .allSatisfy(rule -> assertThat(rule.rights()).isEqualTo(PathRule.READ));
    assertThat(options.agents())
        .containsExactly("-javaagent:/opt/a.jar=x=/y of JAVA_TOOL_OPTIONS", "-agentpath:/opt/b.so");
  }

  @ParameterizedTest
  @ValueSource(strings = {"JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS"})
  void wordsOfTheEnvironmentMayHaveQuotes(String variable) {
    JvmOptions options =
        of(
            Map.of(
                variable,
                " \"-javaagent:/opt/a b.jar\"\t-javaagent:'/opt/it is\".jar'=\"x y\" -Da='1 2'\n"),
            "java");
    assertThat(options.rules())
        .extracting(PathRule::path)
        .containsExactly(Path.of("/opt/a b.jar"), Path.of("/opt/it is\".jar"));
    assertThat(options.agents())
        .containsExactly(
            "-javaagent:/opt/a b.jar of " + variable,
            "-javaagent:/opt/it is\".jar=x y of " + variable);
  }

  /** As the launcher reads it: comments, and escapes within quotes. */
  @Test
  void anArgumentFileHoldsOptions() throws Exception {
    Path file = directory.resolve("java.args");
    Files.writeString(
        file,
        """
        # -javaagent:/opt/none.jar
        "-javaagent:/opt/a \\"b\\\\c.jar" -cp
        -javaagent:/a.class.path
        '-javaagent:/opt/long\\
           er.jar'
        "-javaagent:/opt/open.jar
        -javaagent:C:\\d.jar # -javaagent:/opt/none.jar
        -javaagent:/opt/none.jar#comment
        @@/opt/nested
        """);
    JvmOptions options = of(Map.of(), "java", "@" + file, "-jar", "platter.jar", "@/opt/none");
    List<Path> agents =
        List.of(
            Path.of("/opt/a \"b\\c.jar"),
            Path.of("/opt/longer.jar"),
            Path.of("/opt/open.jar"),
            Path.of("C:\\d.jar"));
    assertThat(options.rules())
        .extracting(PathRule::path)
        .startsWith(file)
        .containsAll(agents)
        .doesNotContain(Path.of("/opt/none.jar"), Path.of("/opt/none"), Path.of("/a.class.path"));
    assertThat(options.agents()).hasSize(4).allMatch(agent -> agent.endsWith(" of " + file));
    assertThat(of(Map.of("JDK_JAVA_OPTIONS", "@" + file), "java").agents()).hasSize(4);
    assertThat(of(Map.of("JAVA_TOOL_OPTIONS", "@" + file), "java").agents())
        .as("the JVM itself knows no such files")
        .isEmpty();
    assertThat(of(Map.of(), "java", "--disable-@files", "@" + file).agents()).isEmpty();
    assertThat(of(Map.of(), "java", "@@" + file).agents()).isEmpty();
    Files.writeString(file, "-jar platter.jar");
    assertThat(of(Map.of(), "java", "@" + file, "-javaagent:/not/ours").agents()).isEmpty();
  }

  @Test
  void aFileOfVmOptionsHoldsOptions() throws Exception {
    Path file = directory.resolve("vm.options");
    Files.writeString(file, "-Xmx1g\n'-agentpath:/opt/b c.so' -agentlib:jdwp=x\n");
    JvmOptions options = of(Map.of("JAVA_TOOL_OPTIONS", "-XX:VMOptionsFile=" + file), "java");
    assertThat(options.rules())
        .extracting(PathRule::path)
        .containsExactly(file, Path.of("/opt/b c.so"));
    assertThat(options.agents()).containsExactly("-agentpath:/opt/b c.so of " + file);
    assertThatThrownBy(() -> of("-XX:VMOptionsFile=" + file).check(List.of()))
        .hasMessageEndingWith("-agentlib:jdwp=x of " + file);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-XX:StartFlightRecording",
        "-XX:StartFlightRecording:filename=r.jfr",
        "-agentlib:jdwp=transport=dt_socket,server=y",
        "-Dcom.sun.management.jmxremote.port=9010",
        "-Xlog:gc:file=gc.log",
        "-Xlog:gc*=debug:gc.log:time",
        "-Xloggc:gc.log",
      })
  void whatCannotWorkIsNamedWithTheRemedy(String option) {
    assertThatThrownBy(() -> of(option).check(List.of()))
        .hasMessageContaining(option)
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT);
              assertThat(e.remedy()).contains("--confine off");
            });
    assertThatThrownBy(() -> of(Map.of("_JAVA_OPTIONS", option), "java").check(List.of()))
        .hasMessageEndingWith(option + " of _JAVA_OPTIONS");
  }

  /** As a letter is that the locale does not have. */
  @ParameterizedTest
  @ValueSource(strings = {"-Xlog:gc:file=", "-Xloggc:", "-javaagent:"})
  void whatIsNoPathIsRefused(String option) {
    JvmOptions options = of(option + "a\0b");
    assertThatThrownBy(
            () -> {
              options.check(List.of());
              options.rules();
            })
        .hasMessage("the JVM option " + option + "a\0b names no file")
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> assertThat(e.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-Xlog:gc",
        "-Xlog:gc*:stderr:time",
        "-Xlog:gc::uptime",
        "-Xlog:disable",
        "-Xmx256m",
        "-XX:+UseZGC",
      })
  void whatNeedsNoFileWorks(String option) {
    assertThatCode(() -> of(option).check(List.of())).doesNotThrowAnyException();
    assertThat(of(option).rules()).isEmpty();
  }

  @Test
  void aLogThatIsThereAndAllowedIsWritten() throws Exception {
    Path log = Files.createFile(directory.resolve("gc.log"));
    JvmOptions plain = of("-Xlog:gc:file=" + log + "::filecount=0");
    assertThatCode(() -> plain.check(List.of(directory))).doesNotThrowAnyException();
    assertThatCode(() -> plain.check(List.of(log))).doesNotThrowAnyException();
    assertThatThrownBy(() -> plain.check(List.of())).hasMessageContaining("gc.log");
    assertThatThrownBy(() -> of("-Xlog:gc:file=" + log).check(List.of(directory)))
        .as("it is renamed when it is full")
        .hasMessageContaining("gc.log");
    Files.delete(log);
    assertThatThrownBy(() -> plain.check(List.of(directory))).hasMessageContaining("gc.log");
  }
}
