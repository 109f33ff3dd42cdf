package dev.platter.emulator.export.vfiouser;

import static dev.platter.emulator.export.vfiouser.Guest.INTX;
import static dev.platter.emulator.export.vfiouser.Guest.MSI;
import static dev.platter.emulator.export.vfiouser.VfioUserClient.REGION_CONFIG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.event.EventNotifier;
import dev.platter.devices.ahci.AhciRegisters;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.block.raw.RawImage;
import dev.platter.devices.driver.AhciDriver;
import dev.platter.emulator.export.OpenFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A guest's AHCI driver on the other side of the socket. */
class VfioUserDiskTest {
  private static final long BUFFERS = 0x20_0000;
  private static final int CHUNK = 8192;
  private static final int ROUNDS = 50;

  private static void fill(Guest guest, long address, byte[] data) {
    for (int i = 0; i < data.length; i++) {
      guest.memory.writeByte(address + i, data[i]);
    }
  }

  private static byte[] dump(Guest guest, long address, int length) {
    byte[] data = new byte[length];
    for (int i = 0; i < length; i++) {
      data[i] = (byte) guest.memory.readByte(address + i);
    }
    return data;
  }

  /** Writes rounds of 32 queued chunks at random places, and reads each back. */
  private static void writeAndRead(Guest guest, int irq, EventNotifier eventfd) {
    AhciDriver driver = guest.driver();
    assertThat(driver.identity().model()).isEqualTo("PLATTER TEST");
    assertThat(driver.identity().serial()).isEqualTo("SERIAL-1");
    assertThat(driver.identity().firmware()).isEqualTo("FW1");
    assertThat(driver.queueDepth()).isEqualTo(32);
    Random random = new Random(irq);
    for (int round = 0; round < ROUNDS; round++) {
      byte[][] data = new byte[32][CHUNK];
      int first = random.nextInt(32) * 32;
      for (int tag = 0; tag < 32; tag++) {
        random.nextBytes(data[tag]);
        fill(guest, BUFFERS + (long) tag * CHUNK, data[tag]);
        long offset = (long) (first + tag) * CHUNK;
        driver.submit(tag, Operation.WRITE, offset, BUFFERS + (long) tag * CHUNK, CHUNK);
      }
      guest.complete(driver, irq, eventfd, 32, (tag, status) -> assertThat(status).isZero());
      for (int tag = 0; tag < 32; tag++) {
        fill(guest, BUFFERS + (long) tag * CHUNK, new byte[CHUNK]);
        long offset = (long) (first + tag) * CHUNK;
        driver.submit(tag, Operation.READ, offset, BUFFERS + (long) tag * CHUNK, CHUNK);
      }
      guest.complete(driver, irq, eventfd, 32, (tag, status) -> assertThat(status).isZero());
      for (int tag = 0; tag < 32; tag++) {
        assertThat(dump(guest, BUFFERS + (long) tag * CHUNK, CHUNK)).isEqualTo(data[tag]);
      }
    }
    driver.submit(0, Operation.FLUSH, 0, 0, 0);
    guest.complete(driver, irq, eventfd, 1, (tag, status) -> assertThat(status).isZero());
  }

  @ParameterizedTest
  @ValueSource(ints = {INTX, MSI})
  @DisplayName("Queued reads and writes on an image file, with INTx and with MSI")
  void imageFile(int irq, @TempDir Path directory) throws Exception {
    Path path = directory.resolve("disk.img");
    Files.write(path, new byte[(int) Guest.DISK_BYTES]);
    ImageOptions options = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);
    try (Guest guest = new Guest(() -> RawImage.open(path.toString(), options)).up();
        EventNotifier eventfd = new EventNotifier()) {
      guest.enable(irq, eventfd);
      writeAndRead(guest, irq, eventfd);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {INTX, MSI})
  @DisplayName("The same on a disk that completes at once, within the register access")
  void ramDisk(int irq) {
    try (Guest guest = new Guest().up();
        EventNotifier eventfd = new EventNotifier()) {
      guest.enable(irq, eventfd);
      writeAndRead(guest, irq, eventfd);
    }
  }

