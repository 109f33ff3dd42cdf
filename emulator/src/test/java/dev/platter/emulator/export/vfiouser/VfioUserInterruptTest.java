package dev.platter.emulator.export.vfiouser;

import static dev.platter.emulator.export.vfiouser.Guest.INTX;
import static dev.platter.emulator.export.vfiouser.Guest.MSI;
import static dev.platter.emulator.export.vfiouser.Guest.SET_EVENTFD;
import static dev.platter.emulator.export.vfiouser.VfioUserClient.NO_REPLY;
import static dev.platter.emulator.export.vfiouser.VfioUserClient.REGION_CONFIG;
import static dev.platter.emulator.export.vfiouser.VfioUserClient.ints;
import static dev.platter.emulator.export.vfiouser.VfioUserClient.payload;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.loop.BigLock;
import dev.platter.aio.socket.ReceivedFds;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.AhciDriver;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.devices.pci.PciVectors;
import dev.platter.emulator.export.OpenFiles;
import dev.platter.emulator.export.PipeHolder;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** "VFIO_USER_DEVICE_GET_IRQ_INFO" and "VFIO_USER_DEVICE_SET_IRQS". */
class VfioUserInterruptTest {
  private static final int NONE = 1;
  private static final int BOOL = 2;
  private static final int EVENTFD = 4;
  private static final int MASK = 8;
  private static final int UNMASK = 16;
  private static final int TRIGGER = 32;
  private static final byte[] NO_DATA = {};

  private static void read(AhciDriver driver, int tag) {
    driver.submit(tag, Operation.READ, 0, 0x8_0000, 512);
  }

  private static int acknowledge(AhciDriver driver) {
    return driver.interrupt((tag, status) -> assertThat(status).isZero());
  }

  /** Closing its last descriptor waits for its lock, and this is done under the big lock. */
  @Test
  @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
  @DisplayName("SET_IRQS: a pipe whose lock its client holds is refused, and holds up nobody")
  void aPipeThatIsHeld() throws Exception {
    try (Guest guest = new Guest();
        PipeHolder holder = new PipeHolder()) {
      guest.client.negotiate();
      int pipe = holder.open();
      byte[] data = ints(20, EVENTFD | TRIGGER, MSI, 0, 1);
      guest.client.header(1, VfioUserCommand.DEVICE_SET_IRQS.code(), 16 + data.length, 0);
      guest.client.sendRaw(16, pipe); // whose handling waits for the rest
      Libc.close(pipe);
      holder.hold();
      MemorySegment rest = Arena.ofAuto().allocate(data.length);
      MemorySegment.copy(data, 0, rest, ValueLayout.JAVA_BYTE, 0, data.length);
      guest.client.connection().send(rest, 0, data.length);
      assertThat(guest.client.receive(1, VfioUserCommand.DEVICE_SET_IRQS.code()).errno())
          .isEqualTo(Errno.EINVAL);
      assertThat(guest.client.reset()).isZero(); // takes the big lock
    }
  }

  /** Closing a socket may wait as well, for a pipe in its queue. */
  @Test
  @DisplayName(
      "SET_IRQS: what is no eventfd is refused, and left to be closed without the big lock")
  void whatIsNoEventFd() throws Exception {
    UnixConnection[] pair = UnixConnection.pair();
    try (VfioUserClient client = new VfioUserClient(pair[0], new GuestMemory(List.of()));
        UnixConnection server = pair[1];
        ReceivedFds fds = new ReceivedFds()) {
      int zero = Libc.open("/dev/zero", LinuxAbi.O_RDONLY | LinuxAbi.O_CLOEXEC, 0);
      byte[] data = ints(20, SET_EVENTFD, MSI, 0, 1);
      client.send(VfioUserCommand.DEVICE_SET_IRQS.code(), 0, data, zero);
      Libc.close(zero);
      VfioUserRequest request = new VfioUserRequest(Arena.ofAuto());
      assertThat(request.receive(server, fds)).isTrue();
      VfioUserReply reply = new VfioUserReply(Arena.ofAuto());
      reply.begin(request);
      assertThat(
              new IrqTable(new PciVectors(1, 1, 0), new BigLock())
                  .set(request, fds, () -> {}, reply))
          .isEqualTo(Errno.EINVAL);
      assertThat(fds.size()).isEqualTo(1);
      assertThat(Libc.fcntl(fds.peek(), LinuxAbi.F_GETFL, 0)).isNotNegative();
    }
  }

