package dev.platter.emulator.export.vfiouser;

import static dev.platter.emulator.export.vfiouser.VfioUserClient.REGION_REGISTERS;
import static dev.platter.emulator.export.vfiouser.VfioUserClient.payload;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("slow")
class VfioUserAllocationTest {
  private static final int WARM_UP = 30_000;
  private static final int MESSAGES = 5_000;
  // Measured over all of them: nothing per message, and room for a compiler's surprise.
  private static final long ALLOWED_BYTES = MESSAGES / 10;

  @Test
  @DisplayName("Register reads and posted writes allocate nothing on the connection's thread")
  void registerAccesses() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Guest guest = new Guest()) {
      guest.client.negotiate();
      exchange(guest, WARM_UP);
      long least = Long.MAX_VALUE;
      for (int attempt = 0; attempt < 5 && least > ALLOWED_BYTES; attempt++) {
        long before = threads.getThreadAllocatedBytes(guest.server.threadId());
        exchange(guest, MESSAGES);
        long after = threads.getThreadAllocatedBytes(guest.server.threadId());
        least = Math.min(least, after - before);
      }
      assertThat(least).isLessThanOrEqualTo(ALLOWED_BYTES);
    }
  }

  private static void exchange(Guest guest, int messages) {
    byte[] two =
        payload(
            2L,
            payload(0x108L, REGION_REGISTERS, 4, 0x1000L),
            payload(0x10cL, REGION_REGISTERS, 4, 0L));
    for (int i = 0; i < messages; i++) {
      guest.client.post(REGION_REGISTERS, 0x110, 4, -1);
      if (i % 16 == 0) {
        guest.client.send(15, VfioUserClient.NO_REPLY, two);
      }
      guest.client.read(REGION_REGISTERS, 0x110, 4);
    }
  }
}
