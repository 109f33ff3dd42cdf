package dev.platter.emulator.confine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class VerificationTest {
  private static String chosen(String path, long rights) {
    return Verification.choosePath(List.of(PathRule.of(path, rights)));
  }

  @Test
  void noPathIsChosenThatARuleGives() {
    assertThat(chosen("/srv", PathRule.IMAGES)).isEqualTo("/");
    assertThat(chosen("/", PathRule.SOCKETS)).as("not to read").isEqualTo("/");
    assertThat(chosen("/", PathRule.IMAGES)).isEmpty();
    String other =
        Verification.choosePath(
            List.of(PathRule.of("/etc", PathRule.READ_TREE), PathRule.of("/..", PathRule.READ)));
    assertThat(other).isEmpty();
  }
}
