package dev.platter.emulator.export.vhostuser;

import static dev.platter.emulator.export.vhostuser.VhostUserClient.BUFFERS;
import static dev.platter.emulator.export.vhostuser.VhostUserClient.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Mapping;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.virtio.VirtioFeatures;
import dev.platter.devices.virtio.blk.BlkAbi;
import dev.platter.emulator.export.vhostuser.VhostUserClient.Queue;
import dev.platter.emulator.export.vhostuser.VhostUserRig.Served;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** "Inflight I/O tracking" of the vhost-user protocol. */
@Timeout(60)
class VhostUserInflightTest {
  @TempDir Path directory;

  /**
   * A back-end dies with requests in flight, one of them completed out of order. What shared memory
   * held then is put back when the first session has ended in good order, and a second session
   * finds it.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void repeatsWhatADeadBackEndHadInFlight(boolean packed) throws Exception {
    UnixConnection[] first = UnixConnection.pair();
    UnixConnection[] second = UnixConnection.pair();
    try (VhostUserRig rig = new VhostUserRig(directory);
        VhostUserClient client = new VhostUserClient(first[0])) {
      Served served = rig.serve(first[1]);
      client.features |= packed ? VirtioFeatures.RING_PACKED : 0;
      client.negotiate();
      byte[] description = getInflight(client);
      int inflight = client.fds.take();
      client.must(VhostUserRequest.SET_INFLIGHT_FD, description, inflight);
      client.shareMemory();
      Queue queue = client.newQueue(0, 32);
      client.start(queue, client.base());
      client.checkDisk(queue, 0, 1);
      rig.disk.closeGate();
      for (int i = 0; i < 5; i++) {
        long buffer = BUFFERS + 0x10000L * (i + 1);
        client.fill(buffer, 4096, i);
        client.offer(queue, BlkAbi.T_OUT, 64L * i, buffer, 4096);
        client.kick(queue);
        rig.disk.awaitHeld(i + 1);
      }
      rig.disk.release(2);
      client.awaitUsed(queue, 1);
      rig.disk.takeSubmitted();
      long bytes = ByteBuffer.wrap(description).order(java.nio.ByteOrder.nativeOrder()).getLong();
      try (Mapping record = Mapping.shared(inflight, 0, bytes, true)) {
        byte[] memoryThen = client.mapping.segment().toArray(ValueLayout.JAVA_BYTE);
        byte[] recordThen = record.segment().toArray(ValueLayout.JAVA_BYTE);
        rig.disk.openGate();
        first[0].shutdown();
        assertThat(served.await()).isNull();
        record.segment().copyFrom(MemorySegment.ofArray(recordThen));
        client.mapping.segment().copyFrom(MemorySegment.ofArray(memoryThen));
      }
      rig.disk.takeSubmitted();
      served = rig.serve(second[1]);
      try (VhostUserClient again = new VhostUserClient(second[0], client)) {
        again.negotiate();
        again.must(VhostUserRequest.SET_INFLIGHT_FD, description, inflight);
        again.shareMemory();
        again.start(queue, again.base());
        again.awaitUsed(queue, 4);
        assertThat(rig.disk.takeSubmitted())
            .containsExactly(write(0), write(1), write(3), write(4));
        for (int i = 0; i < 5; i++) {
          assertThat(again.statusAt(BUFFERS + 0x10000L * (i + 1))).isEqualTo(BlkAbi.S_OK);
        }
        again.checkDisk(queue, 0, 7);
        // And it goes on: stopped and continued with the same record, nothing is repeated.
        int base = again.stop(queue);
        again.must(VhostUserRequest.SET_INFLIGHT_FD, description, inflight);
        rig.disk.takeSubmitted();
        again.start(queue, base);
        again.must(VhostUserRequest.SET_OWNER, new byte[0]);
        assertThat(rig.disk.takeSubmitted()).isEmpty();
        again.checkDisk(queue, 0, 8);
      }
      assertThat(served.await()).isNull();
      Libc.close(inflight);
    }
  }

  /**
   * A guest makes its disk write-through, and does not learn that the back-end is another one after
   * that: QEMU writes nothing to the new one's configuration space.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theCacheModeOutlivesTheBackEnd(boolean bufferFirst) throws Exception {
    UnixConnection[] first = UnixConnection.pair();
    UnixConnection[] second = UnixConnection.pair();
    byte[] writethrough = bytes(BlkAbi.CFG_WRITEBACK, 1, 0, (byte) 0);
    byte[] description;
    int inflight;
    try (VhostUserRig rig = new VhostUserRig(directory);
        VhostUserClient client = new VhostUserClient(first[0])) {
      Served served = rig.serve(first[1]);
      client.negotiate();
      description = getInflight(client);
      inflight = client.fds.take();
      if (bufferFirst) {
        client.must(VhostUserRequest.SET_INFLIGHT_FD, description, inflight);
        client.must(VhostUserRequest.SET_CONFIG, writethrough);
      } else {
        client.must(VhostUserRequest.SET_CONFIG, writethrough);
        client.must(VhostUserRequest.SET_INFLIGHT_FD, description, inflight);
      }
      client.leave();
      assertThat(served.await()).isNull();
    }
    try (VhostUserRig rig = new VhostUserRig(directory);
        VhostUserClient client = new VhostUserClient(second[0])) {
      Served served = rig.serve(second[1]);
      client.negotiate();
      client.must(VhostUserRequest.SET_INFLIGHT_FD, description, inflight);
      assertThat(cacheMode(client)).isZero();
      client.shareMemory();
      Queue queue = client.newQueue(0, 16);
      client.start(queue, client.base());
      assertThat(client.run(queue, BlkAbi.T_OUT, 0, BUFFERS + 0x1000, 4096)).isEqualTo(BlkAbi.S_OK);
      assertThat(rig.disk.takeSubmitted())
          .containsExactly(new GatedDisk.Submitted(Operation.WRITE, 0, true));
      // A front-end that puts the device back to its first state starts anew.
      client.must(VhostUserRequest.RESET_DEVICE, new byte[0]);
      client.must(VhostUserRequest.SET_FEATURES, bytes(client.features));
      client.must(VhostUserRequest.SET_INFLIGHT_FD, description, inflight);
      assertThat(cacheMode(client)).isEqualTo(1);
      client.leave();
      assertThat(served.await()).isNull();
    }
    Libc.close(inflight);
  }

  private static int cacheMode(VhostUserClient client) throws Exception {
    byte[] question = bytes(BlkAbi.CFG_WRITEBACK, 1, 0, (byte) 0);
    return client.ask(VhostUserRequest.GET_CONFIG, question).get(12);
  }

  private static GatedDisk.Submitted write(int i) {
    return new GatedDisk.Submitted(Operation.WRITE, 64L * 512 * i, false);
  }

  /** Asks for a buffer; the answer is as long as the question. */
  private static byte[] getInflight(VhostUserClient client) throws Exception {
    byte[] question = bytes(0L, 0L, (short) 2, (short) VhostUserRig.QUEUE_SIZE, 0);
    ByteBuffer answer = client.ask(VhostUserRequest.GET_INFLIGHT_FD, question);
    assertThat(answer.remaining()).isEqualTo(24);
    assertThat(client.fds.size()).isEqualTo(1);
    byte[] description = new byte[24];
    answer.get(description);
    return description;
  }

