package dev.platter.devices.virtio.blk;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.DiskDriver;
import dev.platter.devices.driver.VirtioMmioBlkDriver;
import dev.platter.devices.driver.VirtioMmioBlkDriver.Options;
import dev.platter.devices.virtio.VirtioFeatures;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A request in steady state allocates nothing, on either side of the ring. */
@Tag("slow")
class VirtioBlkAllocationTest {
  /** Requests per doorbell, of one kind. */
  private static final int BATCH = 16;

  private static final int ROUNDS = 2_000;
  private static final int MAX_TRIES = 200;

  // io_uring_enter captures errno, for which the JDK's stub makes a segment of 40 bytes unless the
  // compiler sees through it, which it does not always. There is one for each batch; the smallest
  // object for each request would be 16 * 16 bytes.
  private static final int SYSTEM_CALL_BYTES = 40;

  private final BlkRig rig = new BlkRig();
  private int completed;
  private final DiskDriver.CompletionSink sink = (tag, status) -> completed++;

  @AfterEach
  void close() {
    rig.close();
  }

  @ParameterizedTest
  @CsvSource({
    "READ, 0, false",
    "WRITE, 0, false",
    "FLUSH, 0, false",
    "DISCARD, 0, false",
    "WRITE_ZEROES, 0, false",
    "READ, " + VirtioFeatures.INDIRECT_DESC + ", false",
    "WRITE, " + VirtioFeatures.EVENT_IDX + ", false",
    "READ, 0, true",
    "WRITE, " + VirtioFeatures.INDIRECT_DESC + ", true"
  })
  void steadyState(Operation operation, long without, boolean packed) {
    Options layout = packed ? Options.DEFAULT.packed() : Options.DEFAULT;
    VirtioMmioBlkDriver driver = rig.bringUp(layout.without(without).withQueues(1, 64));
    assertThat(driver.has(VirtioFeatures.RING_PACKED)).isEqualTo(packed);
    assertThat(driver.queueDepth()).isGreaterThanOrEqualTo(BATCH);
    // Reading what was never written allocates in the RamDisk.
    rig.disk.poke(0, new byte[1 << 20]);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    // Until the compiler has come to it, which takes its time on a busy host.
    long enough = (long) ROUNDS * SYSTEM_CALL_BYTES;
    long least = Long.MAX_VALUE;
    int rounds = 0;
    for (int i = 0; i < MAX_TRIES && least > enough; i++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      run(driver, operation);
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
      rounds += ROUNDS;
    }
    assertThat(completed).isEqualTo(BATCH * rounds);
    assertThat(least).as("bytes for %d requests", BATCH * ROUNDS).isLessThanOrEqualTo(enough);
  }

  private void run(VirtioMmioBlkDriver driver, Operation operation) {
    for (int i = 0; i < ROUNDS; i++) {
      for (int tag = 0; tag < BATCH; tag++) {
        long offset = ((i + tag) & 63) * 4096L;
        driver.submit(tag, operation, offset, BlkRig.BUFFER + tag * 8192L, 4096);
      }
      driver.kick();
      turn();
      driver.interrupt(sink);
    }
  }

  private void turn() {
    rig.context.turn(false);
    while (rig.context.turn(false)) {
      // until there is nothing to do
    }
  }
}
