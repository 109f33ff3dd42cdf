package dev.platter.emulator.export.vhostuser;

import static dev.platter.emulator.export.vhostuser.VhostUserClient.BUFFERS;
import static dev.platter.emulator.export.vhostuser.VhostUserClient.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.virtio.DeviceStatus;
import dev.platter.devices.virtio.VirtioFeatures;
import dev.platter.devices.virtio.blk.BlkAbi;
import dev.platter.emulator.export.ProtocolViolation;
import dev.platter.emulator.export.vhostuser.VhostUserClient.Queue;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A front-end that keeps to the protocol; titles in quotes are sections of its specification. */
@Timeout(60)
class VhostUserSessionTest extends FrontEndTest {
  /** "Front-end message types": the answers that need no set-up. */
  @Test
  void saysWhatItCanDo() throws IOException {
    long features = client.askNumber(VhostUserRequest.GET_FEATURES);
    long wanted =
        VhostUserClient.FEATURES
            | VirtioFeatures.RING_PACKED
            | BlkAbi.F_TOPOLOGY
            | BlkAbi.F_DISCARD
            | BlkAbi.F_WRITE_ZEROES;
    assertThat(features & wanted).isEqualTo(wanted);
    assertThat(features & BlkAbi.F_RO).isZero();
    assertThat(features & 1L << 26).as("VHOST_F_LOG_ALL").isZero();
    assertThat(client.askNumber(VhostUserRequest.GET_PROTOCOL_FEATURES))
        .isEqualTo(1 | 1 << 3 | 1 << 5 | 1 << 9 | 1 << 12 | 1 << 13 | 1 << 15 | 1 << 16);
    assertThat(client.askNumber(VhostUserRequest.GET_QUEUE_NUM)).isEqualTo(2);
    assertThat(client.askNumber(VhostUserRequest.GET_MAX_MEM_SLOTS)).isEqualTo(509);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void readsAndWrites(boolean packed) throws IOException {
    Queue queue = bringUp(packed);
    for (int i = 0; i < 50; i++) {
      client.checkDisk(queue, 16L * i, i);
    }
    assertThat(client.run(queue, BlkAbi.T_FLUSH, 0, BUFFERS + 64, 0)).isEqualTo(BlkAbi.S_OK);
    assertThat(client.run(queue, 99, 0, BUFFERS + 64, 0)).isEqualTo(BlkAbi.S_UNSUPP);
  }

  /** "Multiple queue support". */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void servesAllQueues(boolean packed) throws IOException {
    Queue first = bringUp(packed);
    Queue second = client.newQueue(1, 64);
    client.start(second, client.base());
    for (int i = 0; i < 20; i++) {
      client.checkDisk(first, 100, i);
      client.checkDisk(second, 200, i + 1);
    }
  }

  /** "Ring states": a ring is processed from its start on, kick or not. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void takesWhatWaitsAtTheStart(boolean packed) throws IOException {
    if (packed) {
      client.features |= VirtioFeatures.RING_PACKED;
    }
    client.negotiate();
    client.shareMemory();
    Queue queue = client.newQueue(0, 16);
    client.offer(queue, BlkAbi.T_IN, 0, BUFFERS + 0x1000, 512);
    client.start(queue, client.base());
    client.awaitUsed(queue, 1);
    assertThat(client.statusAt(BUFFERS + 0x1000)).isEqualTo(BlkAbi.S_OK);
  }

  /** "Ring states": started and disabled has no effect on the disk; enabling makes up for it. */
  @Test
  void aDisabledRingWaits() throws IOException {
    Queue queue = client.bringUp();
    client.must(VhostUserRequest.SET_VRING_ENABLE, bytes(0, 0));
    client.offer(queue, BlkAbi.T_IN, 0, BUFFERS + 0x1000, 512);
    client.ring(queue);
    client.must(VhostUserRequest.SET_OWNER, NOTHING);
    assertThat(rig.disk.takeSubmitted()).isEmpty();
    client.must(VhostUserRequest.SET_VRING_ENABLE, bytes(0, 1));
    client.awaitUsed(queue, 1);
  }

  /** "GET_VRING_BASE", "SET_VRING_BASE": as a VM stops and continues. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void goesOnWhereItStopped(boolean packed) throws IOException {
    Queue queue = bringUp(packed);
    for (int round = 0; round < 12; round++) {
      for (int i = 0; i <= round; i++) {
        client.checkDisk(queue, 8, i);
      }
      int base = client.stop(queue);
      client.offer(queue, BlkAbi.T_IN, 0, BUFFERS + 0x1000, 512);
      client.ring(queue);
      client.must(VhostUserRequest.SET_OWNER, NOTHING);
      assertThat(queue.ring.hasUsed()).as("a stopped ring is left alone").isFalse();
      // Features are told again.
      client.must(VhostUserRequest.SET_FEATURES, bytes(client.features));
      client.start(queue, base);
      client.awaitUsed(queue, 1);
    }
  }

  /** "GET_VRING_BASE": all requests in flight complete before. */
  @Test
  void drainsBeforeItStops() throws Exception {
    Queue queue = client.bringUp();
    rig.disk.closeGate();
    client.offer(queue, BlkAbi.T_IN, 0, BUFFERS + 0x1000, 512);
    client.kick(queue);
    rig.disk.awaitHeld(1);
    client.send(VhostUserRequest.GET_VRING_BASE, bytes(0, 0));
    rig.disk.openGate();
    ByteBuffer state = client.answer(VhostUserRequest.GET_VRING_BASE);
    assertThat(state.getInt(4)).isEqualTo(1);
    assertThat(queue.ring.take()).isNotNegative();
    assertThat(client.statusAt(BUFFERS + 0x1000)).isEqualTo(BlkAbi.S_OK);
  }

  /** A driver of the legacy interface, in front of a front-end without protocol features. */
  @Test
  void servesFirmware() throws IOException {
    client.send(VhostUserRequest.SET_OWNER, NOTHING);
    client.features = 0;
    client.send(VhostUserRequest.SET_FEATURES, bytes(0L));
    client.send(
        VhostUserRequest.SET_MEM_TABLE,
        bytes(1, 0, 0L, VhostUserClient.MEMORY_BYTES, VhostUserClient.USER_BASE, 0L),
        client.memoryFd);
    Queue queue = client.newQueue(0, 16);
    client.send(VhostUserRequest.SET_VRING_NUM, bytes(0, 16));
    client.send(VhostUserRequest.SET_VRING_BASE, bytes(0, 0));
    client.send(VhostUserRequest.SET_VRING_ADDR, client.addresses(queue));
    client.send(VhostUserRequest.SET_VRING_KICK, bytes(0L), queue.kick);
    client.send(VhostUserRequest.SET_VRING_CALL, bytes(0L), queue.call);
    client.checkDisk(queue, 0, 5);
    rig.disk.takeSubmitted();
    // Without FLUSH a write is stable when it completes (virtio 5.2.6.2).
    assertThat(client.run(queue, BlkAbi.T_OUT, 0, BUFFERS + 0x1000, 512)).isZero();
    assertThat(rig.disk.takeSubmitted())
        .containsExactly(new GatedDisk.Submitted(Operation.WRITE, 0, true));
  }

  /** "SET_VRING_KICK", "SET_VRING_CALL" while the ring is at work. */
  @Test
  void changesDoorbellAndInterrupt() throws IOException {
    Queue queue = client.bringUp();
    client.checkDisk(queue, 0, 1);
    Queue other = new Queue(0, queue.ring);
    client.queues.add(other);
    client.must(VhostUserRequest.SET_VRING_KICK, bytes(0L), other.kick);
    client.must(VhostUserRequest.SET_VRING_CALL, bytes(0L), other.call);
    client.checkDisk(other, 0, 2);
    // No interrupt at all (bit 8).
    client.must(VhostUserRequest.SET_VRING_CALL, bytes(0x100L));
    client.offer(other, BlkAbi.T_FLUSH, 0, BUFFERS + 64, 0);
    client.kick(other);
    client.stop(other);
    assertThat(other.ring.take()).isNotNegative();
  }

  // ---- configuration -------------------------------------------------------------------------

  private byte[] config(int offset, int size, int... values) {
    byte[] message = bytes(offset, size, 0);
    byte[] whole = java.util.Arrays.copyOf(message, 12 + size);
    for (int i = 0; i < values.length; i++) {
      whole[12 + i] = (byte) values[i];
    }
    return whole;
  }

  /** "GET_CONFIG": the answer is as long as the question; no payload is an error. */
  @Test
  void tellsItsConfiguration() throws IOException {
    client.negotiate();
    ByteBuffer space = client.ask(VhostUserRequest.GET_CONFIG, config(0, BlkAbi.CFG_BYTES));
    assertThat(space.remaining()).isEqualTo(12 + BlkAbi.CFG_BYTES);
    assertThat(space.getLong(12 + BlkAbi.CFG_CAPACITY)).isEqualTo(VhostUserRig.DISK_BYTES / 512);
    assertThat(space.getShort(12 + BlkAbi.CFG_NUM_QUEUES)).isEqualTo((short) 2);
    assertThat(client.ask(VhostUserRequest.GET_CONFIG, config(250, 10)).remaining()).isZero();
    assertThat(client.ask(VhostUserRequest.GET_CONFIG, config(-1, 10)).remaining()).isZero();
  }

  /**
   * "SET_CONFIG": the cache mode is kept while the front-end does not reset the device. What the
   * cache held is flushed before the answer, as the guest will not do it (virtio 5.2.6.2).
   */
  @Test
  void takesTheCacheMode() throws IOException {
    Queue queue = client.bringUp();
    assertThat(client.run(queue, BlkAbi.T_OUT, 0, BUFFERS + 0x1000, 512)).isZero();
    client.must(VhostUserRequest.SET_CONFIG, config(BlkAbi.CFG_WRITEBACK, 1, 0));
    assertThat(client.run(queue, BlkAbi.T_OUT, 8, BUFFERS + 0x1000, 512)).isZero();
    int base = client.stop(queue);
    client.features &= ~BlkAbi.F_SEG_MAX;
    client.must(VhostUserRequest.SET_FEATURES, bytes(client.features));
    client.start(queue, base);
    assertThat(client.run(queue, BlkAbi.T_OUT, 16, BUFFERS + 0x1000, 512)).isZero();
    assertThat(rig.disk.takeSubmitted())
        .containsExactly(
            new GatedDisk.Submitted(Operation.WRITE, 0, false),
            new GatedDisk.Submitted(Operation.FLUSH, 0, false),
            new GatedDisk.Submitted(Operation.WRITE, 8 * 512, true),
            new GatedDisk.Submitted(Operation.WRITE, 16 * 512, true));
  }

  /** What was written into the cache and completes after the switch is stable when it does. */
  @Test
  void aWriteInFlightIsFlushedIfTheCacheModeChanges() throws Exception {
    Queue queue = client.bringUp();
    rig.disk.closeGate();
    client.offer(queue, BlkAbi.T_OUT, 0, BUFFERS + 0x1000, 512);
    client.kick(queue);
    rig.disk.awaitHeld(1);
    client.must(VhostUserRequest.SET_CONFIG, config(BlkAbi.CFG_WRITEBACK, 1, 0));
    rig.disk.release(0);
    rig.disk.awaitHeld(1);
    assertThat(client.statusAt(BUFFERS + 0x1000)).as("not before it is stable").isEqualTo(0xff);
    rig.disk.openGate();
    client.awaitUsed(queue, 1);
    assertThat(client.statusAt(BUFFERS + 0x1000)).isEqualTo(BlkAbi.S_OK);
    assertThat(rig.disk.takeSubmitted())
        .containsExactly(
            new GatedDisk.Submitted(Operation.WRITE, 0, false),
            new GatedDisk.Submitted(Operation.FLUSH, 0, false),
            new GatedDisk.Submitted(Operation.FLUSH, 0, false));
  }

  @Test
  void aCacheThatCannotBeFlushedStaysOn() throws IOException {
    Queue queue = client.bringUp();
    rig.disk.failSync(-Errno.EIO);
    assertThat(client.ack(VhostUserRequest.SET_CONFIG, config(BlkAbi.CFG_WRITEBACK, 1, 0)))
        .isNotZero();
    ByteBuffer mode = client.ask(VhostUserRequest.GET_CONFIG, config(BlkAbi.CFG_WRITEBACK, 1, 0));
    assertThat(mode.get(12)).isEqualTo((byte) 1);
    assertThat(client.run(queue, BlkAbi.T_OUT, 8, BUFFERS + 0x1000, 512)).isZero();
    assertThat(rig.disk.takeSubmitted())
        .containsExactly(
            new GatedDisk.Submitted(Operation.FLUSH, 0, false),
            new GatedDisk.Submitted(Operation.WRITE, 8 * 512, false));
  }

  @Test
  void refusesReadOnlyConfiguration() throws IOException {
    client.negotiate();
    assertThat(client.ack(VhostUserRequest.SET_CONFIG, config(0, 1, 7))).isNotZero();
    byte[] migration = config(0, BlkAbi.CFG_BYTES);
    migration[8] = 1;
    assertThat(client.ack(VhostUserRequest.SET_CONFIG, migration)).isZero();
    ByteBuffer space = client.ask(VhostUserRequest.GET_CONFIG, config(0, BlkAbi.CFG_BYTES));
    assertThat(space.getLong(12)).isEqualTo(VhostUserRig.DISK_BYTES / 512);
  }

  /** "BACKEND_CONFIG_CHANGE_MSG": the image has grown. */
  @Test
  void tellsThatTheDiskHasGrown() throws IOException {
    client.bringUp();
    try (BackEndRequests requests = new BackEndRequests(client)) {
      rig.resizeFile(2 * VhostUserRig.DISK_BYTES);
      rig.checkForResize();
      assertThat(requests.next()).isEqualTo(2);
    }
    ByteBuffer space = client.ask(VhostUserRequest.GET_CONFIG, config(0, 8));
    assertThat(space.getLong(12)).isEqualTo(2 * VhostUserRig.DISK_BYTES / 512);
  }

  // ---- device --------------------------------------------------------------------------------

  /** A ring that makes no sense: the error eventfd, and virtio's DEVICE_NEEDS_RESET. */
  @Test
  void aBrokenRingNeedsAReset() throws IOException {
    Queue queue = client.bringUp();
    client.must(VhostUserRequest.SET_STATUS, bytes(0xfL));
    try (BackEndRequests requests = new BackEndRequests(client)) {
      client.memory.writeShort(queue.ring.driverArea() + 2, 1000);
      client.ring(queue);
      client.awaitEvent(queue.error);
      assertThat(requests.next()).isEqualTo(2);
    }
    assertThat(client.askNumber(VhostUserRequest.GET_STATUS))
        .isEqualTo(0xf | DeviceStatus.NEEDS_RESET);
    client.must(VhostUserRequest.SET_STATUS, bytes(0L));
    assertThat(client.askNumber(VhostUserRequest.GET_STATUS)).isZero();
    assertThat(rig.events).containsExactly("queue-broken");
    // The reset repairs it.
    queue.ring.reset();
    client.start(queue, 0);
    client.checkDisk(queue, 0, 3);
  }

  /** "RESET_DEVICE": rings disabled, everything as at first, memory still shared. */
  @Test
  void resets() throws IOException {
    Queue queue = client.bringUp();
    client.checkDisk(queue, 0, 3);
    client.must(VhostUserRequest.SET_CONFIG, config(BlkAbi.CFG_WRITEBACK, 1, 0));
    client.must(VhostUserRequest.RESET_DEVICE, NOTHING);
    client.offer(queue, BlkAbi.T_FLUSH, 0, BUFFERS + 64, 0);
    client.ring(queue);
    client.must(VhostUserRequest.SET_OWNER, NOTHING);
    assertThat(queue.ring.hasUsed()).isFalse();
    ByteBuffer space = client.ask(VhostUserRequest.GET_CONFIG, config(BlkAbi.CFG_WRITEBACK, 1));
    assertThat(space.get(12)).isEqualTo((byte) 1);
    queue.ring.reset();
    client.must(VhostUserRequest.SET_FEATURES, bytes(client.features));
    client.start(queue, 0);
    client.checkDisk(queue, 0, 4);
  }

  /** "VHOST_USER_PROTOCOL_F_REPLY_ACK": who asks is told, and may go on. */
  @Test
  void refusesByAnswer() throws IOException {
    Queue queue = client.bringUp();
    byte[] region = bytes(0L, 0L, 4096L, 0x1000L, 0L);
    assertThat(client.ack(VhostUserRequest.SET_VRING_NUM, bytes(7, 16))).isNotZero();
    assertThat(client.ack(VhostUserRequest.SET_VRING_NUM, bytes(1, 0))).isNotZero();
    assertThat(client.ack(VhostUserRequest.SET_VRING_NUM, bytes(1, 65535))).isNotZero();
    assertThat(client.ack(VhostUserRequest.SET_VRING_NUM, bytes(0, 8))).as("at work").isNotZero();
    assertThat(client.ack(VhostUserRequest.SET_VRING_KICK, bytes(9L), queue.kick)).isNotZero();
    assertThat(client.ack(VhostUserRequest.SET_VRING_CALL, bytes(0L), client.memoryFd)).isNotZero();
    assertThat(client.ack(VhostUserRequest.SET_VRING_ENABLE, bytes(0, 2))).isNotZero();
    assertThat(client.ack(VhostUserRequest.SET_FEATURES, bytes(-1L))).isNotZero();
    assertThat(client.ack(VhostUserRequest.SET_PROTOCOL_FEATURES, bytes(-1L))).isNotZero();
    assertThat(client.ack(VhostUserRequest.ADD_MEM_REG, region, client.memoryFd)).isNotZero();
    assertThat(client.ack(VhostUserRequest.SET_LOG_BASE, bytes(0L))).isNotZero();
    assertThat(client.ack(VhostUserRequest.SET_BACKEND_REQ_FD, NOTHING, queue.call)).isNotZero();
    client.sendRaw(4711, VhostUserMessage.VERSION | VhostUserMessage.NEED_REPLY, NOTHING);
    client.fds.discard();
    assertThat(
            client.connection.receive(
                java.lang.foreign.MemorySegment.ofBuffer(ByteBuffer.allocateDirect(20)),
                0,
                20,
                client.fds))
        .isTrue();
    client.checkDisk(queue, 0, 9);
  }

  /** Whoever does not ask loses the connection. */
  @Test
  void refusesByLeaving() throws Exception {
    client.negotiate();
    client.send(VhostUserRequest.SET_VRING_NUM, bytes(7, 16));
    assertThat(served.await())
        .isInstanceOf(ProtocolViolation.class)
        .hasMessageContaining("queue 7");
  }

  /** The export ends: the connection is shut down by another thread while requests are held. */
  @Test
  void endsWhenItIsShutDown() throws Exception {
    client.close();
    served.await();
    connect();
    Queue queue = client.bringUp();
    rig.disk.closeGate();
    client.offer(queue, BlkAbi.T_OUT, 0, BUFFERS + 0x1000, 512);
    client.kick(queue);
    rig.disk.awaitHeld(1);
    backEnd.shutdown();
    rig.disk.openGate();
    assertThat(served.await()).isNull();
    assertThat(queue.ring.take()).as("what was in flight is completed").isNotNegative();
    assertThat(rig.disk.takeSubmitted()).hasSize(1);
  }
}
