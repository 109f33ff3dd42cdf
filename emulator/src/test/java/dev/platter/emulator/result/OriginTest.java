package dev.platter.emulator.result;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.result.document.EnvironmentFacts;
import dev.platter.emulator.result.document.Records;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class OriginTest {
  @Test
  void standsBehindTheSchema() {
    EnvironmentFacts nothing = Records.read(EnvironmentFacts.class, Map.of(), "");
    Origin origin = new Origin(Instant.parse("2026-11-20T09:12:44.987Z"), "./platter iotest");
    assertThat(Records.toMap(origin.frame("platter.test/1", nothing, Map.of(), List.of())))
        .hasToString(
            "{schema=platter.test/1, created=2026-11-20T09:12:44Z, command=./platter iotest,"
                + " environment="
                + Records.toMap(nothing)
                + ", parameters={}, warnings=[]}");
  }

  @Test
  void aShellReadsTheWordsAsTheyWere() throws Exception {
    List<String> words =
        List.of(
            "iotest", "a b", "", "it's", "$HOME", "`id`", "x\ny", "*", "--bs=4k", "~", "ü", "#");
    Process shell =
        new ProcessBuilder("sh", "-c", "printf '%s\\0' " + Origin.quoted(words)).start();
    String read = new String(shell.getInputStream().readAllBytes(), UTF_8);
    assertThat(read).isEqualTo(String.join("\0", words) + "\0");
    assertThat(Origin.quoted(List.of("--export", "ahci,image=/a/b.img"))).doesNotContain("'");
  }
}
