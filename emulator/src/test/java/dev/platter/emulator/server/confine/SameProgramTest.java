package dev.platter.emulator.server.confine;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SameProgramTest {
  private static List<byte[]> bytes(String... strings) {
    return List.of(strings).stream().map(string -> string.getBytes(ISO_8859_1)).toList();
  }

  private static List<String> texts(List<byte[]> strings) {
    return strings.stream().map(string -> new String(string, ISO_8859_1)).toList();
  }

  @Test
  void argumentsAreBytesAndMayBeEmpty() {
    byte[] cmdline = "java\0-jar\0\0\u00ff\u0080\0".getBytes(ISO_8859_1);
    assertThat(texts(SameProgram.strings(cmdline)))
        .containsExactly("java", "-jar", "", "\u00ff\u0080");
    assertThat(texts(SameProgram.strings("a\0b".getBytes(ISO_8859_1)))).containsExactly("a", "b");
  }

  @Test
  void theRunningOneIsThis() throws Exception {
    SameProgram running = SameProgram.running();
    assertThat(running.arguments().getFirst()).endsWith("java".getBytes(ISO_8859_1));
    assertThat(texts(running.environment()))
        .filteredOn(variable -> variable.startsWith("PATH="))
        .containsExactly("PATH=" + System.getenv("PATH"));
  }

  @Test
  void moreOptionsStandBeforeThoseOfTheCommandLine() {
    SameProgram program = new SameProgram(bytes("java", "-XX:+UsePerfData", "-jar"), List.of());
    assertThat(texts(program.withOptions(List.of("-XX:-UsePerfData")).arguments()))
        .containsExactly("java", "-XX:-UsePerfData", "-XX:+UsePerfData", "-jar");
  }

  @Test
  void aVariableReplacesItsNamesakeOnly() {
    SameProgram program = new SameProgram(List.of(), bytes("MARK=old", "MARKED=x", "A=\u00ff"));
    assertThat(texts(program.withVariable("MARK", "new").environment()))
        .containsExactly("MARKED=x", "A=\u00ff", "MARK=new");
  }

  @Test
  void socketsFromSystemdAreOursIfTheProcessIdSaysSo() {
    String pid = Long.toString(ProcessHandle.current().pid());
    assertThat(SameProgram.fromSystemd("2", pid)).containsExactly(3, 4);
    assertThat(SameProgram.fromSystemd("2", "1")).isEmpty();
    assertThat(SameProgram.fromSystemd("many", pid)).isEmpty();
    assertThat(SameProgram.fromSystemd("-1", pid)).isEmpty();
  }
}
