package dev.platter.emulator.measure.stages;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.meter.Operation;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SlowestRequestsTest {
  @Test
  void keepsTheSlowestOfMany() {
    SplittableRandom random = new SplittableRandom(5);
    SlowestRequests slowest = new SlowestRequests();
    RequestRecord scratch = new RequestRecord();
    long[] all = new long[2000];
    IdentityHashMap<RequestRecord, Boolean> identities = new IdentityHashMap<>();
    for (int i = 0; i < all.length; i++) {
      Timeline timeline = Timelines.random(random);
      if (scratch.set(timeline, Stamp.SUBMITTED, Operation.READ, i, 0)) {
        all[i] = scratch.endToEndNanos();
        scratch = slowest.offer(scratch);
        identities.put(scratch, true);
        assertThat(slowest.slowestFirst()).doesNotContain(scratch);
      }
    }
    Arrays.sort(all);
    List<Long> kept = slowest.slowestFirst().stream().map(RequestRecord::endToEndNanos).toList();
    assertThat(kept).hasSize(SlowestRequests.CAPACITY);
    for (int i = 0; i < kept.size(); i++) {
      assertThat(kept.get(i)).isEqualTo(all[all.length - 1 - i]);
    }
    // The same few records go round.
    assertThat(identities.size()).isLessThanOrEqualTo(SlowestRequests.CAPACITY + 1);
  }

  @Test
  void fewerThanItCanKeep() {
    SlowestRequests slowest = new SlowestRequests();
    slowest.offer(Timelines.record(Timelines.of(0, 3)));
    slowest.offer(Timelines.record(Timelines.of(0, 9)));
    assertThat(slowest.slowestFirst())
        .extracting(RequestRecord::endToEndNanos)
        .containsExactly(9000L, 3000L);
    slowest.clear();
    assertThat(slowest.slowestFirst()).isEmpty();
  }
}
