package dev.platter.emulator.confine;

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
