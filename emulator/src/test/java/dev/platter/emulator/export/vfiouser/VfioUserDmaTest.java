package dev.platter.emulator.export.vfiouser;

import static dev.platter.emulator.export.vfiouser.Guest.MSI;
import static dev.platter.emulator.export.vfiouser.Guest.RAM_BYTES;
import static dev.platter.emulator.export.vfiouser.Guest.READ_WRITE;
import static dev.platter.emulator.export.vfiouser.VfioUserClient.REGION_CONFIG;
import static dev.platter.emulator.export.vfiouser.VfioUserClient.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.sys.BusErrorGuard;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import dev.platter.devices.ahci.AhciRegisters;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.AhciDriver;
import dev.platter.devices.testkit.RamDisk;
import dev.platter.emulator.export.OpenFiles;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** "VFIO_USER_DMA_MAP" and "VFIO_USER_DMA_UNMAP". */
class VfioUserDmaTest {
  private static final int ALL = 2;
  private static final int READ_ONLY = 1;
  private static final int MAX_MAPS = 65_535;
  private static final long BUFFER = 0x20_0000;
  private static final long OTHER = 0x8000_0000L;

  @ParameterizedTest
  @CsvSource({
    "0, 0, 0x1000, 0x1000, 22", // neither readable nor writable
    "7, 0, 0x1000, 0x1000, 22", // a flag that is none
    "3, 0, 0x1000, 0, 22",
    "3, 0, 0x1000, -4096, 22",
    "3, 0, 0x1000, 0x1001, 22", // no whole pages
    "3, 0, 0x1001, 0x1000, 22",
    "3, 0x10, 0x1000, 0x1000, 22",
    "3, -4096, 0x1000, 0x1000, 22",
    "3, 0, -4096, 0x1000, 22", // beyond 2^63
    "3, 0, 0x7ffffffffffff000, 0x1000, 22",
    "3, 0, 0x1000, 0x801000, 22", // longer than its file
    "3, 0x800000, 0x1000, 0x1000, 22",
    "3, 0x7ffffffffffff000, 0x1000, 0x1000, 22"
  })
  @DisplayName("DMA_MAP: a range that makes no sense is refused, and its descriptor closed")
  void refused(int flags, String offset, String address, String size, int errno) {
    try (Guest guest = new Guest()) {
      guest.client.negotiate();
      long before = OpenFiles.count();
      assertThat(
              guest.client.dmaMap(
                  Long.decode(address), Long.decode(size), Long.decode(offset), flags, guest.memfd))
          .isEqualTo(errno);
      assertThat(OpenFiles.count()).isEqualTo(before);
      assertThat(guest.deviceMemory.regions()).isEmpty();
    }
  }

  @Test
  @DisplayName("DMA_MAP: descriptors that cannot be mapped, two of them, a message too short")
  void badDescriptors() {
    try (Guest guest = new Guest();
        EventNotifier eventfd = new EventNotifier()) {
      guest.client.negotiate();
      long before = OpenFiles.count();
      assertThat(guest.client.dmaMap(0, 0x1000, 0, READ_WRITE, eventfd.fd()))
          .isEqualTo(Errno.EINVAL);
      assertThat(guest.client.dmaMap(0, 0x1000, 0, READ_WRITE, guest.memfd, guest.memfd))
          .isEqualTo(Errno.EINVAL);
      assertThat(guest.client.call(VfioUserCommand.DMA_MAP, new byte[31], guest.memfd).errno())
          .isEqualTo(Errno.EINVAL);
      assertThat(OpenFiles.count()).isEqualTo(before);
    }
  }

