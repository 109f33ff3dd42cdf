package dev.platter.devices.virtio.blk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.IoThread;
import dev.platter.aio.loop.MainLoop;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.bus.IrqLine;
import dev.platter.devices.driver.GuestAllocator;
import dev.platter.devices.driver.VirtioMmioBlkDriver;
import dev.platter.devices.driver.VirtioMmioBlkDriver.Options;
import dev.platter.devices.testkit.DirectCpu;
import dev.platter.devices.testkit.RamDisk;
import dev.platter.devices.virtio.VirtioFeatures;
import dev.platter.devices.virtio.mmio.MmioRegisters;
import dev.platter.devices.virtio.mmio.VirtioMmioTransport;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A guest on one thread, queues on IOThreads: what must not get lost between them. */
@Tag("slow")
class VirtioBlkThreadsTest {
  private static final int LOST_AFTER_MILLIS = 20_000;

  /** An interrupt line that a guest can halt on. */
  private static final class WaitableIrq implements IrqLine {
    private boolean asserted;

    @Override
    public synchronized void raise() {
      asserted = true;
      notifyAll();
    }

    @Override
    public synchronized void lower() {
      asserted = false;
    }

    /** Waits for the line; false means that an interrupt was lost. */
    synchronized boolean await() throws InterruptedException {
      long deadline = System.nanoTime() + LOST_AFTER_MILLIS * 1_000_000L;
      while (!asserted) {
        long left = (deadline - System.nanoTime()) / 1_000_000L;
        if (left <= 0) {
          return false;
        }
        wait(left);
      }
      return true;
    }
  }

