package dev.platter.devices.virtio;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Taking buffers and giving them back allocates nothing, on either side of either ring. */
@Tag("slow")
class DeviceRingAllocationTest {
  private static final int SIZE = 32;
  private static final int BATCH = 8;
  private static final int ROUNDS = 2_000;
  private static final int MAX_TRIES = 20;

  private final DescriptorChain[] held = new DescriptorChain[BATCH];
  private int interrupts;

  @ParameterizedTest
  @CsvSource({"false, false", "false, true", "true, false", "true, true"})
  void steadyState(boolean packed, boolean tracked) {
    long features = VirtioFeatures.INDIRECT_DESC | VirtioFeatures.EVENT_IDX;
    try (RingRig rig = new RingRig(packed, SIZE, features);
        Arena arena = Arena.ofConfined()) {
      long bytes = InflightRegion.regionBytes(packed, SIZE);
      InflightRegion region = new InflightRegion(arena.allocate(bytes, 64), SIZE);
      assertThat(rig.device.start(rig.fresh(), rig.features, tracked ? region : null)).isTrue();
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long least = Long.MAX_VALUE;
      for (int i = 0; i < MAX_TRIES && least > 0; i++) {
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int round = 0; round < ROUNDS; round++) {
          round(rig);
        }
        least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
      }
      assertThat(interrupts).isGreaterThanOrEqualTo(ROUNDS);
      assertThat(rig.broken).isNull();
      assertThat(least).as("bytes for %d buffers", ROUNDS * BATCH).isZero();
    }
  }

  private void round(RingRig rig) {
    for (int i = 0; i < BATCH; i++) {
      long memory = RingRig.BUFFERS + 256L * i;
      rig.driver.add(memory, 16, false);
      rig.driver.add(memory + 16, 64, true);
      int id = (i & 1) == 0 ? rig.driver.offer() : rig.driver.offerIndirect(memory + 128);
      if (id < 0) {
        throw new IllegalStateException("ring is full");
      }
    }
    if (rig.driver.kickNeeded()) {
      rig.device.disableKicks();
    }
    for (int i = 0; i < BATCH; i++) {
      held[i] = requireNonNull(rig.device.pop());
    }
    rig.device.enableKicks();
    for (int i = BATCH - 1; i >= 0; i--) {
      held[i].writeLast(1);
      rig.device.push(held[i], 64);
    }
    int before = rig.interrupts;
    rig.device.notifyDriver();
    interrupts += rig.interrupts - before;
    rig.driver.disableInterrupts();
    while (rig.driver.take() >= 0) {
      // all of them
    }
    rig.driver.enableInterrupts();
  }
}
