package dev.platter.emulator.server.confine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MarkTest {
  @Test
  void comesThroughTheEnvironment() {
    Mark mark = new Mark(4711, 7, "/a:b");
    assertThat(Mark.of(mark.value(), 4711)).isEqualTo(mark);
    Mark without = new Mark(1, -38, "");
    assertThat(Mark.of(without.value(), 1)).isEqualTo(without);
  }

  @Test
  void isForOneProcess() {
    assertThat(Mark.of(new Mark(4711, 7, "/").value(), 4712)).isNull();
    assertThat(Mark.of(null, 4711)).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1", "yes", "4711", "4711:7", "4711:seven:/"})
  void nonsenseIsNoMark(String value) {
    assertThat(Mark.of(value, 4711)).isNull();
  }
}
