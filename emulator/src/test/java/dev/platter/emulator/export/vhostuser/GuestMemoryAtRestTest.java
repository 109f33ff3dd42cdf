package dev.platter.emulator.export.vhostuser;

import static dev.platter.emulator.export.vhostuser.VhostUserClient.BUFFERS;
import static dev.platter.emulator.export.vhostuser.VhostUserClient.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.socket.UnixConnection;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.virtio.VirtioFeatures;
import dev.platter.devices.virtio.blk.BlkAbi;
import dev.platter.emulator.export.vhostuser.VhostUserClient.Queue;
import dev.platter.emulator.export.vhostuser.VhostUserRig.Served;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whatever takes a ring or its memory away is answered when nothing of it moves in guest memory any
 * more (ADR 026): here with a disk that holds a read back. Meanwhile nobody else is held up, and
 * the log tells of it.
 */
@Timeout(60)
class GuestMemoryAtRestTest {
  private static final long DATA = BUFFERS + 0x10000;
  private static final byte[] NOTHING = {};
  private static final long PATIENCE_NANOS = 1_000_000;

  @TempDir Path directory;

  /** What takes a ring or its memory away. */
  enum Way {
    GET_VRING_BASE(VhostUserRequest.GET_VRING_BASE, bytes(0, 0)),
    SET_STATUS(VhostUserRequest.SET_STATUS, bytes(0L)),
    RESET_DEVICE(VhostUserRequest.RESET_DEVICE, NOTHING),
    RESET_OWNER(VhostUserRequest.RESET_OWNER, NOTHING),
    DISABLE(VhostUserRequest.SET_VRING_ENABLE, bytes(0, 0)),
    MOVE(VhostUserRequest.SET_VRING_ADDR, bytes(0, 0, 0L, 0L, 0L, 0L)),
    SET_MEM_TABLE(VhostUserRequest.SET_MEM_TABLE, bytes(0, 0)),
    REM_MEM_REG(
        VhostUserRequest.REM_MEM_REG,
        bytes(0L, 0L, VhostUserClient.MEMORY_BYTES, VhostUserClient.USER_BASE, 0L)),
    DISCONNECT(null, NOTHING);

    final @Nullable VhostUserRequest request;

    @SuppressWarnings("ImmutableEnumChecker") // sent, and never changed
    final byte[] payload;

    Way(@Nullable VhostUserRequest request, byte[] payload) {
      this.request = request;
      this.payload = payload;
    }
  }

  @ParameterizedTest
  @EnumSource
  void isWaitedFor(Way way) throws Exception {
    for (boolean packed : new boolean[] {false, true}) {
      isWaitedFor(way, packed);
    }
  }

  private void isWaitedFor(Way way, boolean packed) throws Exception {
    ImageOptions options = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);
    UnixConnection[] pair = UnixConnection.pair();
    try (VhostUserRig rig =
            new VhostUserRig(directory, options, VhostUserRig.QUEUE_SIZE, PATIENCE_NANOS);
        VhostUserClient client = new VhostUserClient(pair[0])) {
      Served served = rig.serve(pair[1]);
      client.features |= packed ? VirtioFeatures.RING_PACKED : 0;
      Queue queue = client.bringUp();
      client.must(VhostUserRequest.SET_STATUS, bytes(15L));
      rig.disk.closeGate();
      client.fill(DATA, 4096, 1);
      client.offer(queue, BlkAbi.T_IN, 0, DATA, 4096);
      client.kick(queue);
      rig.disk.awaitHeld(1);
      VhostUserRequest request = way.request;
      FutureTask<@Nullable ByteBuffer> answer =
          new FutureTask<>(() -> request == null ? null : client.answer(request));
      if (request == null) {
        client.leave();
      } else {
        int flags = VhostUserMessage.VERSION | VhostUserMessage.NEED_REPLY;
        client.sendRaw(request.code(), flags, way.payload);
        Thread.ofPlatform().daemon().start(answer);
      }
      Thread session = rig.sessionThread();
      while (!waitsForQueue(session)) {
        assertThat(session.isAlive() && !answer.isDone()).as("it waits").isTrue();
        Thread.onSpinWait();
      }
      client.check(DATA, 4096, 1);
      assertThat(rig.memory.regions()).as("still mapped").isNotEmpty();
      // No lock is held that others need.
      boolean[] ran = new boolean[1];
      rig.mainLoop.context().invoke(() -> ran[0] = true);
      rig.threads.forEach(thread -> thread.context().invoke(() -> {}));
      assertThat(ran[0]).isTrue();
      while (!rig.events.contains("client-waits")) {
        Thread.onSpinWait();
      }
      rig.disk.openGate();
      if (request != null) {
        answer.get();
        // It has come, and there is nothing to come.
        assertThat(client.statusAt(DATA)).isEqualTo(BlkAbi.S_OK);
        assertThat(client.memory.readInt(DATA)).isZero();
        client.leave();
      }
      assertThat(served.await()).isNull();
      assertThat(client.statusAt(DATA)).isEqualTo(BlkAbi.S_OK);
      assertThat(rig.memory.regions()).isEmpty();
      assertThat(rig.events).contains("client-waits", "client-waited");
    }
  }

  private static boolean waitsForQueue(Thread session) {
    return Arrays.stream(session.getStackTrace())
        .anyMatch(frame -> frame.getMethodName().equals("waitFor"));
  }
}