  @Test
  @DisplayName("GET_IRQ_INFO: INTx masks itself, MSI does not; no MSI-X; errors may be listened to")
  void info() {
    try (Guest guest = new Guest()) {
      guest.client.negotiate();
      int[] flags = {7, 9, 0, 9, 9};
      for (int index = 0; index < flags.length; index++) {
        byte[] request = ints(16, 0, index, 0);
        int count = flags[index] == 0 ? 0 : 1;
        assertThat(
                guest.client.call(VfioUserCommand.DEVICE_GET_IRQ_INFO, request).payload().array())
            .isEqualTo(ints(16, flags[index], index, count));
      }
      for (byte[] wrong : new byte[][] {ints(16, 0, 5, 0), ints(16, 0, -1, 0), ints(15, 0, 0, 0)}) {
        assertThat(guest.client.call(VfioUserCommand.DEVICE_GET_IRQ_INFO, wrong).errno())
            .isEqualTo(Errno.EINVAL);
      }
    }
  }

  @Test
  @DisplayName("MSI: each message is one signal of its eventfd")
  void messages() {
    try (Guest guest = new Guest().up();
        EventNotifier irq = new EventNotifier()) {
      guest.enable(MSI, irq);
      AhciDriver driver = guest.driver();
      for (int i = 0; i < 3; i++) {
        read(driver, 0);
        assertThat(guest.await(irq)).isEqualTo(1);
        assertThat(acknowledge(driver)).isEqualTo(1);
      }
      assertThat(guest.signals(irq)).isZero();
    }
  }

  @Test
  @DisplayName("INTx: signalled once, then masked; an unmask with the pin still up signals again")
  void intxIsAutomasked() {
    try (Guest guest = new Guest().up();
        EventNotifier irq = new EventNotifier()) {
      guest.enable(INTX, irq);
      AhciDriver driver = guest.driver();
      read(driver, 0);
      assertThat(guest.await(irq)).isEqualTo(1);
      read(driver, 1);
      assertThat(guest.client.read(REGION_CONFIG, 6, 2) & 8).as("interrupt status").isEqualTo(8);
      assertThat(guest.signals(irq)).as("masked").isZero();
      assertThat(guest.client.setIrqs(INTX, NONE | UNMASK, 0, 1, NO_DATA)).isZero();
      assertThat(guest.signals(irq)).as("still up").isEqualTo(1);
      assertThat(acknowledge(driver)).isEqualTo(2);
      assertThat(guest.client.setIrqs(INTX, NONE | UNMASK, 0, 1, NO_DATA)).isZero();
      assertThat(guest.signals(irq)).as("the pin is down").isZero();
      read(driver, 0);
      assertThat(guest.await(irq)).isEqualTo(1);
    }
  }

  @Test
  @DisplayName(
      "INTx: MASK keeps it back, UNMASK with a false boolean does nothing, with true it fires")
  void maskedByTheClient() {
    try (Guest guest = new Guest().up();
        EventNotifier irq = new EventNotifier()) {
      guest.enable(INTX, irq);
      AhciDriver driver = guest.driver();
      assertThat(guest.client.setIrqs(INTX, NONE | MASK, 0, 1, NO_DATA)).isZero();
      read(driver, 0);
      assertThat(guest.client.setIrqs(INTX, BOOL | UNMASK, 0, 1, new byte[] {0})).isZero();
      assertThat(guest.signals(irq)).isZero();
      assertThat(guest.client.setIrqs(INTX, BOOL | UNMASK, 0, 1, new byte[] {1})).isZero();
      assertThat(guest.signals(irq)).isEqualTo(1);
    }
  }

