package dev.platter.emulator.result;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class OriginTest {
  @Test
  void standsBehindTheSchema() {
    Map<String, @Nullable Object> document = new LinkedHashMap<>();
    document.put("schema", "platter.test/1");
    document.put("rows", null);
    Map<String, @Nullable Object> complete =
        new Origin(Instant.parse("2026-11-20T09:12:44.987Z"), "./platter iotest").in(document);
    assertThat(complete.toString())
        .isEqualTo(
            "{schema=platter.test/1, created=2026-11-20T09:12:44Z, command=./platter iotest,"
                + " rows=null}");
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
