package dev.platter.emulator.server.confine;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfinementCheckTest {
  @TempDir private Path task;

  private static String chosen(String path, long rights) {
    return ConfinementCheck.choosePath(List.of(PathRule.of(path, rights)));
  }

  @Test
  void noPathIsChosenThatARuleGives() {
    assertThat(chosen("/srv", PathRule.IMAGES)).isEqualTo("/");
    assertThat(chosen("/", PathRule.SOCKETS)).as("not to read").isEqualTo("/");
    assertThat(chosen("/", PathRule.IMAGES)).isEmpty();
    String other =
        ConfinementCheck.choosePath(
            List.of(PathRule.of("/etc", PathRule.READ_TREE), PathRule.of("/..", PathRule.READ)));
    assertThat(other).isEmpty();
  }

  private boolean hasNoNewPrivs(String status) throws IOException {
    Files.writeString(task.resolve("status"), status, ISO_8859_1);
    return ConfinementCheck.hasNoNewPrivs(task);
  }

  @Test
  void aThreadsNameMayEndWithinACharacter() throws Exception {
    assertThat(hasNoNewPrivs("Name:\tgr\u00c3\nNoNewPrivs:\t1\n")).isTrue();
    assertThat(hasNoNewPrivs("Name:\tgr\u00c3\nNoNewPrivs:\t0\n")).isFalse();
    assertThat(hasNoNewPrivs("Name:\tgr\u00c3\n")).isFalse();
  }

  @Test
  void onlyAThreadThatHasEndedNeedsNoStatus() throws Exception {
    assertThat(ConfinementCheck.hasNoNewPrivs(task.resolve("ended"))).isTrue();
    assertThatThrownBy(() -> ConfinementCheck.hasNoNewPrivs(task)).isInstanceOf(IOException.class);
    Files.createDirectory(task.resolve("status"));
    assertThatThrownBy(() -> ConfinementCheck.hasNoNewPrivs(task)).isInstanceOf(IOException.class);
  }
}
