package dev.platter.emulator.lab.iowait;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class CpuIowaitTest {
  private static final String STAT =
      """
      cpu  16197 0 2585 208422 303 0 36 24 0 0
      cpu0 7858 0 1052 104810 26 0 6 10 0 0
      cpu1 8338 0 1533 103611 276 0 30 13 0 0
      cpu12 1 2 3 4 5
      intr 222682 0 0
      ctxt 123
      """;

  private static CpuIowait parse(String text) {
    return Objects.requireNonNull(CpuIowait.parse(text.lines().toList()));
  }

  @Test
  void takesTheFifthColumnOfEveryCpu() {
    assertThat(parse(STAT).ticks())
        .isEqualTo(new TreeMap<>(java.util.Map.of(0, 26L, 1, 276L, 12, 5L)));
  }

  @Test
  void linesThatAreNoCpusAreLeftOut() {
    assertThat(CpuIowait.parse(List.of())).isNull();
    assertThat(
            CpuIowait.parse(
                List.of(
                    "cpu  1 2 3 4 5",
                    "cpu0 1 2 3 4",
                    "cpux 1 2 3 4 5",
                    "cpu0 1 2 -3 4 5",
                    "cpu0 1 2 3 4 99999999999999999999",
                    "cpu99999999999 1 2 3 4 5",
                    "")))
        .isNull();
  }

  @Test
  void countsSecondsOfCpusThatAreInBothAndNeverBackwards() {
    CpuIowait before = parse("cpu0 0 0 0 0 100\ncpu1 0 0 0 0 100\ncpu2 0 0 0 0 7\n");
    CpuIowait after = parse("cpu0 0 0 0 0 150\ncpu1 0 0 0 0 99\ncpu3 0 0 0 0 9\n");
    assertThat(after.secondsSince(before))
        .isEqualTo(new TreeMap<>(java.util.Map.of(0, 0.5, 1, 0.0)));
  }

  @Test
  void thisHostHasThem() {
    CpuIowait now = StallReading.Sources.ofThisHost().read().iowait();
    assertThat(now).isNotNull();
  }
}
