package dev.platter.emulator.lab.iowait;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.host.Pressure;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class StallReadingTest {
  private static final long SECOND = 1_000_000_000L;

  private static CpuIowait iowait(long cpu0, long cpu1) {
    return new CpuIowait(new TreeMap<>(Map.of(0, cpu0, 1, cpu1)));
  }

  @Test
  void sharesOfTheTimeBetween() {
    StallReading before =
        new StallReading(0, iowait(0, 0), new Pressure(0, 0L), new Pressure(0, null));
    StallReading after =
        new StallReading(
            2 * SECOND, iowait(150, 50), new Pressure(1_000_000, 500_000L), new Pressure(1, null));
    StallReading.Window window = after.since(before);
    assertThat(window.seconds()).isEqualTo(2);
    assertThat(window.shares())
        .isEqualTo(
            Map.of(
                StallCounter.IOWAIT,
                1.0,
                StallCounter.HOST_SOME,
                0.5,
                StallCounter.HOST_FULL,
                0.25,
                StallCounter.CGROUP_SOME,
                0.5e-6));
    assertThat(window.iowaitSeconds()).containsEntry(0, 1.5).containsEntry(1, 0.5);
  }

  @Test
  void whatIsMissingAtEitherEndIsLeftOut() {
    StallReading nothing = new StallReading(0, null, null, null);
    StallReading all =
        new StallReading(SECOND, iowait(1, 1), new Pressure(1, 1L), new Pressure(1, 1L));
    assertThat(all.since(nothing).shares()).isEmpty();
    assertThat(all.since(nothing).iowaitSeconds()).isEmpty();
    StallReading later = new StallReading(2 * SECOND, null, new Pressure(1, 1L), null);
    assertThat(later.since(all).shares())
        .containsOnlyKeys(StallCounter.HOST_SOME, StallCounter.HOST_FULL);
  }
}
