package dev.platter.emulator.export.vfiouser;

import static dev.platter.emulator.export.vfiouser.VfioUserClient.REGION_CONFIG;
import static dev.platter.emulator.export.vfiouser.VfioUserClient.payload;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.socket.ReceivedFds;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.AhciDriver;
import dev.platter.emulator.export.OpenFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that send what they like: nothing hangs, leaks or breaks for the next one. */
@Tag("slow")
class VfioUserFuzzTest {
  private static final int CLIENTS = 60;
  private static final int MESSAGES = 60;
  private static final int[] COMMANDS = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10, 13, 15, 16, 77};
  private static final long[] NUMBERS = {
    0,
    1,
    2,
    3,
    4,
    5,
    7,
    8,
    16,
    20,
    24,
    32,
    36,
    255,
    256,
    4095,
    4096,
    0x1000,
    0x10_0000,
    0x138,
    0x118,
    0x4,
    0xff_ffff,
    0x7fff_ffffL,
    0x8000_0000L,
    0xffff_ffffL,
    0x1_0000_0000L,
    -1,
    -4096,
    Long.MIN_VALUE,
    Long.MAX_VALUE
  };

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  @DisplayName("Random messages, sizes and descriptors: every client is answered or dropped")
  void randomMessages(long seed) {
    Random random = new Random(seed);
    try (Guest guest = new Guest();
        EventNotifier eventfd = new EventNotifier()) {
      guest.up().leave(); // what is opened once and for all is open now
      long before = OpenFiles.count();
      for (int i = 0; i < CLIENTS; i++) {
        guest.connect();
        try {
          if (random.nextInt(8) != 0) {
            guest.up();
            guest.client.write(REGION_CONFIG, 4, 2, 6);
          }
          for (int m = 0; m < MESSAGES; m++) {
            message(guest, random, eventfd);
          }
        } catch (UncheckedIOException e) {
          // Dropped: it had it coming.
        }
        guest.client.close();
        guest.end();
        assertThat(OpenFiles.count()).isEqualTo(before);
        assertThat(guest.deviceMemory.regions()).isEmpty();
      }
      guest.connect();
      guest.up();
      guest.enable(Guest.MSI, eventfd);
      guest.signals(eventfd);
      AhciDriver driver = guest.driver();
      driver.submit(0, Operation.READ, 0, 0x20_0000, 512);
      guest.complete(driver, Guest.MSI, eventfd, 1, (tag, status) -> assertThat(status).isZero());
    }
  }

  private static void message(Guest guest, Random random, EventNotifier eventfd) {
    int command = COMMANDS[random.nextInt(COMMANDS.length)];
    if (command == 1 && random.nextInt(10) != 0) {
      command = 9;
    }
    byte[] body = new byte[random.nextInt(6) == 0 ? random.nextInt(200) : length(command)];
    random.nextBytes(body);
    for (int i = 0; i + 4 <= body.length; i += 4) {
      if (random.nextInt(8) != 0) {
        byte[] number = payload(NUMBERS[random.nextInt(NUMBERS.length)]);
        System.arraycopy(number, 0, body, i, Math.min(number.length, body.length - i));
      }
    }
    int[] fds = new int[random.nextInt(3) == 0 ? random.nextInt(4) : 0];
    for (int i = 0; i < fds.length; i++) {
      fds[i] = random.nextBoolean() ? guest.memfd : eventfd.fd();
    }
    boolean posted = random.nextInt(3) == 0;
    int id = guest.client.send(command, posted ? VfioUserClient.NO_REPLY : 0, body, fds);
    if (!posted) {
      guest.client.receive(id, command);
    }
  }

  private static int length(int command) {
    return switch (command) {
      case 2, 5 -> 32;
      case 3, 10 -> 24;
      case 8 -> 20;
      case 15 -> 8 + 24 * 2;
      default -> 16;
    };
  }

  @ParameterizedTest
  @ValueSource(longs = {4, 5})
  @DisplayName("Random bytes: the connection ends, and the next client finds the device as new")
  void randomBytes(long seed) throws IOException {
    Random random = new Random(seed);
    try (Guest guest = new Guest()) {
      guest.up().leave(); // what is opened once and for all is open now
      long before = OpenFiles.count();
      for (int i = 0; i < CLIENTS; i++) {
        guest.connect();
        if (random.nextBoolean()) {
          guest.client.negotiate();
        }
        byte[] noise = new byte[1 + random.nextInt(300)];
        random.nextBytes(noise);
        try (Arena arena = Arena.ofConfined();
            ReceivedFds _ = new ReceivedFds()) {
          var segment = arena.allocateFrom(java.lang.foreign.ValueLayout.JAVA_BYTE, noise);
          guest.client.connection().send(segment, 0, noise.length, guest.memfd);
        }
        guest.client.close();
        guest.end();
        assertThat(OpenFiles.count()).isEqualTo(before);
      }
      guest.connect().negotiate();
      assertThat(guest.client.read(REGION_CONFIG, 0, 4)).isEqualTo(0x2922_8086L);
    }
  }
}
