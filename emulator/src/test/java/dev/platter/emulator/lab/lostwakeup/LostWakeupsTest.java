package dev.platter.emulator.lab.lostwakeup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.lab.Verdict;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LostWakeupsTest {
  @ParameterizedTest
  @CsvSource({
    "idle host,            1024, 1024,    0, 25.4, 1.02, NOT_AFFECTED, costs 25.4 times",
    "busy host,            1024, 1024,    0, 20.9, 1.31, NOT_AFFECTED, costs 20.9 times",
    "activity is faster,   1024, 1024,    0, 20.9, 0.55, NOT_AFFECTED, costs 20.9 times",
    "slow disk,            1024, 1024,    0, 2.5,  1.1,  NOT_AFFECTED, costs 2.50 times",
    "timer came in time,   1024,  600,    0, 14.0, 1.0,  NOT_AFFECTED, costs 14.0 times",
    "planted,              1024, 1024, 1024, 1.01, 0.05, AFFECTED,     1 024 requests",
    "planted in a few,     1024, 1024,    1, 20.0, 1.0,  AFFECTED,     1 request of",
    "loop was kept awake,  1024,   30,    0, 1.2,  1.0,  INCONCLUSIVE, Only 30 of 1 024",
    "no effect,            1024,    0,    0, 1.0,  1.0,  INCONCLUSIVE, Only 0 of 1 024",
    "activity had none,    1024, 1024,    0, 20.0, 15.0, INCONCLUSIVE, only 26 %",
    "costs nothing,        1024, 1024,    0, 0.97, 1.0,  INCONCLUSIVE, 0.97 times the time",
    "too few,                 0,    0,    0, 1.0,  1.0,  INCONCLUSIVE, Only 0 of 0",
  })
  void theVerdictFollowsWhatWasCounted(
      String what,
      long requests,
      long stalls,
      long soundStalls,
      double off,
      double busy,
      Verdict verdict,
      String reason) {
    LostWakeups found = new LostWakeups(requests, stalls, soundStalls, off, busy);
    assertThat(found.verdict()).as(what).isEqualTo(verdict);
    assertThat(found.reason().replace(",", " ")).as(what).contains(reason.replace(",", " "));
  }
}
