package dev.platter.emulator.export.vfiouser;

import static dev.platter.emulator.export.vfiouser.Guest.MSI;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.event.EventNotifier;
import dev.platter.devices.ahci.AhciRegisters;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.block.raw.RawImage;
import dev.platter.devices.driver.AhciDriver;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A guest's AHCI driver while the main loop is suspended and resumed. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class VfioUserSuspendTest {
  private static final long BUFFERS = 0x20_0000;
  private static final int CHUNK = 8192;

  private static void complete(Guest guest, AhciDriver driver, EventNotifier bell, int count) {
    guest.complete(driver, MSI, bell, count, (tag, status) -> assertThat(status).isZero());
  }

  private static void fill(Guest guest, long address, int length, int seed) {
    for (int i = 0; i < length; i += 4) {
      guest.memory.writeInt(address + i, (seed * 31 + i) * 0x9E3779B1);
    }
  }

  private static void check(Guest guest, long address, int length, int seed) {
    for (int i = 0; i < length; i += 4) {
      assertThat(guest.memory.readInt(address + i)).isEqualTo((seed * 31 + i) * 0x9E3779B1);
    }
  }

  @Test
  @DisplayName("Registers answer meanwhile; what is issued is accepted and done later")
  void registersAnswer() {
    try (Guest guest = new Guest().up();
        EventNotifier bell = new EventNotifier()) {
      guest.enable(MSI, bell);
      AhciDriver driver = guest.driver();
      for (int round = 0; round < 5; round++) {
        assertThat(guest.mainLoop.suspend()).isZero();
        fill(guest, BUFFERS, 512, round);
        driver.submit(3, Operation.WRITE, 0, BUFFERS, 512);
        assertThat(driver.port().read(AhciRegisters.PX_SACT)).isEqualTo(8);
        assertThat(driver.port().read(AhciRegisters.PX_SSTS)).isEqualTo(0x113);
        assertThat(guest.signals(bell)).isZero();
        guest.mainLoop.resume();
        complete(guest, driver, bell, 1);
        driver.submit(0, Operation.READ, 0, BUFFERS + CHUNK, 512);
        complete(guest, driver, bell, 1);
        check(guest, BUFFERS + CHUNK, 512, round);
      }
    }
  }

  @Test
  @DisplayName("What is in flight is waited for, and its interrupt comes before the loop stops")
  void drains() {
    try (Guest guest = new Guest().up();
        EventNotifier bell = new EventNotifier()) {
      guest.enable(MSI, bell);
      AhciDriver driver = guest.driver();
      guest.onMainLoop(guest.ramDisk()::hold);
      driver.submit(0, Operation.WRITE, 0, BUFFERS, 512);
      driver.submit(1, Operation.READ, 512, BUFFERS + 512, 512);
      guest.client.load32(VfioUserClient.BAR);
      guest.mainLoop.beginSuspend();
      guest.onMainLoop(() -> {});
      driver.submit(2, Operation.READ, 512, BUFFERS + 512, 512);
      assertThat(driver.port().read(AhciRegisters.PX_SACT) & 4).isEqualTo(4);
      guest.onMainLoop(() -> {
        guest.ramDisk().stopHolding();
        guest.ramDisk().releaseAll();
      });
      assertThat(guest.mainLoop.suspend()).isEqualTo(2);
      complete(guest, driver, bell, 2);
      guest.mainLoop.resume();
      complete(guest, driver, bell, 1);
    }
  }

  @Test
  @DisplayName("A reset, a change of memory and a change of interrupts wait for nothing meanwhile")
  void resetAndUnmap() {
    try (Guest guest = new Guest().up();
        EventNotifier bell = new EventNotifier()) {
      guest.enable(MSI, bell);
      AhciDriver driver = guest.driver();
      guest.mainLoop.suspend();
      driver.submit(0, Operation.READ, 0, BUFFERS, 512);
      assertThat(guest.client.dmaUnmap(0, Guest.RAM_BYTES, 0)).isZero();
      guest.mapRam();
      assertThat(driver.port().read(AhciRegisters.PX_SACT)).isEqualTo(1);
      guest.mainLoop.resume();
      complete(guest, driver, bell, 1);

      guest.mainLoop.suspend();
      driver.submit(0, Operation.READ, 0, BUFFERS, 512);
      assertThat(guest.client.reset()).isZero();
      guest.enable(MSI, bell);
      guest.mainLoop.resume();
      AhciDriver again = guest.driver();
      again.submit(0, Operation.READ, 0, BUFFERS, 512);
      complete(guest, again, bell, 1);
    }
  }

  @Test
  @DisplayName("A guest that takes bus mastering away and gives it back meanwhile starts nothing")
  void busMaster() {
    try (Guest guest = new Guest().up();
        EventNotifier bell = new EventNotifier()) {
      guest.enable(MSI, bell);
      AhciDriver driver = guest.driver();
      guest.mainLoop.suspend();
      driver.submit(0, Operation.READ, 0, BUFFERS, 512);
      guest.client.write(VfioUserClient.REGION_CONFIG, 4, 2, 2);
      guest.client.write(VfioUserClient.REGION_CONFIG, 4, 2, 6);
      assertThat(driver.port().read(AhciRegisters.PX_SACT)).isEqualTo(1);
      guest.mainLoop.resume();
      complete(guest, driver, bell, 1);
    }
  }

  @Test
  @DisplayName("A client may leave meanwhile, and another come, and all of it end")
  void clientsComeAndGo() {
    try (Guest guest = new Guest().up();
        EventNotifier bell = new EventNotifier()) {
      guest.enable(MSI, bell);
      AhciDriver driver = guest.driver();
      guest.mainLoop.suspend();
      driver.submit(0, Operation.READ, 0, BUFFERS, 512);
      guest.leave();
      assertThat(guest.deviceMemory.regions()).isEmpty();
      guest.connect();
      guest.up();
      guest.enable(MSI, bell);
      guest.mainLoop.resume();
      AhciDriver again = guest.driver();
      again.submit(0, Operation.READ, 0, BUFFERS, 512);
      complete(guest, again, bell, 1);
      guest.mainLoop.suspend();
      again.submit(0, Operation.READ, 0, BUFFERS, 512);
      again.port().read(AhciRegisters.PX_CI);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 32_768})
  @DisplayName("Fifty times at random moments under load: nothing is lost, and the data is right")
  void underLoad(int spinNanos, @TempDir Path directory) throws Exception {
    Path path = directory.resolve("disk.img");
    Files.write(path, new byte[(int) Guest.DISK_BYTES]);
    ImageOptions options = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);
    try (Guest guest = new Guest(() -> RawImage.open(path.toString(), options)).up();
        EventNotifier bell = new EventNotifier()) {
      guest.enable(MSI, bell);
      AhciDriver driver = guest.driver();
      AtomicBoolean over = new AtomicBoolean();
      CountDownLatch begun = new CountDownLatch(1);
      FutureTask<Integer> load =
          new FutureTask<>(() -> {
            int rounds = 0;
            while (!over.get() || rounds < 10) {
              for (int tag = 0; tag < 32; tag++) {
                fill(guest, BUFFERS + (long) tag * CHUNK, CHUNK, rounds + tag);
                driver.submit(
                    tag, Operation.WRITE, (long) tag * CHUNK, BUFFERS + (long) tag * CHUNK, CHUNK);
              }
              complete(guest, driver, bell, 32);
              for (int tag = 0; tag < 32; tag++) {
                fill(guest, BUFFERS + (long) tag * CHUNK, CHUNK, -1);
                driver.submit(
                    tag, Operation.READ, (long) tag * CHUNK, BUFFERS + (long) tag * CHUNK, CHUNK);
              }
              complete(guest, driver, bell, 32);
              for (int tag = 0; tag < 32; tag++) {
                check(guest, BUFFERS + (long) tag * CHUNK, CHUNK, rounds + tag);
              }
              rounds++;
              begun.countDown();
            }
            return rounds;
          });
      Thread.ofPlatform().name("guest").start(load);
      begun.await();
      Random random = new Random(19 + spinNanos);
      for (int i = 0; i < 50; i++) {
        guest.mainLoop.suspend();
        spin(random.nextInt(1 + 60 * spinNanos));
        guest.mainLoop.resume();
        spin(random.nextInt(2_000_000));
      }
      over.set(true);
      assertThat(load.get()).isGreaterThanOrEqualTo(10);
    }
  }

  private static void spin(long nanos) {
    long end = System.nanoTime() + nanos;
    while (System.nanoTime() - end < 0) {
      Thread.onSpinWait();
    }
  }
}
