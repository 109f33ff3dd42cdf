package dev.platter.emulator.measure.stages;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LatenciesTest {
  /** At least one request lies above a percentile; the middle and the ends any request has. */
  @ParameterizedTest
  @CsvSource({"50, 1", "90, 10", "95, 20", "99, 100", "99.9, 1000", "99.99, 10000", "100, 1"})
  void aPercentileNeedsSoManyRequests(double percentile, long requests) {
    assertThat(Latencies.supports(requests, percentile)).isTrue();
    assertThat(Latencies.supports(requests - 1, percentile)).isFalse();
  }
}