  @Test
  @DisplayName("A disk of 5 TiB is read and written at its end (48-bit LBA)")
  void terabytes() {
    long size = 5L << 40;
    try (Guest guest = new Guest(() -> Guest.ramDisk(size)).up();
        EventNotifier eventfd = new EventNotifier()) {
      guest.enable(MSI, eventfd);
      AhciDriver driver = guest.driver();
      assertThat(driver.capacityBytes()).isEqualTo(size);
      guest.memory.writeLong(BUFFERS, 0x0102_0304_0506_0708L);
      driver.submit(0, Operation.WRITE, size - 512, BUFFERS, 512);
      guest.complete(driver, MSI, eventfd, 1, (tag, status) -> assertThat(status).isZero());
      guest.memory.writeLong(BUFFERS, 0);
      driver.submit(0, Operation.READ, size - 512, BUFFERS, 512);
      guest.complete(driver, MSI, eventfd, 1, (tag, status) -> assertThat(status).isZero());
      assertThat(guest.memory.readLong(BUFFERS)).isEqualTo(0x0102_0304_0506_0708L);
      driver.submit(0, Operation.READ, size, BUFFERS, 512);
      guest.complete(driver, MSI, eventfd, 1, (tag, status) -> assertThat(status).isNotZero());
    }
  }

  @Test
  @DisplayName("Register reads are answered while every slot's I/O is stuck")
  void readsDoNotWait() {
    try (Guest guest = new Guest().up();
        EventNotifier eventfd = new EventNotifier()) {
      guest.enable(MSI, eventfd);
      AhciDriver driver = guest.driver();
      guest.onMainLoop(guest.ramDisk()::hold);
      for (int tag = 0; tag < 32; tag++) {
        driver.submit(tag, Operation.READ, tag * 512L, BUFFERS + tag * 512L, 512);
      }
      for (int i = 0; i < 1000; i++) {
        assertThat(driver.port().read(AhciRegisters.PX_SACT)).isEqualTo(-1);
        assertThat(guest.client.read(REGION_CONFIG, 0, 4)).isEqualTo(0x2922_8086L);
      }
      guest.onMainLoop(() -> {
        assertThat(guest.ramDisk().heldCount()).isEqualTo(32);
        guest.ramDisk().stopHolding();
        guest.ramDisk().releaseAll();
      });
      guest.complete(driver, MSI, eventfd, 32, (tag, status) -> assertThat(status).isZero());
    }
  }

  @Test
  @DisplayName("Memory that comes and goes under load disturbs no request")
  void mapAndUnmapUnderLoad(@TempDir Path directory) throws Exception {
    Path path = directory.resolve("disk.img");
    Files.write(path, new byte[(int) Guest.DISK_BYTES]);
    ImageOptions options = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);
    try (Guest guest = new Guest(() -> RawImage.open(path.toString(), options)).up();
        EventNotifier eventfd = new EventNotifier()) {
      guest.enable(MSI, eventfd);
      AhciDriver driver = guest.driver();
      long before = OpenFiles.count();
      long other = 0x1_0000_0000L;
      for (int round = 0; round < 200; round++) {
        assertThat(guest.client.dmaMap(other, 0x10_0000, 0x30_0000, Guest.READ_WRITE, guest.memfd))
            .isZero();
        for (int tag = 0; tag < 32; tag++) {
          long buffer = (tag % 2 == 0 ? other : BUFFERS) + (long) tag * CHUNK;
          driver.submit(tag, Operation.WRITE, (long) tag * CHUNK, buffer, CHUNK);
        }
        assertThat(guest.client.dmaUnmap(other, 0x10_0000, 0)).isZero();
        guest.complete(driver, MSI, eventfd, 32, (tag, status) -> assertThat(status).isZero());
      }
      assertThat(OpenFiles.count()).isEqualTo(before);
    }
  }

  @Test
  @DisplayName("A read-only image: writes fail as on a write-protected medium, reads go on")
  void readOnly(@TempDir Path directory) throws Exception {
    Path path = directory.resolve("disk.img");
    Files.write(path, new byte[1 << 20]);
    ImageOptions options = ImageOptions.READ_ONLY.withCache(CacheMode.WRITEBACK);
    try (Guest guest = new Guest(() -> RawImage.open(path.toString(), options)).up();
        EventNotifier eventfd = new EventNotifier()) {
      guest.enable(MSI, eventfd);
      AhciDriver driver = guest.driver();
      assertThat(driver.identity().trim()).isFalse();
      driver.submit(0, Operation.WRITE, 0, BUFFERS, 512);
      guest.complete(driver, MSI, eventfd, 1, (tag, status) -> assertThat(status).isEqualTo(0x44));
      driver.submit(0, Operation.READ, 0, BUFFERS, 512);
      guest.complete(driver, MSI, eventfd, 1, (tag, status) -> assertThat(status).isZero());
      driver.submit(0, Operation.FLUSH, 0, 0, 0);
      guest.complete(driver, MSI, eventfd, 1, (tag, status) -> assertThat(status).isZero());
    }
  }
}