  @Test
  @DisplayName("An eventfd that comes late gets what the device has sent before")
  void lateEventFd() {
    try (Guest guest = new Guest().up();
        EventNotifier pin = new EventNotifier();
        EventNotifier message = new EventNotifier()) {
      guest.client.write(REGION_CONFIG, 4, 2, 6);
      AhciDriver driver = guest.driver();
      read(driver, 0);
      assertThat(guest.client.setIrqs(INTX, SET_EVENTFD, 0, 1, NO_DATA, pin.fd())).isZero();
      assertThat(guest.signals(pin)).isEqualTo(1);
      guest.client.write(REGION_CONFIG, 0x82, 2, 1);
      assertThat(guest.client.setIrqs(MSI, SET_EVENTFD, 0, 1, NO_DATA, message.fd())).isZero();
      assertThat(guest.signals(message)).isEqualTo(1);
      assertThat(acknowledge(driver)).isEqualTo(1);
    }
  }

  @Test
  @DisplayName("A client may trigger an interrupt itself, and take its eventfds away in either way")
  void triggerAndDeassign() {
    try (Guest guest = new Guest();
        EventNotifier irq = new EventNotifier()) {
      guest.client.negotiate();
      for (int index : new int[] {INTX, MSI, 3, 4}) {
        assertThat(guest.client.setIrqs(index, SET_EVENTFD, 0, 1, NO_DATA, irq.fd())).isZero();
        assertThat(guest.client.setIrqs(index, NONE | TRIGGER, 0, 1, NO_DATA)).isZero();
        assertThat(guest.signals(irq)).isEqualTo(1);
        assertThat(guest.client.setIrqs(index, SET_EVENTFD, 0, 1, NO_DATA)).isZero();
        assertThat(guest.client.setIrqs(index, NONE | TRIGGER, 0, 1, NO_DATA))
            .isEqualTo(Errno.EINVAL);
        assertThat(guest.client.setIrqs(index, SET_EVENTFD, 0, 1, NO_DATA, irq.fd())).isZero();
        assertThat(guest.client.setIrqs(index, NONE | TRIGGER, 0, 0, NO_DATA)).isZero();
        assertThat(guest.client.setIrqs(index, NONE | TRIGGER, 0, 1, NO_DATA))
            .isEqualTo(Errno.EINVAL);
      }
      assertThat(guest.client.setIrqs(2, NONE | TRIGGER, 0, 0, NO_DATA)).as("MSI-X").isZero();
      assertThat(guest.signals(irq)).isZero();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "5, 36, 0, 1, 22", // no such type
    "-1, 36, 0, 1, 22",
    "2, 36, 0, 1, 22", // none of this type
    "1, 36, 1, 1, 22", // beyond the last
    "1, 36, -1, 2, 22",
    "1, 36, 0, -1, 22",
    "1, 36, 0, 0, 22", // none, but not "disable all"
    "1, 32, 0, 1, 22", // no data type
    "1, 4, 0, 1, 22", // no action
    "1, 38, 0, 1, 22", // two data types
    "1, 44, 0, 1, 22", // two actions
    "1, 100, 0, 1, 22", // a flag that is none
    "1, 34, 0, 1, 22", // booleans that are not there
    "1, 9, 0, 1, 95", // MSI cannot be masked
    "0, 12, 0, 1, 95", // nor can the client be told of a mask
    "0, 9, 0, 0, 22"
  })
  @DisplayName("SET_IRQS: what makes no sense is refused, and the descriptor closed")
  void refused(int index, int flags, int start, int count, int errno) {
    try (Guest guest = new Guest();
        EventNotifier irq = new EventNotifier()) {
      guest.client.negotiate();
      long before = OpenFiles.count();
      int[] fds = (flags & EVENTFD) != 0 ? new int[] {irq.fd()} : new int[0];
      assertThat(guest.client.setIrqs(index, flags, start, count, NO_DATA, fds)).isEqualTo(errno);
      assertThat(OpenFiles.count()).isEqualTo(before);
    }
  }

