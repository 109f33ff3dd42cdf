package dev.platter.emulator.export.vfiouser;

import static dev.platter.emulator.export.vfiouser.MadeUpFunction.BEGIN;
import static dev.platter.emulator.export.vfiouser.MadeUpFunction.DMA_ADDRESS;
import static dev.platter.emulator.export.vfiouser.MadeUpFunction.DMA_DATA;
import static dev.platter.emulator.export.vfiouser.MadeUpFunction.MEMORY_BYTES;
import static dev.platter.emulator.export.vfiouser.MadeUpFunction.RING;
import static dev.platter.emulator.export.vfiouser.ServedFunction.RAM_BYTES;
import static dev.platter.emulator.export.vfiouser.ServedFunction.READ_WRITE;
import static dev.platter.emulator.export.vfiouser.ServedFunction.SET_EVENTFD;
import static dev.platter.emulator.export.vfiouser.VfioUserClient.REGION_CONFIG;
import static dev.platter.emulator.export.vfiouser.VfioUserClient.ints;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.sys.Errno;
import dev.platter.devices.pci.PciVectors;
import dev.platter.emulator.export.OpenFiles;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/**
 * A device that is made up here is served as any other: all that is known of it is its contract.
 */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class VfioUserFunctionTest {
  private static final int INTX = 0;
  private static final int MSI = 1;
  private static final int MSIX = 2;
  private static final int NONE = 1;
  private static final int BOOL = 2;
  private static final int MASK = 8;
  private static final int UNMASK = 16;
  private static final int TRIGGER = 32;
  private static final byte[] NO_DATA = {};
  private static final int COMMAND = 4;
  private static final int MEMORY_AND_MASTER = 6;

  private final EventNotifier[] bells =
      Stream.generate(EventNotifier::new).limit(4).toArray(EventNotifier[]::new);

  @AfterEach
  void closeBells() {
    for (EventNotifier bell : bells) {
      bell.close();
    }
  }

  private static MadeUpFunction withMsix() {
    return new MadeUpFunction(new PciVectors(0, 0, 3));
  }

  private static MadeUpFunction withMsi() {
    return new MadeUpFunction(new PciVectors(1, 4, 0));
  }

  private static ServedFunction serve(MadeUpFunction function) {
    ServedFunction served = new ServedFunction(mainLoop -> function, Long.MAX_VALUE);
    served.client.negotiate();
    return served;
  }

  private static void enableMsix(VfioUserClient client) {
    assertThat(client.write(REGION_CONFIG, COMMAND, 2, MEMORY_AND_MASTER)).isZero();
    assertThat(client.write(REGION_CONFIG, MadeUpFunction.MSIX + 2, 2, 0x8000)).isZero();
  }

  private static void ring(VfioUserClient client, int vector) {
    assertThat(client.write(0, RING, 4, vector)).isZero();
  }

  /** How often each of the eventfds has been signalled since it was asked. */
  private long[] signals(ServedFunction served) {
    return Stream.of(bells).mapToLong(served::signals).toArray();
  }

  @Test
  @DisplayName("PCI 6.1, 6.2.5.1, 6.7: identity, the sizes of two BARs, and the capability")
  void configuration() {
    try (ServedFunction served = serve(withMsix())) {
      VfioUserClient client = served.client;
      assertThat(client.read(REGION_CONFIG, 0, 4)).isEqualTo(0x0102_abcdL);
      for (int bar = 0; bar < 6; bar++) {
        assertThat(client.write(REGION_CONFIG, 0x10 + 4 * bar, 4, -1)).isZero();
        long size = bar == 0 ? 0xffff_0000L : bar == 2 ? 0xffff_ffe1L : 0;
        assertThat(client.read(REGION_CONFIG, 0x10 + 4 * bar, 4)).isEqualTo(size);
      }
      int capability = (int) client.read(REGION_CONFIG, 0x34, 1);
      assertThat(client.read(REGION_CONFIG, capability, 4)).isEqualTo(0x0002_0011L);
      assertThat(client.regionRead(REGION_CONFIG, 0, 256).int32(16 + 4)).isEqualTo(0x10_0000);
    }
  }

  @Test
  @DisplayName("VFIO_USER_DEVICE_GET_REGION_INFO: the function's BARs and configuration space")
  void regions() {
    try (ServedFunction served = serve(withMsix())) {
      int[] sizes = {MEMORY_BYTES, 0, MadeUpFunction.PORT_BYTES, 0, 0, 0, 0, 256, 0};
      for (int region = 0; region < sizes.length; region++) {
        byte[] request = ints(32, 0, region, 0, 0, 0, 0, 0);
        int size = sizes[region];
        assertThat(
                served
                    .client
                    .call(VfioUserCommand.DEVICE_GET_REGION_INFO, request)
                    .payload()
                    .array())
            .isEqualTo(ints(32, size == 0 ? 0 : 3, region, 0, size, 0, 0, 0));
      }
    }
  }

  @Test
  @DisplayName("VFIO_USER_REGION_READ, _WRITE: 1 to 8 bytes of either BAR; the rest is in pieces")
  void accesses() {
    MadeUpFunction function = withMsix();
    try (ServedFunction served = serve(function)) {
      VfioUserClient client = served.client;
      assertThat(client.write(0, 0x1000, 8, 0x1122_3344_5566_7788L)).isZero();
      assertThat(client.read(0, 0x1000, 8)).isEqualTo(0x1122_3344_5566_7788L);
      assertThat(client.read(0, 0x1004, 4)).isEqualTo(0x1122_3344);
      assertThat(client.write(2, 2, 2, 0xabcd)).isZero();
      assertThat(client.read(2, 3, 1)).isEqualTo(0xab);
      assertThat(function.accesses)
          .containsExactly(
              "BAR 0 store 8 at 0x1000",
              "BAR 0 load 8 at 0x1000",
              "BAR 0 load 4 at 0x1004",
              "BAR 2 store 2 at 0x2",
              "BAR 2 load 1 at 0x3");
      function.accesses.clear();
      assertThat(client.regionRead(0, 0x1001, 7).payload().get(16)).isEqualTo((byte) 0x77);
      assertThat(function.accesses)
          .containsExactly(
              "BAR 0 load 1 at 0x1001", "BAR 0 load 2 at 0x1002", "BAR 0 load 4 at 0x1004");
    }
  }

  @Test
  @DisplayName("Read and Write Operations: nothing outside a BAR, nor beyond max_data_xfer_size")
  void limits() {
    try (ServedFunction served = serve(withMsix())) {
      VfioUserClient client = served.client;
      assertThat(client.regionRead(0, MEMORY_BYTES - 8192, 8192).errno()).isZero();
      assertThat(client.regionRead(0, 0, 8193).errno()).isEqualTo(Errno.EINVAL);
      assertThat(client.regionRead(0, 0, MEMORY_BYTES).errno()).isEqualTo(Errno.EINVAL);
      assertThat(client.regionRead(0, MEMORY_BYTES, 1).errno()).isEqualTo(Errno.EINVAL);
      assertThat(client.write(2, 31, 2, 0)).isEqualTo(Errno.EINVAL);
      assertThat(client.regionRead(1, 0, 4).errno()).isEqualTo(Errno.EINVAL);
    }
  }

  private static void expectIrqs(ServedFunction served, int[] flags, int[] counts) {
    for (int index = 0; index < flags.length; index++) {
      byte[] request = ints(16, 0, index, 0);
      assertThat(served.client.call(VfioUserCommand.DEVICE_GET_IRQ_INFO, request).payload().array())
          .isEqualTo(ints(16, flags[index], index, counts[index]));
    }
  }

  @Test
  @DisplayName("VFIO_USER_DEVICE_GET_IRQ_INFO: as many as there are; MSI-X vectors come one by one")
  void irqInfo() {
    try (ServedFunction served = serve(withMsix())) {
      expectIrqs(served, new int[] {0, 0, 1, 9, 9}, new int[] {0, 0, 3, 1, 1});
    }
    try (ServedFunction served = serve(withMsi())) {
      expectIrqs(served, new int[] {7, 9, 0, 9, 9}, new int[] {1, 4, 0, 1, 1});
    }
  }

  @Test
  @DisplayName("PCI 6.8.2, VFIO_USER_DEVICE_SET_IRQS: three MSI-X vectors, each with its eventfd")
  void msixVectors() {
    try (ServedFunction served = serve(withMsix())) {
      VfioUserClient client = served.client;
      enableMsix(client);
      int[] fds = {bells[0].fd(), bells[1].fd(), bells[2].fd()};
      assertThat(client.setIrqs(MSIX, SET_EVENTFD, 0, 3, NO_DATA, fds)).isZero();
      ring(client, 2);
      assertThat(signals(served)).containsExactly(0, 0, 1, 0);
      ring(client, 0);
      ring(client, 0);
      assertThat(signals(served)).containsExactly(2, 0, 0, 0);
      ring(client, 1);
      assertThat(signals(served)).containsExactly(0, 1, 0, 0);
      ring(client, 3);
      ring(client, -1);
      assertThat(signals(served)).as("there are no such vectors").containsExactly(0, 0, 0, 0);

      assertThat(client.setIrqs(MSIX, SET_EVENTFD, 1, 1, NO_DATA, bells[3].fd())).isZero();
      ring(client, 1);
      ring(client, 2);
      assertThat(signals(served)).as("the others stay").containsExactly(0, 0, 1, 1);
    }
  }

  @Test
  @DisplayName("VFIO_USER_DEVICE_SET_IRQS: a range loses its eventfds; what was missed comes later")
  void deassignAndMiss() {
    try (ServedFunction served = serve(withMsix())) {
      VfioUserClient client = served.client;
      enableMsix(client);
      int[] fds = {bells[0].fd(), bells[1].fd(), bells[2].fd()};
      assertThat(client.setIrqs(MSIX, SET_EVENTFD, 0, 3, NO_DATA, fds)).isZero();
      assertThat(client.setIrqs(MSIX, SET_EVENTFD, 0, 2, NO_DATA)).isZero();
      for (int vector : new int[] {0, 0, 2}) {
        ring(client, vector);
      }
      assertThat(signals(served)).containsExactly(0, 0, 1, 0);
      assertThat(client.setIrqs(MSIX, SET_EVENTFD, 0, 2, NO_DATA, bells[0].fd(), bells[1].fd()))
          .isZero();
      assertThat(signals(served)).as("of its own vector alone").containsExactly(1, 0, 0, 0);
      assertThat(client.setIrqs(MSIX, NONE | TRIGGER, 0, 0, NO_DATA)).as("disable all").isZero();
      ring(client, 2);
      assertThat(signals(served)).containsExactly(0, 0, 0, 0);
    }
  }

  @Test
  @DisplayName("VFIO_USER_DEVICE_SET_IRQS: a client triggers those of a range that it names")
  void triggerRange() {
    try (ServedFunction served = serve(withMsix())) {
      VfioUserClient client = served.client;
      int[] fds = {bells[0].fd(), bells[1].fd(), bells[2].fd()};
      assertThat(client.setIrqs(MSIX, SET_EVENTFD, 0, 3, NO_DATA, fds)).isZero();
      assertThat(client.setIrqs(MSIX, BOOL | TRIGGER, 0, 3, new byte[] {1, 0, 1})).isZero();
      assertThat(signals(served)).containsExactly(1, 0, 1, 0);
      assertThat(client.setIrqs(MSIX, NONE | TRIGGER, 1, 2, NO_DATA)).isZero();
      assertThat(signals(served)).containsExactly(0, 1, 1, 0);
      assertThat(client.setIrqs(MSIX, BOOL | TRIGGER, 0, 3, new byte[] {1, 1}))
          .isEqualTo(Errno.EINVAL);
      assertThat(signals(served)).as("too few booleans").containsExactly(0, 0, 0, 0);
    }
  }

  @Test
  @DisplayName("VFIO_USER_DEVICE_SET_IRQS: too many vectors, too few descriptors, a mask of MSI-X")
  void refused() {
    try (ServedFunction served = serve(withMsix())) {
      VfioUserClient client = served.client;
      long before = OpenFiles.count();
      int bell = bells[0].fd();
      assertThat(client.setIrqs(MSIX, SET_EVENTFD, 2, 2, NO_DATA, bell, bell))
          .isEqualTo(Errno.EINVAL);
      assertThat(client.setIrqs(MSIX, SET_EVENTFD, 0, 3, NO_DATA, bell, bell))
          .isEqualTo(Errno.EINVAL);
      assertThat(client.setIrqs(INTX, SET_EVENTFD, 0, 1, NO_DATA, bell)).isEqualTo(Errno.EINVAL);
      assertThat(client.setIrqs(MSIX, NONE | MASK, 0, 3, NO_DATA)).isEqualTo(Errno.EOPNOTSUPP);
      assertThat(OpenFiles.count()).isEqualTo(before);
    }
  }

  @Test
  @DisplayName("PCI 6.8.1.3: four MSI messages, of which a guest may allocate fewer")
  void msiVectors() {
    try (ServedFunction served = serve(withMsi())) {
      VfioUserClient client = served.client;
      int[] fds = Stream.of(bells).mapToInt(EventNotifier::fd).toArray();
      assertThat(client.setIrqs(MSI, SET_EVENTFD, 0, 4, NO_DATA, fds)).isZero();
      client.write(REGION_CONFIG, COMMAND, 2, MEMORY_AND_MASTER);
      client.write(REGION_CONFIG, MadeUpFunction.MSI + 2, 2, 2 << 4 | 1);
      for (int vector = 0; vector < 4; vector++) {
        ring(client, vector);
        long[] expected = new long[4];
        expected[vector] = 1;
        assertThat(signals(served)).containsExactly(expected);
      }
      client.write(REGION_CONFIG, MadeUpFunction.MSI + 2, 2, 1 << 4 | 1);
      ring(client, 3);
      assertThat(signals(served)).as("two are allocated").containsExactly(0, 1, 0, 0);
      client.write(REGION_CONFIG, MadeUpFunction.MSI + 2, 2, 7 << 4 | 1);
      ring(client, 7);
      assertThat(signals(served)).as("more than there are").containsExactly(0, 0, 0, 1);
    }
  }

  @Test
  @DisplayName("INTx of the same function, as long as no message is enabled")
  void pin() {
    try (ServedFunction served = serve(withMsi())) {
      VfioUserClient client = served.client;
      assertThat(client.setIrqs(INTX, SET_EVENTFD, 0, 1, NO_DATA, bells[0].fd())).isZero();
      ring(client, 0);
      ring(client, 0);
      assertThat(signals(served)).containsExactly(1, 0, 0, 0);
      assertThat(client.setIrqs(INTX, NONE | UNMASK, 0, 1, NO_DATA)).isZero();
      assertThat(signals(served)).as("still up").containsExactly(1, 0, 0, 0);
      assertThat(client.reset()).isZero();
      assertThat(client.setIrqs(INTX, NONE | UNMASK, 0, 1, NO_DATA)).isZero();
      assertThat(signals(served)).as("down after a reset").containsExactly(0, 0, 0, 0);
    }
  }

  @Test
  @DisplayName("VFIO_USER_DMA_MAP, _UNMAP: memory is there, is reached by a master, and goes")
  void memory() {
    MadeUpFunction function = withMsix();
    try (ServedFunction served = serve(function)) {
      VfioUserClient client = served.client;
      client.write(REGION_CONFIG, COMMAND, 2, MEMORY_AND_MASTER);
      client.write(0, DMA_ADDRESS, 8, 0x4000);
      assertThat(client.read(0, DMA_DATA, 8)).as("nothing is mapped").isEqualTo(-1);
      served.mapRam();
      served.memory.writeLong(0x4000, 77);
      assertThat(client.read(0, DMA_DATA, 8)).isEqualTo(77);
      assertThat(client.write(0, DMA_DATA, 8, 78)).isZero();
      assertThat(served.memory.readLong(0x4000)).isEqualTo(78);
      client.write(REGION_CONFIG, COMMAND, 2, 2);
      assertThat(client.write(0, DMA_DATA, 8, 79)).isZero();
      assertThat(served.memory.readLong(0x4000)).as("PCI 6.2.2: no master").isEqualTo(78);
      client.write(REGION_CONFIG, COMMAND, 2, MEMORY_AND_MASTER);
      assertThat(function.removals).hasValue(0);
      assertThat(client.dmaUnmap(0, RAM_BYTES, 0)).isZero();
      assertThat(function.removals).hasValue(1);
      assertThat(client.read(0, DMA_DATA, 8)).isEqualTo(-1);
      assertThat(client.dmaUnmap(0, RAM_BYTES, 0)).isEqualTo(Errno.ENOENT);
      assertThat(client.dmaMap(0, RAM_BYTES, 0, READ_WRITE, served.memfd)).isZero();
      assertThat(client.dmaUnmap(0, 0, 2)).as("all").isZero();
      assertThat(function.removals).hasValue(2);
    }
  }

  @Test
  @DisplayName("VFIO_USER_DEVICE_RESET: the function is reset, and for each client once more")
  void reset() {
    MadeUpFunction function = withMsix();
    try (ServedFunction served = serve(function)) {
      assertThat(function.resets).hasValue(1);
      enableMsix(served.client);
      assertThat(served.client.reset()).isZero();
      assertThat(function.resets).hasValue(2);
      assertThat(served.client.read(REGION_CONFIG, COMMAND, 2)).isZero();
      assertThat(function.connected).isTrue();
      served.mapRam();
      served.leave();
      assertThat(function.connected).isFalse();
      assertThat(function.memory().regions()).isEmpty();
      assertThat(function.removals).hasValue(1);
      assertThat(function.resets).hasValue(3);
      served.connect().negotiate();
      assertThat(served.client.read(REGION_CONFIG, 0, 2)).isEqualTo(MadeUpFunction.VENDOR);
      assertThat(function.connected).isTrue();
    }
  }

  @Test
  @DisplayName("While its loop is suspended, registers answer and no request begins; the end waits")
  void suspendAndClose() {
    MadeUpFunction function = withMsix();
    try (ServedFunction served = serve(function)) {
      VfioUserClient client = served.client;
      enableMsix(client);
      assertThat(client.setIrqs(MSIX, SET_EVENTFD, 0, 1, NO_DATA, bells[0].fd())).isZero();
      served.mainLoop.suspend();
      assertThat(client.write(0, BEGIN, 4, 1)).isZero();
      assertThat(client.read(REGION_CONFIG, 0, 2)).isEqualTo(MadeUpFunction.VENDOR);
      assertThat(function.requests).hasValue(0);
      served.mainLoop.resume();
      assertThat(served.await(bells[0])).isEqualTo(1);
      assertThat(function.requests).hasValue(1);
    }
    assertThat(function.requests).hasValue(0);
    assertThat(function.closed).isTrue();
  }
}
