package dev.platter.emulator.server.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The control socket that PLATTER_CONTROL names, if any. */
class ControlVariableTest {
  private static final String VARIABLE = "PLATTER_CONTROL";

  @Test
  void namesAPathOrNothing() {
    assertThat(ServeOptions.control(Map.of())).isNull();
    assertThat(ServeOptions.control(Map.of(VARIABLE, ""))).isNull();
    assertThat(ServeOptions.control(Map.of(VARIABLE, "ctl.sock"))).isEqualTo(Path.of("ctl.sock"));
  }

  @Test
  void whatIsNoPathIsBadInput() {
    // As a letter is that the locale does not have.
    assertThatThrownBy(() -> ServeOptions.control(Map.of(VARIABLE, "a\0b")))
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT);
              assertThat(e).hasMessageContaining(VARIABLE);
              assertThat(e.remedy()).contains("LC_ALL=C.UTF-8");
            });
  }
}