  /** A record that a client has made up breaks the ring, and nothing else. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aRecordOfNonsense(boolean packed) throws Exception {
    UnixConnection[] pair = UnixConnection.pair();
    try (VhostUserRig rig = new VhostUserRig(directory);
        VhostUserClient client = new VhostUserClient(pair[0])) {
      Served served = rig.serve(pair[1]);
      client.features |= packed ? VirtioFeatures.RING_PACKED : 0;
      client.negotiate();
      byte[] description = getInflight(client);
      int inflight = client.fds.take();
      long bytes = ByteBuffer.wrap(description).order(java.nio.ByteOrder.nativeOrder()).getLong();
      try (Mapping record = Mapping.shared(inflight, 0, bytes, true)) {
        record.segment().fill((byte) 0x5a);
      }
      client.must(VhostUserRequest.SET_INFLIGHT_FD, description, inflight);
      client.shareMemory();
      Queue queue = client.newQueue(0, 32);
      client.start(queue, client.base());
      client.awaitEvent(queue.error);
      assertThat(rig.events).containsExactly("queue-broken");
      // It does not fit two queues of 1024 either.
      byte[] larger = description.clone();
      larger[18] = 0;
      larger[19] = 4;
      client.stop(queue);
      client.must(VhostUserRequest.SET_INFLIGHT_FD, larger, inflight);
      client.leave();
      assertThat(served.await()).isNull();
      Libc.close(inflight);
    }
  }
}
