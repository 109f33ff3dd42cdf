package dev.platter.emulator.export.vhostuser;

import static dev.platter.emulator.export.vhostuser.VhostUserClient.BUFFERS;
import static dev.platter.emulator.export.vhostuser.VhostUserClient.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.sys.Libc;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.virtio.VirtioFeatures;
import dev.platter.devices.virtio.blk.BlkAbi;
import dev.platter.emulator.export.vhostuser.VhostUserClient.Queue;
import dev.platter.emulator.export.vhostuser.VhostUserRig.Served;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What front-ends other than QEMU do: virtio-user of DPDK and SPDK, and whoever keeps it simple.
 */
@Timeout(60)
class OtherFrontEndsTest extends FrontEndTest {
  private static final int NO_FD = 0x100;

  @AfterEach
  void leave() throws Exception {
    client.leave();
    assertThat(served.await()).isNull();
  }

  private static byte[] contents(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.limit()];
    buffer.get(0, bytes);
    return bytes;
  }

  private byte[] recordInFlight() throws Exception {
    ByteBuffer answer =
        client.ask(VhostUserRequest.GET_INFLIGHT_FD, bytes(0L, 0L, (short) 2, (short) 64, 0));
    byte[] region = contents(answer);
    int inflight = client.fds.take();
    client.must(VhostUserRequest.SET_INFLIGHT_FD, region, inflight);
    Libc.close(inflight);
    return region;
  }

  /** A packed ring begins with the avail position and wrap counter, and nothing about used. */
  @Test
  void aPackedBaseOfSixteenBits() throws Exception {
    client.features |= VirtioFeatures.RING_PACKED;
    client.negotiate();
    client.shareMemory();
    Queue queue = client.newQueue(0, 16);
    client.start(queue, 0x8000);
    for (int i = 0; i < 20; i++) {
      client.checkDisk(queue, 8, i);
    }
    int base = client.stop(queue);
    client.start(queue, base & 0xffff);
    client.checkDisk(queue, 8, 30);
    assertThat(rig.events).isEmpty();
  }

  /**
   * virtio_uml begins a packed ring at 0, wrap counters included; a ring that is used is another.
   */
  @Test
  void aPackedRingThatBeginsAtZero() throws Exception {
    client.features |= VirtioFeatures.RING_PACKED;
    client.negotiate();
    client.shareMemory();
    Queue queue = client.newQueue(0, 16);
    client.start(queue, 0);
    // Requests of three descriptors: some lists run across the end of the ring. In the end both
    // positions are 0 in a lap whose counters are 0, which is a base of 0 as well.
    int base;
    int requests = 0;
    do {
      assertThat(client.run(queue, BlkAbi.T_IN, 0, BUFFERS + 0x4000, 512)).isZero();
      requests++;
      base = client.stop(queue);
      client.start(queue, base);
    } while (base != 0);
    assertThat(requests).isEqualTo(16);
    client.checkDisk(queue, 8, 1);
    assertThat(rig.events).isEmpty();
  }

  /** How a front-end takes a ring out of work, after which its next one begins anew. */
  enum Stop {
    /** Asks for the position. */
    GET_VRING_BASE,
    /** The driver resets the device. */
    SET_STATUS,
    /** Disables the ring. */
    DISABLE
  }

  /**
   * With nothing in flight a new ring begins where SET_VRING_BASE says, not where the old ended.
   */
  @ParameterizedTest
  @EnumSource
  void aNewRingBeginsWhereItIsTold(Stop how) throws Exception {
    for (boolean packed : new boolean[] {false, true}) {
      client.features &= ~VirtioFeatures.RING_PACKED;
      client.features |= packed ? VirtioFeatures.RING_PACKED : 0;
      if (!packed) {
        client.negotiate();
        client.shareMemory();
      } else {
        client.must(VhostUserRequest.RESET_DEVICE, NOTHING);
        client.must(VhostUserRequest.SET_FEATURES, bytes(client.features));
      }
      recordInFlight();
      Queue queue = client.newQueue(0, 16);
      client.must(VhostUserRequest.SET_STATUS, bytes(15L));
      client.start(queue, client.base());
      client.checkDisk(queue, 8, 1);
      switch (how) {
        case GET_VRING_BASE -> client.stop(queue);
        case SET_STATUS -> client.must(VhostUserRequest.SET_STATUS, bytes(0L));
        case DISABLE -> client.must(VhostUserRequest.SET_VRING_ENABLE, bytes(0, 0));
      }
      Queue another = client.newQueue(0, 16);
      client.start(another, client.base());
      client.checkDisk(another, 8, 2);
    }
    assertThat(rig.events).isEmpty();
  }

  /** After a crash the front-end tells a position of long ago: the record of an idle ring holds. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theRecordOfAnIdleRingKnowsItsPosition(boolean packed) throws Exception {
    client.features |= packed ? VirtioFeatures.RING_PACKED : 0;
    client.negotiate();
    ByteBuffer answer =
        client.ask(VhostUserRequest.GET_INFLIGHT_FD, bytes(0L, 0L, (short) 2, (short) 64, 0));
    int inflight = client.fds.take();
    client.must(VhostUserRequest.SET_INFLIGHT_FD, contents(answer), inflight);
    client.shareMemory();
    Queue queue = client.newQueue(0, 16);
    client.start(queue, client.base());
    client.checkDisk(queue, 8, 1);
    client.leave();
    assertThat(served.await()).isNull();
    UnixConnection[] pair = UnixConnection.pair();
    served = rig.serve(pair[1]);
    try (VhostUserClient again = new VhostUserClient(pair[0], client)) {
      again.negotiate();
      again.must(VhostUserRequest.SET_INFLIGHT_FD, contents(answer), inflight);
      again.shareMemory();
      again.start(queue, again.base());
      again.checkDisk(queue, 8, 2);
    }
    Libc.close(inflight);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void memoryComesLast(boolean byRegion) throws Exception {
    client.negotiate();
    Queue queue = client.newQueue(0, 16);
    client.start(queue, 0);
    assertThat(rig.events).isEmpty();
    if (byRegion) {
      long half = VhostUserClient.MEMORY_BYTES / 2;
      long user = VhostUserClient.USER_BASE;
      // The ring is in the lower half.
      client.must(
          VhostUserRequest.ADD_MEM_REG, bytes(0L, half, half, user + half, half), client.memoryFd);
      client.must(VhostUserRequest.ADD_MEM_REG, bytes(0L, 0L, half, user, 0L), client.memoryFd);
    } else {
      client.shareMemory();
    }
    client.checkDisk(queue, 8, 1);
  }

  /** "SET_VRING_KICK": bit 8, "polling should be used". */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aRingWithoutADoorbellIsLookedAt(boolean packed) throws Exception {
    client.features |= packed ? VirtioFeatures.RING_PACKED : 0;
    client.negotiate();
    client.shareMemory();
    Queue queue = client.newQueue(0, 16);
    client.configure(queue, client.base());
    client.must(VhostUserRequest.SET_VRING_KICK, bytes((long) NO_FD));
    client.must(VhostUserRequest.SET_VRING_CALL, bytes(0L), queue.call);
    client.must(VhostUserRequest.SET_VRING_ENABLE, bytes(0, 1));
    Queue neighbour = client.newQueue(1, 16);
    client.start(neighbour, client.base());
    for (int i = 0; i < 20; i++) {
      client.offer(queue, BlkAbi.T_IN, 0, BUFFERS + 0x8000, 4096);
      client.awaitUsed(queue, 1);
      assertThat(client.statusAt(BUFFERS + 0x8000)).isEqualTo(BlkAbi.S_OK);
      client.checkDisk(neighbour, 8, i);
    }
    // Stopped, it is looked at no more; a doorbell starts it as any.
    int base = client.stop(queue);
    client.offer(queue, BlkAbi.T_IN, 0, BUFFERS + 0x8000, 4096);
    client.checkDisk(neighbour, 8, 30);
    assertThat(client.statusAt(BUFFERS + 0x8000)).isEqualTo(0xff);
    client.start(queue, base);
    client.awaitUsed(queue, 1);
  }

  /** A ring of 1,024 that is full of requests. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aQueueOf1024(boolean packed) throws Exception {
    ImageOptions options = ImageOptions.WRITABLE.withCache(CacheMode.WRITEBACK);
    UnixConnection[] pair = UnixConnection.pair();
    try (VhostUserRig large = new VhostUserRig(directory, options, 1024);
        VhostUserClient user = new VhostUserClient(pair[0])) {
      Served session = large.serve(pair[1]);
      user.features |= packed ? VirtioFeatures.RING_PACKED : 0;
      user.negotiate();
      user.shareMemory();
      Queue queue = user.newQueue(0, 1024);
      user.start(queue, user.base());
      large.disk.closeGate();
      int requests = 1024 / 3;
      for (int i = 0; i < requests; i++) {
        user.offer(queue, BlkAbi.T_IN, i, BUFFERS + 0x1000 * (i + 1L), 512);
      }
      user.kick(queue);
      large.disk.awaitHeld(requests);
      large.disk.openGate();
      user.awaitUsed(queue, requests);
      user.checkDisk(queue, 8, 1);
      assertThat(user.ack(VhostUserRequest.SET_VRING_NUM, bytes(1, 2048))).isOne();
      user.leave();
      assertThat(session.await()).isNull();
    }
  }

  /** What a client lends counts for the server that touches it first: it is bounded. */
  @Test
  void aClientLendsNoMoreThanItMay() throws Exception {
    client.negotiate();
    long most = VhostUserRig.MAX_GUEST_BYTES;
    int large = Libc.memfdCreate("large", LinuxAbi.MFD_CLOEXEC);
    assertThat(Libc.ftruncate(large, 4 * most)).isZero();
    long user = VhostUserClient.USER_BASE;
    byte[] tooMuch = bytes(1, 0, 0L, most + 4096, user, 0L);
    assertThat(client.ack(VhostUserRequest.SET_MEM_TABLE, tooMuch, large)).isOne();
    assertThat(rig.events).containsExactly("message-refused");
    byte[] half = bytes(0L, 0L, most / 2, user, 0L);
    byte[] otherHalf = bytes(0L, most, most / 2, user + most, 0L);
    byte[] onePage = bytes(0L, 2 * most, 4096L, user + 2 * most, 0L);
    client.must(VhostUserRequest.ADD_MEM_REG, half, large);
    client.must(VhostUserRequest.ADD_MEM_REG, otherHalf, large);
    assertThat(client.ack(VhostUserRequest.ADD_MEM_REG, onePage, large)).isOne();
    client.must(VhostUserRequest.REM_MEM_REG, otherHalf);
    client.must(VhostUserRequest.ADD_MEM_REG, onePage, large);
    Libc.close(large);
  }

  @Test
  void takesThePlatformsMemoryAsItIs() throws Exception {
    client.negotiate();
    client.must(
        VhostUserRequest.SET_FEATURES, bytes(client.features | VirtioFeatures.ACCESS_PLATFORM));
    client.shareMemory();
    Queue queue = client.newQueue(0, 16);
    client.start(queue, 0);
    client.checkDisk(queue, 8, 1);
  }

  @Test
  void aRefusalIsToldOnceForEachKind() throws Exception {
    client.negotiate();
    for (int i = 0; i < 3; i++) {
      assertThat(client.ack(VhostUserRequest.SET_VRING_NUM, bytes(7, 16))).isNotZero();
      assertThat(client.ack(VhostUserRequest.SET_VRING_CALL, bytes(0L), client.memoryFd)).isOne();
    }
    assertThat(rig.events).containsExactly("message-refused", "message-refused");
  }

  /** Its size is the front-end's word: a reset touches what is recorded, not all there could be. */
  @Test
  void aRecordInAHugeFileCostsNothing() throws Exception {
    client.negotiate();
    int huge = Libc.memfdCreate("huge", LinuxAbi.MFD_CLOEXEC);
    assertThat(Libc.ftruncate(huge, 1L << 36)).isZero();
    byte[] description = bytes(1L << 36, 0L, (short) 2, (short) 64, 0);
    client.must(VhostUserRequest.SET_INFLIGHT_FD, description, huge);
    client.must(VhostUserRequest.RESET_DEVICE, NOTHING);
    MemorySegment statx = Arena.ofAuto().allocate(LinuxAbi.STATX_SIZE_OF, 8);
    assertThat(Libc.statx(huge, LinuxAbi.AT_EMPTY_PATH, 0x7ff, statx)).isZero();
    long blocks = statx.get(ValueLayout.JAVA_LONG.withOrder(ByteOrder.nativeOrder()), 48);
    assertThat(blocks * 512).isLessThan(1 << 20);
    Libc.close(huge);
    for (int tooMany : new int[] {1025, 32768}) {
      assertThat(
              client.ack(
                  VhostUserRequest.SET_INFLIGHT_FD,
                  bytes(1L << 30, 0L, (short) 2, (short) tooMany, 0),
                  client.memoryFd))
          .isOne();
    }
  }
}
