package dev.platter.devices.virtio.blk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.IoThread;
import dev.platter.aio.loop.Threads;
import dev.platter.aio.sim.SimHooks;
import dev.platter.aio.sys.Libc;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.block.raw.RawImage;
import dev.platter.devices.driver.GuestAllocator;
import dev.platter.devices.driver.VirtioMmioBlkDriver;
import dev.platter.devices.driver.VirtioMmioBlkDriver.Options;
import dev.platter.devices.testkit.BlockPattern;
import dev.platter.devices.testkit.DirectCpu;
import dev.platter.devices.testkit.HaltIrq;
import dev.platter.devices.virtio.VirtioFeatures;
import dev.platter.devices.virtio.mmio.MmioRegisters;
import dev.platter.devices.virtio.mmio.VirtioMmioTransport;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Guests with a virtio disk over a raw image, its queue on an IOThread, for the simulated host. A
 * lost doorbell or interrupt makes all threads wait for ever; lost or misplaced data are compared.
 */
final class BlkScenarios {
  private static final long MMIO = 0x4000_0000L;
  private static final int RAM_BYTES = 256 << 10;
  private static final long BUFFERS = 128 << 10;
  private static final int DISK_BYTES = 64 << 10;
  private static final int QUEUE_SIZE = 16;

  private BlkScenarios() {}

  /** A machine with a guest on the scenario's thread. */
  abstract static class Guest implements Runnable {
    final DirectCpu cpu = new DirectCpu(new DirectCpu.Ram(0, RAM_BYTES));
    final HaltIrq irq = new HaltIrq();
    final IoThread io;

    Guest() {
      this(0);
    }

    Guest(long pollMaxNanos) {
      io = new IoThread("io", AioConfig.ioThread().withPollMaxNanos(pollMaxNanos));
    }

    @Override
    public final void run() {
      int file = SimHooks.openFile(DISK_BYTES);
      try (RawImage image = RawImage.open("/proc/self/fd/" + file, ImageOptions.WRITABLE)) {
        VirtioBlk blk =
            new VirtioBlk(
                image, new VirtioBlk.Options(1, QUEUE_SIZE, "sim"), List.of(io.context()));
        VirtioMmioTransport transport = new VirtioMmioTransport(blk, cpu.memory(), irq);
        cpu.map(MMIO, MmioRegisters.RANGE_BYTES, transport);
        guest();
        transport.close();
      }
      io.close();
      cpu.close();
      Libc.close(file);
    }

    /** What the guest does. */
    abstract void guest();

    VirtioMmioBlkDriver driver(Options options) {
      return new VirtioMmioBlkDriver(
          cpu, MMIO, new GuestAllocator(0x1000, BUFFERS - 0x1000), options);
    }

    static long buffer(int tag) {
      return BUFFERS + tag * 4096L;
    }

    void fill(int tag, int value) {
      BlockPattern.fill(cpu.memory(), buffer(tag), value);
    }

    void check(int tag, int value) {
      BlockPattern.check(cpu.memory(), buffer(tag), value);
    }

    /**
     * Writes a block with each tag and reads it back with the same tag, all tags at the same time,
     * so many times.
     */
    void writeAndRead(VirtioMmioBlkDriver driver, int tags, int rounds) {
      int[] round = new int[tags];
      boolean[] reads = new boolean[tags];
      int[] left = {tags};
      for (int tag = 0; tag < tags; tag++) {
        fill(tag, tag + 1);
        driver.submit(tag, Operation.WRITE, tag * 4096L, buffer(tag), 4096);
      }
      driver.kick();
      while (left[0] > 0) {
        irq.await();
        driver.interrupt((tag, status) -> {
          assertThat(status).isZero();
          int value = round[tag] * tags + tag + 1;
          if (!reads[tag]) {
            reads[tag] = true;
            fill(tag, 0);
            driver.submit(tag, Operation.READ, tag * 4096L, buffer(tag), 4096);
          } else {
            check(tag, value);
            reads[tag] = false;
            round[tag]++;
            if (round[tag] == rounds) {
              left[0]--;
              return;
            }
            fill(tag, value + tags);
            driver.submit(tag, Operation.WRITE, tag * 4096L, buffer(tag), 4096);
          }
          driver.kick();
        });
      }
    }
  }

  /** Three requests at a time, with the event index. */
  public static class EventIndex extends Guest {
    Options options() {
      return Options.DEFAULT.withQueues(1, QUEUE_SIZE);
    }

    @Override
    void guest() {
      writeAndRead(driver(options()), 3, 3);
    }
  }

  /** One request at a time: no other one makes up for a lost doorbell. */
  public static class OneAtATime extends EventIndex {
    @Override
    void guest() {
      writeAndRead(driver(options()), 1, 4);
    }
  }