  private final DirectCpu cpu = new DirectCpu(new DirectCpu.Ram(0, BlkRig.RAM_BYTES));
  private final WaitableIrq irq = new WaitableIrq();
  private final List<IoThread> threads = new ArrayList<>();
  private final List<AutoCloseable> open = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : open) {
      each.close();
    }
    for (IoThread thread : threads) {
      thread.close();
    }
    cpu.close();
  }

  private RamDisk disk(int queues, long pollMaxNanos) {
    List<AioContext> contexts = new ArrayList<>();
    for (int i = 0; i < queues; i++) {
      AioConfig config = AioConfig.ioThread().withPollMaxNanos(pollMaxNanos);
      threads.add(new IoThread("io" + i, config));
      contexts.add(threads.get(i).context());
    }
    RamDisk disk = new RamDisk(BlkRig.DISK_BYTES, 512, cpu.ram());
    VirtioBlk blk = new VirtioBlk(disk, new VirtioBlk.Options(queues, 64, "t"), contexts);
    VirtioMmioTransport transport = new VirtioMmioTransport(blk, cpu.memory(), irq);
    cpu.map(BlkRig.MMIO, MmioRegisters.RANGE_BYTES, transport);
    open.add(transport);
    open.add(disk);
    return disk;
  }

  private VirtioMmioBlkDriver driver(Options options) {
    return new VirtioMmioBlkDriver(
        cpu, BlkRig.MMIO, new GuestAllocator(0x1000, BlkRig.BUFFER - 0x1000), options);
  }

  /** Keeps requests going from the interrupt handler alone: one lost wake-up either way ends it. */
  @ParameterizedTest
  @CsvSource({
    "0, true, 1, false",
    "0, true, 4, false",
    "0, false, 4, false",
    "32768, true, 1, false",
    "32768, true, 4, false",
    "32768, false, 4, false",
    "0, true, 4, true",
    "0, false, 4, true",
    "32768, true, 1, true",
    "32768, false, 4, true"
  })
  void noDoorbellAndNoInterruptIsLost(
      long pollMaxNanos, boolean eventIdx, int depth, boolean packed) throws Exception {
    disk(1, pollMaxNanos);
    Options layout = packed ? Options.DEFAULT.packed() : Options.DEFAULT;
    Options options = eventIdx ? layout : layout.without(VirtioFeatures.EVENT_IDX);
    VirtioMmioBlkDriver driver = driver(options);
    int total = 20_000;
    int[] submitted = {0};
    int[] done = {0};
    for (int tag = 0; tag < depth; tag++) {
      driver.submit(tag, Operation.READ, 0, BlkRig.BUFFER + tag * 512L, 512);
      submitted[0]++;
    }
    driver.kick();
    while (done[0] < total) {
      assertThat(irq.await()).as("interrupt after %d requests", done[0]).isTrue();
      driver.interrupt((tag, status) -> {
        assertThat(status).isZero();
        done[0]++;
        if (submitted[0] < total) {
          submitted[0]++;
          driver.submit(tag, Operation.READ, 0, BlkRig.BUFFER + tag * 512L, 512);
          driver.kick();
        }
      });
    }
    assertThat(done[0]).isEqualTo(total);
  }

  @Test
  void dataSurvivesOnAnIoThread() throws Exception {
    RamDisk disk = disk(1, AioConfig.DEFAULT_POLL_MAX_NANOS);
    VirtioMmioBlkDriver driver = driver(Options.DEFAULT.withSegmentBytes(4096));
    Random random = new Random(3);
    for (int round = 0; round < 200; round++) {
      int length = (1 + random.nextInt(64)) * 512;
      long offset = random.nextInt(1000) * 512L;
      byte[] data = BlkRig.patternBytes(round, length);
      for (int i = 0; i < length; i++) {
        cpu.memory().writeByte(BlkRig.BUFFER + i, data[i]);
      }
      runOne(driver, Operation.WRITE, offset, BlkRig.BUFFER, length);
      runOne(driver, Operation.READ, offset, BlkRig.BUFFER + (1 << 20), length);
      for (int i = 0; i < length; i++) {
        assertThat((byte) cpu.memory().readByte(BlkRig.BUFFER + (1 << 20) + i)).isEqualTo(data[i]);
      }
    }
    assertThat(disk.count(Operation.WRITE)).isEqualTo(200);
  }

  private void runOne(
      VirtioMmioBlkDriver driver, Operation operation, long offset, long buffer, int length)
      throws InterruptedException {
    driver.submit(0, operation, offset, buffer, length);
    driver.kick();
    int done = 0;
    while (done == 0) {
      assertThat(irq.await()).isTrue();
      done = driver.interrupt((tag, status) -> assertThat(status).isZero());
    }
  }

  @Test
  void resetWaitsForAnIoThreadThatNeverTakesTheBigLock() throws Exception {
    RamDisk disk = disk(1, 0);
    AioContext context = threads.get(0).context();
    context.invoke(disk::hold);
    VirtioMmioBlkDriver driver = driver(Options.DEFAULT);
    driver.submit(0, Operation.WRITE, 0, BlkRig.BUFFER, 512);
    driver.kick();
    CountDownLatch taken = new CountDownLatch(1);
    Runnable[] look = new Runnable[1];
    look[0] =
        () -> {
          if (disk.heldCount() == 0) {
            context.newBottomHalf(look[0]).schedule();
          } else {
            taken.countDown();
          }
        };
    context.newBottomHalf(look[0]).schedule();
    taken.await();
    context.invoke(() -> context.newTimer(disk::releaseAll).arm(1_000_000));
    driver.bus().reset();
    assertThat(disk.count(Operation.WRITE)).isEqualTo(1);
    assertThat(driver.bus().status()).isZero();
  }

  @Test
  void resetsBetweenRequestsLoseNothing() throws Exception {
    disk(2, AioConfig.DEFAULT_POLL_MAX_NANOS);
    for (int round = 0; round < 100; round++) {
      VirtioMmioBlkDriver driver = driver(Options.DEFAULT.withQueues(2, 16));
      for (int tag = 0; tag < 8; tag++) {
        driver.submit(tag, Operation.READ, 0, BlkRig.BUFFER + tag * 512L, 512);
      }
      driver.kick();
      int done = 0;
      // Every other round the reset comes while the queues are at work.
      while (round % 2 == 0 && done < 8) {
        assertThat(irq.await()).isTrue();
        done += driver.interrupt((tag, status) -> assertThat(status).isZero());
      }
    }
  }

  /**
   * On the main loop a vCPU restarts a queue while the loop sleeps with a read of the doorbell
   * armed; the guest rings once, and whatever that read takes must not be lost.
   */
  @Test
  void aDoorbellRightAfterARestartOnTheMainLoopIsNotLost() throws Exception {
    MainLoop main = new MainLoop(AioConfig.mainLoop());
    RamDisk disk = new RamDisk(BlkRig.DISK_BYTES, 512, cpu.ram());
    VirtioBlk blk = new VirtioBlk(disk, VirtioBlk.Options.DEFAULT, List.of(main.context()));
    VirtioMmioTransport transport = new VirtioMmioTransport(blk, cpu.memory(), irq);
    cpu.map(BlkRig.MMIO, MmioRegisters.RANGE_BYTES, transport);
    main.lock().lock();
    VirtioMmioBlkDriver driver = driver(Options.DEFAULT);
    for (int round = 0; round < 200; round++) {
      driver.bus().store(MmioRegisters.QUEUE_SEL, 0);
      driver.bus().store(MmioRegisters.QUEUE_READY, 0);
      driver.queue(0).reset();
      driver.bus().setUpQueue(0, driver.queue(0));
      driver.submit(0, Operation.READ, 0, BlkRig.BUFFER, 512);
      driver.bus().kick(0);
      main.lock().unlock();
      assertThat(irq.await()).as("round %d", round).isTrue();
      main.lock().lock();
      assertThat(driver.interrupt((tag, status) -> assertThat(status).isZero())).isEqualTo(1);
    }
    transport.close();
    main.lock().unlock();
    main.close();
    disk.close();
  }
}
