package dev.platter.emulator.export.vfiouser;

import static dev.platter.emulator.export.vfiouser.VfioUserClient.REGION_CONFIG;
import static dev.platter.emulator.export.vfiouser.VfioUserClient.REGION_REGISTERS;
import static dev.platter.emulator.export.vfiouser.VfioUserClient.ints;
import static dev.platter.emulator.export.vfiouser.VfioUserClient.payload;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.sys.Errno;
import dev.platter.emulator.export.vfiouser.VfioUserClient.Answer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages, and what a client may get wrong with them. */
class VfioUserProtocolTest {
  private static final int PX_FB = 0x108;

  @Test
  @DisplayName("VFIO_USER_VERSION: a minor not above the client's, and our limits")
  void negotiation() {
    try (Guest guest = new Guest()) {
      byte[] data =
          "{\"capabilities\":{\"write_multiple\":true}}\0".getBytes(StandardCharsets.UTF_8);
      Answer answer = guest.client.call(VfioUserCommand.VERSION, payload(7 << 16, data));
      assertThat(answer.int32(0)).as("0.1").isEqualTo(1 << 16);
    }
    try (Guest guest = new Guest()) {
      Map<?, ?> capabilities =
          guest.client.negotiate(0, "{\"capabilities\":{\"max_msg_fds\":1,\"x\":[{}]}}");
      assertThat(capabilities.get("max_msg_fds")).isEqualTo(8);
      assertThat(capabilities.get("max_data_xfer_size")).isEqualTo(8192);
      assertThat(capabilities.get("pgsizes")).isEqualTo(4096);
      assertThat(capabilities.get("max_dma_maps")).isEqualTo(65_535);
      assertThat(capabilities.get("write_multiple")).as("was not proposed").isNull();
    }
  }

  @Test
  @DisplayName("VFIO_USER_VERSION: the data is optional; write_multiple is granted if proposed")
  void optionalData() {
    try (Guest guest = new Guest()) {
      Answer answer = guest.client.call(VfioUserCommand.VERSION, ints(0));
      assertThat(answer.errno()).isZero();
      assertThat(answer.int32(0)).isZero();
    }
    try (Guest guest = new Guest()) {
      Map<?, ?> capabilities =
          guest.client.negotiate(1, "{\"capabilities\":{\"write_multiple\":true}}");
      assertThat(capabilities.get("write_multiple")).isEqualTo(true);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"{", "[]", "{\"capabilities\":1}", "\u0001", "\"x\""})
  @DisplayName("VFIO_USER_VERSION: data that is no JSON object ends the connection")
  void badJson(String json) {
    try (Guest guest = new Guest()) {
      byte[] data = (json + "\0").getBytes(StandardCharsets.UTF_8);
      guest.client.send(1, 0, payload(1 << 16, data));
      assertThat(guest.client.seesTheEnd()).isTrue();
      assertThat(guest.end()).startsWith("VERSION with data");
    }
  }

  @Test
  @DisplayName("Connection Initiation: VERSION comes first and once, with a major that we speak")
  void versionRules() {
    try (Guest guest = new Guest()) {
      guest.client.send(4, 0, ints(16, 0, 0, 0));
      assertThat(guest.end()).isEqualTo("message 4 before VERSION");
      guest.client.close();
      guest.connect().send(1, 0, ints(1));
      assertThat(guest.end()).startsWith("VERSION 1.0");
      guest.client.close();
      guest.connect().send(1, 0, new byte[3]);
      assertThat(guest.end()).isEqualTo("VERSION of 3 bytes");
      guest.client.close();
      guest.connect().negotiate();
      guest.client.send(1, 0, ints(0));
      assertThat(guest.end()).isEqualTo("a second VERSION");
    }
  }

