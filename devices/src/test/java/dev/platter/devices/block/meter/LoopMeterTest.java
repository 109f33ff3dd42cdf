package dev.platter.devices.block.meter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.sys.Errno;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** The counts of one loop, without a disk. */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class LoopMeterTest {
  @Test
  void resultsHaveTheirKinds() {
    assertThat(BlockError.of(-Errno.EIO)).isEqualTo(BlockError.IO);
    assertThat(BlockError.of(-Errno.ENOSPC)).isEqualTo(BlockError.NO_SPACE);
    assertThat(BlockError.of(-Errno.EDQUOT)).isEqualTo(BlockError.NO_SPACE);
    assertThat(BlockError.of(-Errno.ECANCELED)).isEqualTo(BlockError.CANCELLED);
    assertThat(BlockError.of(-Errno.ENOMEM)).isEqualTo(BlockError.OTHER);
    assertThat(BlockError.of(-4095)).isEqualTo(BlockError.OTHER);
    assertThat(BlockError.of(Integer.MIN_VALUE)).isEqualTo(BlockError.OTHER);
  }

  @Test
  void aReaderNeverSeesMoreCompletedThanBegun() throws Exception {
    LoopMeter meter = new LoopMeter(false);
    Thread loop =
        Thread.ofPlatform()
            .start(() -> {
              for (int i = 0; i < 2_000_000; i++) {
                meter.finished(Operation.READ, 512, 0, meter.begun());
              }
            });
    long previous = 0;
    while (loop.isAlive()) {
      BlockUsage usage = meter.usage();
      assertThat(usage.inFlight()).isNotNegative();
      assertThat(usage.of(Operation.READ).requests()).isGreaterThanOrEqualTo(previous);
      previous = usage.of(Operation.READ).requests();
    }
    loop.join();
    assertThat(meter.usage().of(Operation.READ).requests()).isEqualTo(2_000_000);
    assertThat(meter.usage().inFlight()).isZero();
  }

  @Test
  void theDepthIsThatOfTheMomentARequestBegins() {
    LoopMeter meter = new LoopMeter(true);
    long[] begun = new long[5];
    Arrays.setAll(begun, _ -> meter.begun());
    meter.finished(Operation.READ, 512, 0, begun[0]);
    meter.begun();
    Distribution depth = meter.latencies().depth();
    // 1; 2; 3 and 4; 5 and, after one had completed, 5 again.
    assertThat(new long[] {depth.count(0), depth.count(1), depth.count(2), depth.count(3)})
        .containsExactly(1, 1, 2, 2);
    assertThat(depth.sum()).isEqualTo(1 + 2 + 3 + 4 + 5 + 5);
  }

  @Test
  void valuesGoToTheFirstBucketWhoseBoundTheyDoNotExceed() {
    for (Buckets buckets : new Buckets[] {Buckets.LATENCY_NANOS, Buckets.DEPTH}) {
      for (int i = 0; i < buckets.count() - 1; i++) {
        long bound = buckets.upperBound(i);
        assertThat(buckets.of(bound)).isEqualTo(i);
        assertThat(buckets.of(bound + 1)).isEqualTo(i + 1);
      }
      assertThat(buckets.of(0)).isZero();
      assertThat(buckets.of(-1)).isZero();
      assertThat(buckets.of(Long.MAX_VALUE)).isEqualTo(buckets.count() - 1);
      assertThat(buckets.upperBound(buckets.count() - 1)).isEqualTo(Long.MAX_VALUE);
    }
    assertThat(Buckets.LATENCY_NANOS.count()).isEqualTo(20);
    assertThat(Buckets.LATENCY_NANOS.upperBound(0)).isEqualTo(10_000);
    assertThat(Buckets.LATENCY_NANOS.upperBound(18)).isEqualTo(10_000_000_000L);
  }
}
