package dev.platter.devices.ahci;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.DiskDriver;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("slow")
class AhciAllocationTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final DiskDriver.CompletionSink IGNORE = (tag, status) -> {};

  private interface Work {
    void run(int iteration);
  }

  // The least of many rounds: what the JIT allocates for its own use comes and goes.
  private static long leastAllocatedBytes(Work work) {
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 40 && least > 0; round++) {
      long before = THREADS.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 2000; i++) {
        work.run(i);
      }
      least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
    }
    return least;
  }

  @Test
  @DisplayName("driver, registers, NCQ command, completion: nothing is allocated")
  void queuedReadsAndWrites() {
    try (AhciFixture f = AhciFixture.ready()) {
      long buffer = f.buffer(65536);
      f.fill(buffer, AhciFixture.pattern(1, 65536));
      assertThat(
              leastAllocatedBytes(i -> {
                int tag = i & 31;
                Operation operation = (i & 1) == 0 ? Operation.WRITE : Operation.READ;
                f.driver.submit(tag, operation, (i & 0xff) * 65536L, buffer, 65536);
                f.driver.interrupt(IGNORE);
              }))
          .isZero();
      assertThat(f.driver.issued()).isZero();
      assertThat(f.driver.recoveries()).isZero();
    }
  }

  @Test
  @DisplayName("32 scattered commands in flight, then reaped: nothing is allocated")
  void scatteredDeepQueue() {
    try (AhciFixture f = AhciFixture.ready()) {
      long[] addresses = new long[64];
      int[] lengths = new int[64];
      for (int i = 0; i < 64; i++) {
        addresses[i] = AhciFixture.HIGH_RAM + i * 2048L;
        lengths[i] = 1024;
      }
      f.driver.submitScattered(0, Operation.WRITE, 0, addresses, lengths);
      f.driver.interrupt(IGNORE);
      assertThat(
              leastAllocatedBytes(i -> {
                f.disk.hold();
                for (int tag = 0; tag < 4; tag++) {
                  f.driver.submitScattered(tag, Operation.READ, 0, addresses, lengths);
                }
                f.disk.releaseAll();
                f.driver.interrupt(IGNORE);
              }))
          .isZero();
    }
  }

  @Test
  @DisplayName("FLUSH, TRIM and DMA EXT allocate nothing either")
  void otherCommands() {
    try (AhciFixture f = AhciFixture.ready()) {
      long buffer = f.buffer(4096);
      assertThat(
              leastAllocatedBytes(i -> {
                f.driver.submit(0, Operation.FLUSH, 0, 0, 0);
                f.driver.interrupt(IGNORE);
                f.driver.submit(1, Operation.DISCARD, 0, 0, 1 << 20);
                f.driver.interrupt(IGNORE);
                f.driver.executePolled(0x35, 0, 0, 8, 0, buffer, 4096, true);
                f.driver.executePolled(0x25, 0, 0, 8, 0, buffer, 4096, false);
                f.driver.interrupt(IGNORE);
              }))
          .isZero();
    }
  }
}