  @ParameterizedTest
  @CsvSource({"15, 0", "0, 0", "-1, 0", "16385, 0", "16, 1", "16, 2"})
  @DisplayName("Header: a size that no message has, or a type that is no command")
  void badHeader(int size, int flags) {
    try (Guest guest = new Guest()) {
      guest.client.negotiate();
      guest.client.header(1, 13, size, flags);
      guest.client.sendRaw(16);
      assertThat(guest.client.seesTheEnd()).isTrue();
      assertThat(guest.end()).startsWith("message 13 ");
    }
  }

  @Test
  @DisplayName("VFIO_USER_DEVICE_GET_INFO: a PCI device that can be reset, 9 regions, 5 irq types")
  void deviceInfo() {
    try (Guest guest = new Guest()) {
      guest.client.negotiate();
      Answer answer = guest.client.call(VfioUserCommand.DEVICE_GET_INFO, ints(16, 0, 0, 0));
      assertThat(answer.payload().array()).isEqualTo(ints(16, 3, 9, 5));
      assertThat(guest.client.call(VfioUserCommand.DEVICE_GET_INFO, ints(15, 0, 0, 0)).errno())
          .isEqualTo(Errno.EINVAL);
      assertThat(guest.client.call(VfioUserCommand.DEVICE_GET_INFO, ints(16, 0, 0)).errno())
          .isEqualTo(Errno.EINVAL);
    }
  }

  @Test
  @DisplayName("VFIO_USER_DEVICE_GET_REGION_INFO: BAR 5 and configuration space, nothing mappable")
  void regionInfo() {
    try (Guest guest = new Guest()) {
      guest.client.negotiate();
      for (int region = 0; region < 9; region++) {
        Answer answer =
            guest.client.call(
                VfioUserCommand.DEVICE_GET_REGION_INFO, ints(32, 0, region, 0, 0, 0, 0, 0));
        int size = region == REGION_REGISTERS ? 4096 : region == REGION_CONFIG ? 256 : 0;
        assertThat(answer.payload().array())
            .isEqualTo(ints(32, size == 0 ? 0 : 3, region, 0, size, 0, 0, 0));
      }
      for (int region : new int[] {9, -1, Integer.MIN_VALUE}) {
        byte[] request = ints(32, 0, region, 0, 0, 0, 0, 0);
        assertThat(guest.client.call(VfioUserCommand.DEVICE_GET_REGION_INFO, request).errno())
            .isEqualTo(Errno.EINVAL);
      }
      byte[] none = ints(16, 0, REGION_REGISTERS, 0);
      assertThat(
              guest.client.call(VfioUserCommand.DEVICE_GET_REGION_IO_FDS, none).payload().array())
          .isEqualTo(none);
      byte[] beyond = ints(16, 0, 9, 0);
      assertThat(guest.client.call(VfioUserCommand.DEVICE_GET_REGION_IO_FDS, beyond).errno())
          .isEqualTo(Errno.EINVAL);
    }
  }

