package dev.platter.devices.ahci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.BigLock;
import dev.platter.aio.loop.MainLoop;
import dev.platter.aio.sim.SimHooks;
import dev.platter.aio.sys.Libc;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.block.raw.RawImage;
import dev.platter.devices.driver.AhciDriver;
import dev.platter.devices.driver.GuestAllocator;
import dev.platter.devices.driver.GuestCpu;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.devices.testkit.BlockPattern;
import dev.platter.devices.testkit.DirectCpu;
import dev.platter.devices.testkit.HaltIrq;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.function.Supplier;

/**
 * Guests with a SATA disk over a raw image, for the simulated host: a vCPU that takes the big lock
 * for each register, and a main loop that holds it but while it waits.
 */
final class AhciScenarios {
  private static final long HBA = 0xfebf_0000L;
  private static final int RAM_BYTES = 512 << 10;
  private static final long BUFFERS = 256 << 10;
  private static final int DISK_BYTES = 64 << 10;

  private AhciScenarios() {}

  /** A vCPU whose register accesses take the big lock. */
  record Vcpu(DirectCpu cpu, BigLock lock) implements GuestCpu {
    @Override
    public int load32(long guestAddress) {
      lock.lock();
      try {
        return cpu.load32(guestAddress);
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void store32(long guestAddress, int value) {
      lock.lock();
      try {
        cpu.store32(guestAddress, value);
      } finally {
        lock.unlock();
      }
    }

    @Override
    public GuestMemory memory() {
      return cpu.memory();
    }
  }

  /** A machine with a guest on the scenario's thread. */
  abstract static class Guest implements Runnable {
    final DirectCpu cpu = new DirectCpu(new DirectCpu.Ram(0, RAM_BYTES));
    final HaltIrq irq = new HaltIrq();
    final MainLoop main = new MainLoop(AioConfig.mainLoop().withPollMaxNanos(0));
    final Vcpu vcpu = new Vcpu(cpu, main.lock());
    final AhciDriver driver =
        new AhciDriver(vcpu, HBA, 0, new GuestAllocator(0x1000, BUFFERS - 0x1000), SimHooks::pause);

    @Override
    public final void run() {
      int file = SimHooks.openFile(DISK_BYTES);
      try (RawImage image = RawImage.open("/proc/self/fd/" + file, ImageOptions.WRITABLE)) {
        AhciController controller =
            underLock(() ->
                new AhciController(
                    cpu.memory(),
                    irq,
                    List.of(new AhciDisk(image, "SIMULATED", "S-0", "1.0")),
                    AhciLoop.of(main.context())));
        cpu.map(HBA, controller.mmioSizeBytes(), controller);
        guest();
        while (underLock(controller::inFlight) > 0) {
          SimHooks.pause();
        }
        main.lock().lock();
        controller.close();
        main.lock().unlock();
        main.close();
      }
      cpu.close();
      Libc.close(file);
    }

    private <T> T underLock(Supplier<T> body) {
      main.lock().lock();
      try {
        return body.get();
      } finally {
        main.lock().unlock();
      }
    }

    /** What the guest does. */
    abstract void guest();

    static long buffer(int tag) {
      return BUFFERS + tag * 4096L;
    }

    void fill(int tag, int value) {
      BlockPattern.fill(cpu.memory(), buffer(tag), value);
    }

    void check(int tag, int value) {
      BlockPattern.check(cpu.memory(), buffer(tag), value);
    }

    /** Writes a block with each tag and reads it back, all tags at the same time. */
    void writeAndRead(int tags) {
      boolean[] reads = new boolean[tags];
      int[] left = {tags};
      for (int tag = 0; tag < tags; tag++) {
        fill(tag, tag + 1);
        driver.submit(tag, Operation.WRITE, tag * 4096L, buffer(tag), 4096);
      }
      while (left[0] > 0) {
        irq.await();
        driver.interrupt((tag, status) -> {
          assertThat(status).isZero();
          if (reads[tag]) {
            check(tag, tag + 1);
            left[0]--;
          } else {
            reads[tag] = true;
            fill(tag, 0);
            driver.submit(tag, Operation.READ, tag * 4096L, buffer(tag), 4096);
          }
        });
      }
    }
  }

  /** Queued writes and reads, then a flush between them. */
  public static final class QueuedAndFlush extends Guest {
    @Override
    void guest() {
      driver.bringUp();
      writeAndRead(3);
      boolean[] flushed = new boolean[1];
      driver.submit(0, Operation.FLUSH, 0, 0, 0);
      while (!flushed[0]) {
        irq.await();
        driver.interrupt((tag, status) -> flushed[0] = status == 0);
      }
    }
  }

  /** AHCI 1.3.1, 10.3.2: after PxCMD.ST is cleared, nothing reaches the guest's memory. */
  public static class StoppedInFlight extends Guest {
    @Override
    void guest() {
      driver.bringUp();
      for (int tag = 0; tag < 3; tag++) {
        fill(tag, 7);
        driver.submit(tag, Operation.READ, tag * 4096L, buffer(tag), 4096);
      }
      end();
      byte[] before = ram();
      for (int i = 0; i < 20; i++) {
        SimHooks.pause();
      }
      assertThat(ram()).isEqualTo(before);
    }

    /** Ends what is in flight. */
    void end() {
      driver.port().stop();
    }

    private byte[] ram() {
      return cpu.ram().getFirst().toArray(ValueLayout.JAVA_BYTE);
    }
  }

  /** AHCI 1.3.1, 10.4.2: the same for COMRESET; the port goes on after it. */
  public static final class ResetInFlight extends StoppedInFlight {
    @Override
    void end() {
      driver.port().stop();
      driver.port().comreset();
    }
  }
}