  @Test
  @DisplayName("SET_IRQS: a descriptor that is no eventfd, or one too many, is refused and closed")
  void notAnEventFd() {
    try (Guest guest = new Guest();
        EventNotifier irq = new EventNotifier()) {
      guest.client.negotiate();
      long before = OpenFiles.count();
      assertThat(guest.client.setIrqs(MSI, SET_EVENTFD, 0, 1, NO_DATA, guest.memfd))
          .isEqualTo(Errno.EINVAL);
      assertThat(guest.client.setIrqs(MSI, SET_EVENTFD, 0, 1, NO_DATA, irq.fd(), irq.fd()))
          .isEqualTo(Errno.EINVAL);
      assertThat(OpenFiles.count()).isEqualTo(before);
      assertThat(guest.client.setIrqs(MSI, SET_EVENTFD, 0, 1, NO_DATA, irq.fd())).isZero();
      assertThat(guest.client.setIrqs(MSI, SET_EVENTFD, 0, 1, NO_DATA, irq.fd())).isZero();
      assertThat(OpenFiles.count()).as("the first is closed").isEqualTo(before + 1);
      guest.leave();
      assertThat(OpenFiles.count()).as("with the two ends of the connection").isEqualTo(before - 2);
    }
  }

  /** An eventfd that blocks who signals it until somebody empties it. */
  private static void fill(EventNotifier eventfd) {
    assertThat(Libc.fcntl(eventfd.fd(), LinuxAbi.F_SETFL, 0)).isZero();
    MemorySegment most = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_LONG, -2L);
    assertThat(Libc.write(eventfd.fd(), most.address(), 8)).isEqualTo(8);
  }

  @Test
  @DisplayName("Who fills an eventfd is dropped for it, also if it waits for an answer meanwhile")
  void fullEventFd() {
    try (Guest guest = new Guest();
        EventNotifier irq = new EventNotifier()) {
      guest.client.negotiate();
      assertThat(guest.client.setIrqs(MSI, SET_EVENTFD, 0, 1, NO_DATA, irq.fd())).isZero();
      fill(irq);
      byte[] trigger = payload(20, NONE | TRIGGER, MSI, 0, 1);
      guest.client.send(VfioUserCommand.DEVICE_SET_IRQS.code(), 0, trigger);
      assertThat(guest.end()).contains("filled the counter");
    }
  }

  @Test
  @DisplayName("What a client that is dropped has sent beforehand is not carried out any more")
  void nothingAfterAnOffence() {
    try (Guest guest = new Guest();
        EventNotifier full = new EventNotifier();
        EventNotifier next = new EventNotifier()) {
      guest.client.negotiate();
      assertThat(guest.client.setIrqs(MSI, SET_EVENTFD, 0, 1, NO_DATA, full.fd())).isZero();
      assertThat(guest.client.setIrqs(INTX, SET_EVENTFD, 0, 1, NO_DATA, next.fd())).isZero();
      fill(full);
      int command = VfioUserCommand.DEVICE_SET_IRQS.code();
      guest.onMainLoop(() -> { // the session waits for the lock: all of it is there
        guest.client.send(command, NO_REPLY, payload(20, NONE | TRIGGER, MSI, 0, 1));
        for (int i = 0; i < 10; i++) {
          guest.client.send(command, NO_REPLY, payload(20, NONE | TRIGGER, INTX, 0, 1));
        }
      });
      assertThat(guest.end()).contains("filled the counter");
      assertThat(guest.signals(next)).isZero();
    }
  }
}