  @Test
  @DisplayName("DMA_MAP: over an existing range is EEXIST, beside it is not")
  void overlap() {
    try (Guest guest = new Guest()) {
      guest.client.negotiate();
      assertThat(guest.client.dmaMap(0x2000, 0x2000, 0, READ_WRITE, guest.memfd)).isZero();
      for (long address : new long[] {0x1000, 0x2000, 0x3000}) {
        assertThat(guest.client.dmaMap(address, 0x2000, 0, READ_WRITE, guest.memfd))
            .isEqualTo(Errno.EEXIST);
      }
      assertThat(guest.client.dmaMap(0, 0x2000, 0, READ_WRITE)).as("without a file").isZero();
      assertThat(guest.client.dmaMap(0, 0x1000, 0, READ_WRITE, guest.memfd))
          .isEqualTo(Errno.EEXIST);
      assertThat(guest.client.dmaMap(0x4000, 0x2000, 0x1000, READ_WRITE, guest.memfd)).isZero();
      assertThat(guest.deviceMemory.regions()).hasSize(2);
    }
  }

  @Test
  @DisplayName("VFIO_USER_VERSION, max_dma_maps: so many pages of a file, and one more is refused")
  void tooMany() throws IOException {
    try (Guest guest = new Guest()) {
      Object told = guest.client.negotiate(1, "{}").get("max_dma_maps");
      assertThat(told).isEqualTo(MAX_MAPS);
      long pages = RAM_BYTES / 0x1000;
      for (long i = 0; i < MAX_MAPS; i++) {
        long offset = i % pages * 0x1000;
        assertThat(guest.client.dmaMap(i * 0x2000, 0x1000, offset, READ_WRITE, guest.memfd))
            .isZero();
      }
      assertThat(mappings("guest-ram")).as("the guest's and ours").isEqualTo(2);
      assertThat(guest.deviceMemory.hostAddress(0x2000L * (MAX_MAPS - 1), 0x1000)).isPositive();
      assertThat(guest.client.dmaMap(0x1000, 0x1000, 0, READ_WRITE)).isEqualTo(Errno.ENOSPC);
      assertThat(guest.client.dmaUnmap(0x4000, 0x1000, 0)).isZero();
      assertThat(guest.deviceMemory.contains(0x4000, 1)).isFalse();
      assertThat(guest.deviceMemory.contains(0x6000, 1)).isTrue();
      assertThat(guest.client.dmaMap(0x1000, 0x1000, 0, READ_WRITE)).isZero();
      assertThat(guest.client.dmaUnmap(0, 0, ALL)).isZero();
      assertThat(mappings("guest-ram")).as("the guest's").isOne();
      assertThat(guest.client.dmaMap(OTHER, 0x1000, 0, READ_WRITE, guest.memfd)).isZero();
    }
  }

