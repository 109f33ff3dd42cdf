package dev.platter.emulator.server.confine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConfinementMarkTest {
  @Test
  void comesThroughTheEnvironment() {
    ConfinementMark mark = new ConfinementMark(4711, 7, "/a:b");
    assertThat(ConfinementMark.of(mark.value(), 4711)).isEqualTo(mark);
    ConfinementMark without = new ConfinementMark(1, -38, "");
    assertThat(ConfinementMark.of(without.value(), 1)).isEqualTo(without);
  }

  @Test
  void isForOneProcess() {
    assertThat(ConfinementMark.of(new ConfinementMark(4711, 7, "/").value(), 4712)).isNull();
    assertThat(ConfinementMark.of(null, 4711)).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1", "yes", "4711", "4711:7", "4711:seven:/"})
  void nonsenseIsNoMark(String value) {
    assertThat(ConfinementMark.of(value, 4711)).isNull();
  }
}