  @Test
  @DisplayName("VFIO_USER_REGION_READ: the whole configuration space, and odd pieces of registers")
  void regionReads() {
    try (Guest guest = new Guest()) {
      guest.client.negotiate();
      Answer all = guest.client.regionRead(REGION_CONFIG, 0, 256);
      assertThat(all.payload().capacity()).isEqualTo(16 + 256);
      assertThat(all.int64(0)).isZero();
      assertThat(all.int32(8)).isEqualTo(REGION_CONFIG);
      assertThat(all.int32(12)).isEqualTo(256);
      assertThat(all.int32(16)).isEqualTo(0x2922_8086);
      assertThat(all.int32(16 + 8)).isEqualTo(0x0106_0102);
      assertThat(guest.client.read(REGION_REGISTERS, 0, 4)).isEqualTo(0xc114_1f05L);
      assertThat(guest.client.read(REGION_REGISTERS, 3, 1)).isEqualTo(0xc1);
      Answer odd = guest.client.regionRead(REGION_REGISTERS, 1, 7);
      assertThat(odd.int32(16)).as("CAP from its second byte on, GHC").isEqualTo(0x00c1_141f);
      assertThat(odd.payload().getInt(19)).as("GHC.AE").isEqualTo(0x8000_0000);
      Answer most = guest.client.regionRead(REGION_REGISTERS, 0, 4096);
      assertThat(most.payload().capacity()).isEqualTo(16 + 4096);
      assertThat(most.int32(16 + 0x10)).as("VS").isEqualTo(0x1_0000);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "5, 0, 0",
    "5, 4096, 1",
    "5, 4095, 2",
    "5, -1, 4",
    "5, 0x7fffffffffffffff, 4",
    "5, 0, 4097",
    "5, 4, 4096",
    "5, 0, -1",
    "5, 1, -2147483648",
    "7, 256, 1",
    "7, 255, 4",
    "7, 0, 257",
    "0, 0, 4",
    "6, 0, 4",
    "8, 0, 1",
    "9, 0, 4",
    "-1, 0, 4"
  })
  @DisplayName("VFIO_USER_REGION_READ, _WRITE: what is not inside a region is EINVAL")
  void outsideRegions(int region, String offsetText, int count) {
    long offset = Long.decode(offsetText);
    try (Guest guest = new Guest()) {
      guest.client.negotiate();
      assertThat(guest.client.regionRead(region, offset, count).errno()).isEqualTo(Errno.EINVAL);
      byte[] data = new byte[Math.clamp(count, 0, 5000)];
      byte[] write = payload(offset, region, count, data);
      assertThat(guest.client.call(VfioUserCommand.REGION_WRITE, write).errno())
          .isEqualTo(Errno.EINVAL);
      assertThat(guest.client.read(REGION_REGISTERS, 0x10, 4)).as("it goes on").isEqualTo(0x10000);
    }
  }

  @Test
  @DisplayName("VFIO_USER_REGION_WRITE: answered without data; of any size and alignment")
  void regionWrites() {
    try (Guest guest = new Guest()) {
      guest.client.negotiate();
      byte[] write = payload((long) PX_FB, REGION_REGISTERS, 8, 0x12_3456_7800L);
      Answer answer = guest.client.call(VfioUserCommand.REGION_WRITE, write);
      assertThat(answer.payload().array()).isEqualTo(payload((long) PX_FB, REGION_REGISTERS, 8));
      assertThat(guest.client.read(REGION_REGISTERS, PX_FB, 8)).isEqualTo(0x12_3456_7800L);
      byte[] odd = payload(PX_FB + 1L, REGION_REGISTERS, 3, new byte[] {0x11, 0x22, 0x33});
      assertThat(guest.client.call(VfioUserCommand.REGION_WRITE, odd).errno()).isZero();
      assertThat(guest.client.read(REGION_REGISTERS, PX_FB, 4)).isEqualTo(0x3322_1100L);
      byte[] shorter = payload((long) PX_FB, REGION_REGISTERS, 4, new byte[3]);
      assertThat(guest.client.call(VfioUserCommand.REGION_WRITE, shorter).errno())
          .isEqualTo(Errno.EINVAL);
      byte[] longer = payload((long) PX_FB, REGION_REGISTERS, 4, new byte[5]);
      assertThat(guest.client.call(VfioUserCommand.REGION_WRITE, longer).errno())
          .isEqualTo(Errno.EINVAL);
      assertThat(guest.client.call(VfioUserCommand.REGION_WRITE, new byte[15]).errno())
          .isEqualTo(Errno.EINVAL);
    }
  }

  @Test
  @DisplayName("Header, No_reply: posted messages are carried out in order and never answered")
  void posted() {
    try (Guest guest = new Guest()) {
      guest.client.negotiate();
      for (int i = 1; i <= 1000; i++) {
        guest.client.post(REGION_REGISTERS, PX_FB, 4, 256L * i);
      }
      guest.client.post(REGION_REGISTERS, 1 << 20, 4, 1); // an error is not answered either
      guest.client.send(99, VfioUserClient.NO_REPLY, new byte[0]);
      // The client takes the next message that comes for the answer to this one.
      assertThat(guest.client.read(REGION_REGISTERS, PX_FB, 4)).isEqualTo(256_000);
    }
  }

