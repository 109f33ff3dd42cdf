package dev.platter.emulator.export.vfiouser;

import static dev.platter.emulator.export.vfiouser.Guest.READ_WRITE;
import static dev.platter.emulator.export.vfiouser.VfioUserClient.NO_REPLY;
import static dev.platter.emulator.export.vfiouser.VfioUserClient.REGION_REGISTERS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.loop.BigLock;
import dev.platter.devices.ahci.AhciRegisters;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** How often a client's messages take the big lock: a hold is no longer for a longer message. */
class VfioUserLockTest {
  private static final int PORT = AhciRegisters.PORT_BASE;
  private static final int MULTI = 15;
  private static final int MOST_WRITES = (VfioUserRequest.MAX_BYTES - 16 - 8) / 24;

  private static byte[] multi(int... offsetsAndValues) {
    int pairs = offsetsAndValues.length / 2;
    ByteBuffer message = ByteBuffer.allocate(8 + MOST_WRITES * 24).order(ByteOrder.LITTLE_ENDIAN);
    message.putLong(MOST_WRITES);
    for (int i = 0; i < MOST_WRITES; i++) {
      int pair = 2 * (i % pairs);
      message.putLong(PORT + offsetsAndValues[pair]).putInt(REGION_REGISTERS).putInt(4);
      message.putLong(offsetsAndValues[pair + 1]);
    }
    return message.array();
  }

  @Test
  @DisplayName("VFIO_USER_REGION_WRITE_MULTI: the lock is given back after each register")
  void onceForEachRegister() {
    try (Guest guest = new Guest()) {
      guest.client.negotiate();
      BigLock.Stats before = guest.mainLoop.lock().stats();
      guest.client.send(MULTI, NO_REPLY, multi(AhciRegisters.PX_SERR, -1));
      guest.client.load32(VfioUserClient.BAR);
      long taken = guest.mainLoop.lock().stats().since(before).acquisitions();
      assertThat(taken).isGreaterThan(MOST_WRITES);
      before = guest.mainLoop.lock().stats();
      guest.client.regionRead(REGION_REGISTERS, 0, 4096);
      taken = guest.mainLoop.lock().stats().since(before).acquisitions();
      assertThat(taken).isGreaterThanOrEqualTo(4096 / 8);
    }
  }

  @Test
  @DisplayName("DMA_MAP takes no lock, DMA_UNMAP takes it once")
  void mapsTakeNone() {
    try (Guest guest = new Guest()) {
      guest.client.negotiate();
      guest.onMainLoop(() -> {});
      BigLock.Stats before = guest.mainLoop.lock().stats();
      for (int i = 0; i < 1_000; i++) {
        guest.client.dmaMap(i * 0x2000L, 0x1000, 0, READ_WRITE, guest.memfd);
      }
      // The loop has its own reasons, now and then.
      assertThat(guest.mainLoop.lock().stats().since(before).acquisitions()).isLessThan(100);
      for (int i = 0; i < 1_000; i++) {
        guest.client.dmaUnmap(i * 0x2000L, 0x1000, 0);
      }
      assertThat(guest.mainLoop.lock().stats().since(before).acquisitions())
          .isBetween(1_000L, 1_200L);
    }
  }
}
