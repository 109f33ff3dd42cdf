package dev.platter.devices.block.raw;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.platter.devices.block.image.ImageOptions;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests in steady state allocate nothing, bounced, scattered, resumed or none of these. */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class RawImageAllocationTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final int WINDOW = 1_000;
  private static final int ENOUGH = 5;
  private static final int MOST = 200;
  private static final int BLOCK = 4096;

  @TempDir Path directory;

  @ParameterizedTest(name = "latencies measured: {0}")
  @ValueSource(booleans = {false, true})
  void requestsInSteadyStateAllocateNothing(boolean measured) throws Exception {
    Path path = TestDisk.randomFile(directory, 1 << 20);
    try (TestDisk disk = new TestDisk(path, ImageOptions.WRITABLE)) {
      if (measured) {
        disk.image.meter().measureLatencies();
      }
      TestDisk.Slot slot = new TestDisk.Slot();
      MemorySegment[] aligned = {disk.memory(BLOCK, 0), disk.memory(BLOCK, 0)};
      MemorySegment[] unaligned = {disk.memory(BLOCK, 1), disk.memory(BLOCK, 1)};
      int windowsWithout = 0;
      long allocated = -1;
      for (int window = 0; window < MOST && windowsWithout < ENOUGH; window++) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < WINDOW; i++) {
          disk.image.maxPieceBytes = i % 4 < 2 ? 1 << 30 : BLOCK;
          slot.vector().clear();
          for (MemorySegment buffer : i % 2 == 0 ? aligned : unaligned) {
            slot.vector().add(buffer.address(), BLOCK);
          }
          slot.prepareRead((long) (i % 100) * BLOCK);
          if (disk.run(slot) != 0) {
            throw new AssertionError("read failed with " + slot.result);
          }
        }
        allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        windowsWithout = allocated == 0 ? windowsWithout + 1 : 0;
      }
      assertThat(windowsWithout).as("the last window: %d bytes", allocated).isEqualTo(ENOUGH);
      slot.close();
    }
  }
}