  @Test
  @DisplayName("Command Concurrency: commands may be pipelined; answers come in their order")
  void pipelined() {
    try (Guest guest = new Guest()) {
      guest.client.negotiate();
      int[] ids = new int[100];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = guest.client.send(9, 0, payload(4L * (i % 8), REGION_CONFIG, 4));
      }
      for (int i = 0; i < ids.length; i++) {
        assertThat(guest.client.receive(ids[i], 9).int64(0)).isEqualTo(4L * (i % 8));
      }
    }
  }

  @Test
  @DisplayName("VFIO_USER_REGION_WRITE_MULTI: several writes in order, answered with their number")
  void writeMultiple() {
    try (Guest guest = new Guest()) {
      guest.client.negotiate();
      byte[] two =
          payload(
              2L,
              payload((long) PX_FB, REGION_REGISTERS, 4, 0x1100L),
              payload(PX_FB + 4L, REGION_REGISTERS, 4, 0xffff_ffff_0000_0007L));
      Answer answer = guest.client.call(VfioUserCommand.REGION_WRITE_MULTI, two);
      assertThat(answer.payload().array()).isEqualTo(payload(2L));
      assertThat(guest.client.read(REGION_REGISTERS, PX_FB, 8)).isEqualTo(0x7_0000_1100L);

      byte[] last = payload((long) PX_FB, REGION_REGISTERS, 1, 0x5555L);
      byte[] wrong = payload((long) PX_FB, REGION_REGISTERS, 9, 0L);
      byte[] stopped = payload(3L, payload(PX_FB + 1L, REGION_REGISTERS, 1, 0x22L), wrong, last);
      assertThat(guest.client.call(VfioUserCommand.REGION_WRITE_MULTI, stopped).errno())
          .isEqualTo(Errno.EINVAL);
      assertThat(guest.client.read(REGION_REGISTERS, PX_FB, 4)).isEqualTo(0x2200);

      for (long count : new long[] {-1, 3, 1, Long.MIN_VALUE, Long.MAX_VALUE / 24 + 1}) {
        byte[] lies = payload(count, new byte[48]);
        assertThat(guest.client.call(VfioUserCommand.REGION_WRITE_MULTI, lies).errno())
            .isEqualTo(Errno.EINVAL);
      }
      assertThat(guest.client.call(VfioUserCommand.REGION_WRITE_MULTI, new byte[7]).errno())
          .isEqualTo(Errno.EINVAL);
      guest.client.send(15, VfioUserClient.NO_REPLY, two);
      assertThat(guest.client.read(REGION_REGISTERS, PX_FB, 4)).isEqualTo(0x1100);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 11, 12, 14, 16, 17, 18, 19, 255, 65535})
  @DisplayName("Commands that the server does not know, or does not take, are EOPNOTSUPP")
  void unknownCommands(int command) {
    try (Guest guest = new Guest()) {
      guest.client.negotiate();
      int id = guest.client.send(command, 0, new byte[40]);
      assertThat(guest.client.receive(id, (short) command).errno()).isEqualTo(Errno.EOPNOTSUPP);
      assertThat(guest.client.read(REGION_CONFIG, 0, 2)).isEqualTo(0x8086);
    }
  }

  @Test
  @DisplayName("A client that leaves in the middle of a message costs its own connection")
  void halfAMessage() {
    try (Guest guest = new Guest()) {
      guest.client.negotiate();
      guest.client.header(1, 9, 32, 0);
      guest.client.sendRaw(20);
      guest.client.close();
      assertThat(guest.end()).contains("middle of a message");
      guest.connect().negotiate();
      assertThat(guest.client.read(REGION_CONFIG, 0, 2)).isEqualTo(0x8086);
    }
  }
}