  private static long mappings(String file) throws IOException {
    try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
      return maps.filter(line -> line.contains("memfd:" + file)).count();
    }
  }

  @Test
  @DisplayName("Files are mapped up to a bound, which keeps a client from using up the process's")
  void tooManyFiles() throws IOException {
    try (Guest guest = new Guest()) {
      guest.client.negotiate();
      for (int i = 0; i < ClientFiles.MAX_MAPPINGS; i++) {
        assertThat(mapNewFile(guest, i)).isZero();
      }
      assertThat(mapNewFile(guest, ClientFiles.MAX_MAPPINGS)).isEqualTo(Errno.ENOSPC);
      assertThat(guest.client.dmaUnmap(0x5000, 0x1000, 0)).isZero();
      assertThat(mapNewFile(guest, ClientFiles.MAX_MAPPINGS)).isZero();
      guest.leave();
      assertThat(mappings("lent")).isZero();
    }
  }

  @Test
  @DisplayName(
      "Files are mapped up to guest-memory= bytes, which is told; unmapped ones do not count")
  void tooMuchMemory() throws IOException {
    try (Guest guest = new Guest(() -> Guest.ramDisk(Guest.DISK_BYTES), 0x5000)) {
      guest.client.negotiate();
      assertThat(mapNewFile(guest, 0, 0x3000)).isZero();
      assertThat(mapNewFile(guest, 1, 0x3000)).as("a page of three").isEqualTo(Errno.ENOSPC);
      assertThat(mapNewFile(guest, 1, 0x2000)).isZero();
      assertThat(mapNewFile(guest, 2, 0x1000)).isEqualTo(Errno.ENOSPC);
      assertThat(guest.client.dmaMap(0x9000, 0x1000, 0, READ_WRITE)).as("no file").isZero();
      assertThat(guest.client.dmaUnmap(0, 0x1000, 0)).isZero();
      assertThat(mapNewFile(guest, 2, 0x3000)).isZero();
      assertThat(guest.events).hasSize(2);
      assertThat(guest.events.getFirst())
          .contains(
              "DMA_MAP, error=ENOSPC",
              "12288 bytes more than the 12288 bytes that the client lends already",
              "20480 bytes that it may lend",
              "guest-memory=");
      guest.leave();
      assertThat(mappings("lent")).isZero();
      guest.connect().negotiate();
      assertThat(mapNewFile(guest, 0, 0x5000)).isZero();
      assertThat(mapNewFile(guest, 1, 1L << 45)).as("32 TiB").isEqualTo(Errno.ENOSPC);
    }
  }

  private static int mapNewFile(Guest guest, int index) {
    return mapNewFile(guest, index, 0x1000);
  }

  /** Maps a page of a file. */
  private static int mapNewFile(Guest guest, int index, long fileBytes) {
    int file = Libc.memfdCreate("lent", LinuxAbi.MFD_CLOEXEC | LinuxAbi.MFD_ALLOW_SEALING);
    assertThat(Libc.ftruncate(file, fileBytes)).isZero();
    try {
      return guest.client.dmaMap(index * 0x1000L, 0x1000, 0, READ_WRITE, file);
    } finally {
      Libc.close(file);
    }
  }

  @Test
  @DisplayName("DMA_MAP of a file that has grown since: the new part is reached, the old one stays")
  void grownFile() {
    int file = Libc.memfdCreate("grows", LinuxAbi.MFD_CLOEXEC | LinuxAbi.MFD_ALLOW_SEALING);
    try (Guest guest = new Guest()) {
      Libc.ftruncate(file, 0x1000);
      guest.client.negotiate();
      assertThat(guest.client.dmaMap(0, 0x1000, 0, READ_WRITE, file)).isZero();
      assertThat(guest.client.dmaMap(0x1000, 0x1000, 0x1000, READ_WRITE, file))
          .isEqualTo(Errno.EINVAL);
      Libc.ftruncate(file, 0x3000);
      assertThat(guest.client.dmaMap(0x1000, 0x2000, 0x1000, READ_WRITE, file)).isZero();
      assertThat(guest.client.dmaUnmap(0x1000, 0x2000, 0)).isZero();
      assertThat(guest.deviceMemory.writeLong(0, 5)).isTrue();
      assertThat(guest.client.dmaMap(0x1000, 0x1000, 0, READ_WRITE, file)).isZero();
      assertThat(guest.deviceMemory.readLong(0x1000)).isEqualTo(5);
    } finally {
      Libc.close(file);
    }
  }

  @Test
  @DisplayName("DMA_MAP flags: a descriptor for reading will do for memory that is only read")
  void readOnlyDescriptor() throws IOException {
    try (Guest guest = new Guest().up();
        EventNotifier irq = new EventNotifier()) {
      int readable = Libc.open("/proc/self/fd/" + guest.memfd, LinuxAbi.O_RDONLY, 0);
      assertThat(guest.client.dmaMap(OTHER, 0x1000, 0x1000, READ_WRITE, readable))
          .isEqualTo(Errno.EACCES);
      assertThat(guest.client.dmaMap(OTHER, 0x1000, 0x1000, READ_ONLY, readable)).isZero();
      Libc.close(readable);
      guest.memory.writeLong(0x1000, 0x1122_3344);
      guest.enable(MSI, irq);
      AhciDriver driver = guest.driver();
      driver.submit(0, Operation.WRITE, 0, OTHER, 512);
      guest.complete(driver, MSI, irq, 1, (tag, status) -> assertThat(status).isZero());
      assertThat(guest.ramDisk().peek(0, 4)).containsExactly(0x44, 0x33, 0x22, 0x11);
    }
  }

  @Test
  @DisplayName(
      "Each reason that messages are refused for is told once for a client, and five at most")
  void refusalsAreTold() {
    try (Guest guest = new Guest()) {
      for (int client = 1; client <= 2; client++) {
        guest.client.negotiate();
        for (int i = 0; i < 3; i++) {
          assertThat(guest.client.dmaMap(0x1001, 0x1000, 0, READ_WRITE)).isEqualTo(Errno.EINVAL);
          assertThat(guest.client.dmaUnmap(0x1000, 0x1000, 0)).isEqualTo(Errno.ENOENT);
          for (int command = 100; command < 110; command++) {
            guest.client.receive(guest.client.send(command, 0, new byte[0]), command);
          }
        }
        assertThat(guest.events)
            .hasSize(2 + 5)
            .startsWith(
                "message-refused{message=DMA_MAP, error=EINVAL, reason=it is not made of whole"
                    + " pages below 2^63}",
                "message-refused{message=DMA_UNMAP, error=ENOENT, reason=there is no such range}",
                "message-refused{message=unknown, error=EOPNOTSUPP, reason=there is no command"
                    + " 100}");
        guest.events.clear();
        guest.leave();
        guest.connect();
      }
    }
  }

  @Test
  @DisplayName("DMA_UNMAP: exactly a mapped range, answered with it; or all at once")
  void unmap() {
    try (Guest guest = new Guest()) {
      guest.client.negotiate();
      assertThat(guest.client.dmaMap(0x2000, 0x2000, 0, READ_WRITE, guest.memfd)).isZero();
      assertThat(guest.client.dmaMap(0x8000, 0x1000, 0, READ_WRITE, guest.memfd)).isZero();
      assertThat(guest.client.dmaUnmap(0x2000, 0x1000, 0)).isEqualTo(Errno.ENOENT);
      assertThat(guest.client.dmaUnmap(0x3000, 0x1000, 0)).isEqualTo(Errno.ENOENT);
      assertThat(guest.client.dmaUnmap(0x2000, 0x2000, 1)).isEqualTo(Errno.EOPNOTSUPP);
      assertThat(guest.client.dmaUnmap(0x2000, 0, ALL)).isEqualTo(Errno.EINVAL);
      byte[] request = payload(24, 0, 0x2000L, 0x2000L);
      assertThat(guest.client.call(VfioUserCommand.DMA_UNMAP, request).payload().array())
          .isEqualTo(request);
      assertThat(guest.client.dmaUnmap(0x2000, 0x2000, 0)).isEqualTo(Errno.ENOENT);
      assertThat(guest.deviceMemory.regions()).hasSize(1);
      assertThat(guest.client.dmaUnmap(0, 0, ALL)).isZero();
      assertThat(guest.deviceMemory.regions()).isEmpty();
      assertThat(guest.client.call(VfioUserCommand.DMA_UNMAP, payload(20, 0, 0L, 0L)).errno())
          .isEqualTo(Errno.EINVAL);
    }
  }

  @Test
  @DisplayName("DMA_UNMAP of a range with several in it, as of an IOMMU that is turned off: all go")
  void unmapSeveral() {
    try (Guest guest = new Guest()) {
      guest.client.negotiate();
      for (long page = 1; page <= 300; page++) {
        assertThat(guest.client.dmaMap(page * 0x2000, 0x1000, 0, READ_WRITE, guest.memfd)).isZero();
      }
      assertThat(guest.client.dmaMap(OTHER, 0x4000, 0, READ_WRITE, guest.memfd)).isZero();
      assertThat(guest.client.dmaUnmap(0, OTHER + 0x1000, 0)).as("cut").isEqualTo(Errno.ENOENT);
      assertThat(guest.client.dmaUnmap(OTHER + 0x1000, -OTHER - 0x1000, 0))
          .as("cut")
          .isEqualTo(Errno.ENOENT);
      assertThat(guest.client.dmaUnmap(OTHER, -OTHER + 0x1000, 0))
          .as("wraps")
          .isEqualTo(Errno.ENOENT);
      assertThat(guest.deviceMemory.ranges()).isEqualTo(301);
      assertThat(guest.client.dmaUnmap(0x4000, OTHER - 0x4000, 0)).isZero();
      assertThat(guest.deviceMemory.ranges()).isEqualTo(2);
      assertThat(guest.client.dmaUnmap(0x4000, -0x4000, 0)).as("up to 2^64").isZero();
      assertThat(guest.deviceMemory.ranges()).isOne();
      assertThat(guest.client.dmaMap(0x3000, 0x8000, 0, READ_WRITE, guest.memfd)).isZero();
    }
  }

  @Test
  @DisplayName("Memory without a file is outside RAM: a command that uses it is a host bus error")
  void withoutFile() {
    try (Guest guest = new Guest().up();
        EventNotifier irq = new EventNotifier()) {
      assertThat(guest.client.dmaMap(OTHER, 0x1000, 0, READ_WRITE)).isZero();
      guest.enable(MSI, irq);
      AhciDriver driver = guest.driver();
      List<Integer> statuses = new ArrayList<>();
      driver.submit(0, Operation.READ, 0, OTHER, 512);
      guest.complete(driver, MSI, irq, 1, (tag, status) -> statuses.add(status));
      assertThat(statuses).containsExactly(AhciDriver.HOST_ERROR);
      driver.submit(0, Operation.READ, 0, BUFFER, 512);
      guest.complete(driver, MSI, irq, 1, (tag, status) -> assertThat(status).isZero());
    }
  }

  @Test
  @DisplayName("DMA_MAP flags: the device reads memory that is not writable, and never writes it")
  void readOnly() {
    try (Guest guest = new Guest().up();
        EventNotifier irq = new EventNotifier()) {
      assertThat(guest.client.dmaMap(OTHER, 0x1000, 0x1000, READ_ONLY, guest.memfd)).isZero();
      guest.memory.writeLong(0x1000, 0x1122_3344);
      guest.enable(MSI, irq);
      AhciDriver driver = guest.driver();
      List<Integer> statuses = new ArrayList<>();
      driver.submit(0, Operation.WRITE, 0, OTHER, 512);
      guest.complete(driver, MSI, irq, 1, (tag, status) -> statuses.add(status));
      driver.submit(0, Operation.READ, 512, OTHER, 512);
      guest.complete(driver, MSI, irq, 1, (tag, status) -> statuses.add(status));
      assertThat(statuses).containsExactly(0, AhciDriver.HOST_ERROR);
      assertThat(guest.memory.readLong(0x1000)).isEqualTo(0x1122_3344);
      assertThat(guest.ramDisk().peek(0, 4)).containsExactly(0x44, 0x33, 0x22, 0x11);
      // FISes are not written there either.
      driver.port().stop();
      driver.port().write(AhciRegisters.PX_FB, (int) OTHER);
      driver.port().start();
      driver.submit(0, Operation.READ, 512, BUFFER, 512);
      assertThat(driver.port().read(AhciRegisters.PX_IS) & AhciRegisters.IS_HBFS).isNotZero();
    }
  }

  @Test
  @DisplayName("A client that truncates its memory loses its connection, and nothing else happens")
  void truncated() throws Exception {
    assumeTrue(BusErrorGuard.isAvailable());
    int file = unsealable();
    try (Guest guest = new Guest();
        EventNotifier irq = new EventNotifier()) {
      guest.client.negotiate();
      assertThat(guest.client.dmaMap(0, RAM_BYTES, 0, READ_WRITE, guest.memfd)).isZero();
      assertThat(guest.client.dmaMap(OTHER, 0x2000, 0, READ_WRITE, file)).isZero();
      guest.enable(MSI, irq);
      AhciDriver driver = guest.driver();
      assertThat(Libc.ftruncate(file, 0)).isZero();
      driver.port().stop();
      driver.port().write(AhciRegisters.PX_CLB, (int) OTHER);
      driver.port().write(AhciRegisters.PX_FB, (int) OTHER + 0x1000);
      driver.port().start();
      driver.port().write(AhciRegisters.PX_CI, 1);
      assertThat(guest.end()).contains("truncated");
      guest.client.close();
      guest.connect();
      guest.up();
      guest.enable(MSI, irq);
      guest.signals(irq);
      AhciDriver again = guest.driver();
      again.submit(0, Operation.READ, 0, BUFFER, 512);
      guest.complete(again, MSI, irq, 1, (tag, status) -> assertThat(status).isZero());
    } finally {
      Libc.close(file);
    }
  }

  private static int unsealable() throws IOException {
    Path path = Files.createTempFile("platter", ".ram");
    int fd = Libc.open(path.toString(), LinuxAbi.O_RDWR, 0);
    Files.delete(path);
    Libc.ftruncate(fd, 0x2000);
    return fd;
  }

  @Test
  @DisplayName("Client Disconnection: memory, eventfds and the state of the device go with it")
  void disconnect() {
    try (Guest guest = new Guest()) {
      long before = OpenFiles.count();
      try (EventNotifier irq = new EventNotifier()) {
        guest.up();
        guest.enable(MSI, irq);
        AhciDriver driver = guest.driver();
        driver.submit(0, Operation.READ, 0, BUFFER, 512);
        guest.complete(driver, MSI, irq, 1, (tag, status) -> assertThat(status).isZero());
        guest.client.close();
        assertThat(guest.end()).isEmpty();
        assertThat(guest.deviceMemory.regions()).isEmpty();
      }
      assertThat(OpenFiles.count()).isEqualTo(before - 2);
      guest.connect().negotiate();
      assertThat(guest.client.read(REGION_CONFIG, 4, 2)).isZero();
      assertThat(guest.client.load32(VfioUserClient.BAR + AhciRegisters.GHC))
          .isEqualTo(AhciRegisters.GHC_AE);
      assertThat(guest.client.load32(VfioUserClient.BAR + 0x100)).as("PxCLB").isZero();
    }
  }

  @Test
  @DisplayName(
      "Client Disconnection: memory and eventfds go also if the device meets a bug of ours")
  void disconnectWithABug() throws IOException {
    AtomicBoolean bug = new AtomicBoolean();
    RamDisk disk = Guest.ramDisk(Guest.DISK_BYTES);
    BlockBackend fragile =
        (BlockBackend)
            Proxy.newProxyInstance(
                BlockBackend.class.getClassLoader(),
                new Class<?>[] {BlockBackend.class},
                (_, method, arguments) -> {
                  if (bug.get() && method.getName().equals("sizeBytes")) {
                    throw new IllegalStateException("planted");
                  }
                  return method.invoke(disk, arguments);
                });
    try (Guest guest = new Guest(() -> fragile);
        EventNotifier irq = new EventNotifier()) {
      guest.up();
      guest.enable(MSI, irq);
      long before = OpenFiles.count();
      bug.set(true);
      guest.client.close();
      assertThatThrownBy(guest::end).hasMessage("the session died");
      assertThat(guest.deviceMemory.regions()).isEmpty();
      assertThat(mappings("guest-ram")).as("the guest's").isOne();
      assertThat(OpenFiles.count()).as("and the connection's two ends").isEqualTo(before - 3);
      bug.set(false);
      guest.connect();
      guest.up();
      guest.enable(MSI, irq);
      guest.driver();
    }
  }

  @Test
  @DisplayName("The device cannot be closed under a client's feet, and closes twice without harm")
  void close() {
    try (Guest guest = new Guest().up()) {
      guest.leave();
      guest.session.close();
      guest.session.close();
      assertThatThrownBy(() -> guest.client.load32(VfioUserClient.BAR))
          .isInstanceOf(java.io.UncheckedIOException.class);
    }
  }
}