  /** The same in a packed queue. */
  public static final class PackedOneAtATime extends OneAtATime {
    @Override
    Options options() {
      return super.options().packed();
    }
  }

  /** The same in a packed queue. */
  public static final class PackedEventIndex extends EventIndex {
    @Override
    Options options() {
      return super.options().packed();
    }
  }

  /** The same with flags in place of the event index. */
  public static final class Flags extends EventIndex {
    @Override
    Options options() {
      return super.options().without(VirtioFeatures.EVENT_IDX);
    }
  }

  /** The same in a packed queue. */
  public static final class PackedFlags extends EventIndex {
    @Override
    Options options() {
      return super.options().packed().without(VirtioFeatures.EVENT_IDX);
    }
  }

  /** The queue's loop is suspended and resumed while requests are on their way. */
  public static class Suspended extends Guest {
    /** Without polling. */
    public Suspended() {
      this(0);
    }

    Suspended(long pollMaxNanos) {
      super(pollMaxNanos);
    }

    Options options() {
      return Options.DEFAULT.withQueues(1, QUEUE_SIZE);
    }

    @Override
    void guest() {
      VirtioMmioBlkDriver driver = driver(options());
      Thread suspender =
          Thread.ofPlatform()
              .name("suspender")
              .start(() -> {
                for (int i = 0; i < 2; i++) {
                  io.suspend();
                  io.resume();
                }
              });
      writeAndRead(driver, 2, 2);
      Threads.joinUninterruptibly(suspender);
    }
  }

  /** The same in a packed queue. */
  public static final class PackedSuspended extends Suspended {
    @Override
    Options options() {
      return super.options().packed();
    }
  }

  /** The same on a loop that looks for requests before it sleeps, with doorbells switched off. */
  public static final class PollingSuspended extends Suspended {
    /** With polls of a few turns. */
    public PollingSuspended() {
      super(4_000);
    }
  }

  /** Buffers are there before the queue is started, and the guest rings no doorbell for them. */
  public static final class BuffersBeforeStart extends Guest {
    @Override
    void guest() {
      VirtioMmioBlkDriver driver = driver(Options.DEFAULT.withQueues(1, QUEUE_SIZE));
      driver.bus().store(MmioRegisters.QUEUE_SEL, 0);
      driver.bus().store(MmioRegisters.QUEUE_READY, 0);
      driver.queue(0).reset();
      fill(0, 3);
      driver.submit(0, Operation.READ, 0, buffer(0), 4096);
      driver.bus().setUpQueue(0, driver.queue(0));
      irq.await();
      assertThat(driver.interrupt((tag, status) -> assertThat(status).isZero())).isEqualTo(1);
      check(0, 0);
    }
  }

  /** Ranges are discarded while the queue's loop is suspended and resumed. */
  public static final class DiscardWhileSuspending extends Guest {
    @Override
    void guest() {
      VirtioMmioBlkDriver driver = driver(Options.DEFAULT.withQueues(1, QUEUE_SIZE));
      Thread suspender =
          Thread.ofPlatform()
              .name("suspender")
              .start(() -> {
                io.suspend();
                io.resume();
              });
      int[] left = {2};
      for (int tag = 0; tag < 2; tag++) {
        driver.submit(tag, Operation.DISCARD, tag * 16384L, 0, 16384);
      }
      driver.kick();
      while (left[0] > 0) {
        irq.await();
        driver.interrupt((tag, status) -> {
          assertThat(status).isZero();
          left[0]--;
        });
      }
      writeAndRead(driver, 1, 1);
      Threads.joinUninterruptibly(suspender);
    }
  }

  /** Virtio 1.3, 2.1.2: after a reset nothing of what was in flight reaches the guest's memory. */
  public static final class ResetInFlight extends Guest {
    @Override
    void guest() {
      VirtioMmioBlkDriver first = driver(Options.DEFAULT.withQueues(1, QUEUE_SIZE));
      for (int tag = 0; tag < 3; tag++) {
        fill(tag, 9);
        first.submit(tag, Operation.READ, tag * 4096L, buffer(tag), 4096);
      }
      first.kick();
      first.bus().reset();
      byte[] before = ram();
      irq.lower();
      for (int i = 0; i < 20; i++) {
        SimHooks.pause();
        io.context().invoke(() -> {});
      }
      assertThat(ram()).isEqualTo(before);
      writeAndRead(driver(Options.DEFAULT.withQueues(1, QUEUE_SIZE)), 2, 1);
    }

    private byte[] ram() {
      return cpu.ram().getFirst().toArray(ValueLayout.JAVA_BYTE);
    }
  }
}
