package dev.platter.devices.virtio.blk;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.AioContext;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.memory.MemoryDisk;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.DiskDriver;
import dev.platter.devices.driver.GuestAllocator;
import dev.platter.devices.driver.VirtioMmioBlkDriver;
import dev.platter.devices.testkit.DirectCpu;
import dev.platter.devices.testkit.RecordingIrq;
import dev.platter.devices.virtio.mmio.MmioRegisters;
import dev.platter.devices.virtio.mmio.VirtioMmioTransport;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A guest's driver, a virtio disk and memory behind it, all on the test's thread. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class MemoryDiskOnVirtioTest {
  private static final int BATCH = 16;
  private static final int ROUNDS = 1_000;
  private static final int MAX_TRIES = 200;
  private static final int BYTES = 4096;
  private static final long BUFFER = BlkRig.BUFFER;

  // As in VirtioBlkAllocationTest: what io_uring_enter may cost, once for each turn.
  private static final int TURN_BYTES = 2 * 40;

  /** A guest and its disk; all of it runs on the thread that makes it, whose loop it is. */
  private static final class Guest implements AutoCloseable {
    private final DirectCpu cpu = new DirectCpu(new DirectCpu.Ram(0, BlkRig.RAM_BYTES));
    private final MemoryDisk disk = MemoryDisk.create("ram:1M", 1 << 20, ImageOptions.WRITABLE);
    private final AioContext context =
        new AioContext("test", AioConfig.ioThread().withPollMaxNanos(0), null);
    private final VirtioMmioTransport transport;
    private final VirtioMmioBlkDriver driver;
    private int completed;
    private int failed;
    private final DiskDriver.CompletionSink sink =
        (tag, status) -> {
          completed++;
          failed += status == 0 ? 0 : 1;
        };

    Guest() {
      VirtioBlk blk = new VirtioBlk(disk, new VirtioBlk.Options(1, 64, "ram"), List.of(context));
      transport = new VirtioMmioTransport(blk, cpu.memory(), new RecordingIrq());
      cpu.map(BlkRig.MMIO, MmioRegisters.RANGE_BYTES, transport);
      driver =
          new VirtioMmioBlkDriver(
              cpu,
              BlkRig.MMIO,
              new GuestAllocator(0x1000, BUFFER - 0x1000),
              VirtioMmioBlkDriver.Options.DEFAULT.withQueues(1, 64));
    }

    void run(Operation operation, long offset, long buffer, int length) {
      driver.submit(0, operation, offset, buffer, length);
      finish(1);
    }

    void finish(int requests) {
      driver.kick();
      for (int end = completed + requests; completed < end; ) {
        context.turn(true);
        driver.interrupt(sink);
      }
    }

    long word(long address) {
      return cpu.memory().readLong(address);
    }

    @Override
    public void close() {
      transport.close();
      context.close();
      disk.close();
    }
  }

  @Test
  void whatAGuestWritesItReads() {
    try (Guest guest = new Guest()) {
      assertThat(guest.driver.capacityBytes()).isEqualTo(1 << 20);
      for (int i = 0; i < BYTES; i += 8) {
        guest.cpu.memory().writeLong(BUFFER + i, 0x0123_4567_89AB_CDEFL * (i + 1));
      }
      guest.run(Operation.WRITE, 512, BUFFER, BYTES);
      guest.run(Operation.FLUSH, 0, 0, 0);
      guest.run(Operation.READ, 512, BUFFER + BYTES, BYTES);
      for (int i = 0; i < BYTES; i += 8) {
        assertThat(guest.word(BUFFER + BYTES + i)).isEqualTo(guest.word(BUFFER + i));
      }
      guest.run(Operation.DISCARD, 0, 0, 1 << 20);
      guest.run(Operation.READ, BYTES, BUFFER, BYTES);
      assertThat(guest.word(BUFFER)).isZero();
      assertThat(guest.failed).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"READ", "WRITE", "FLUSH"})
  @Tag("slow")
  void aRequestInSteadyStateAllocatesNothing(Operation operation) {
    try (Guest guest = new Guest()) {
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      // Until the compiler has come to it, which takes its time on a busy host.
      long enough = (long) ROUNDS * TURN_BYTES;
      long least = Long.MAX_VALUE;
      for (int i = 0; i < MAX_TRIES && least > enough; i++) {
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int round = 0; round < ROUNDS; round++) {
          for (int tag = 0; tag < BATCH; tag++) {
            long offset = ((round + tag) & 63) * (long) BYTES;
            guest.driver.submit(tag, operation, offset, BUFFER + tag * 2L * BYTES, BYTES);
          }
          guest.finish(BATCH);
        }
        least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
      }
      assertThat(guest.failed).isZero();
      assertThat(least).as("bytes for %d requests", BATCH * ROUNDS).isLessThanOrEqualTo(enough);
    }
  }
}
