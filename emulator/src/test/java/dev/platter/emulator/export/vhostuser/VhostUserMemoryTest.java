package dev.platter.emulator.export.vhostuser;

import static dev.platter.emulator.export.vhostuser.VhostUserClient.BUFFERS;
import static dev.platter.emulator.export.vhostuser.VhostUserClient.MEMORY_BYTES;
import static dev.platter.emulator.export.vhostuser.VhostUserClient.USER_BASE;
import static dev.platter.emulator.export.vhostuser.VhostUserClient.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.sys.BusErrorGuard;
import dev.platter.aio.sys.Libc;
import dev.platter.devices.virtio.VirtioFeatures;
import dev.platter.devices.virtio.blk.BlkAbi;
import dev.platter.emulator.export.ProtocolViolation;
import dev.platter.emulator.export.vhostuser.VhostUserClient.Queue;
import dev.platter.emulator.export.vhostuser.VhostUserRig.Served;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** "Memory access" of the vhost-user protocol, and memory that a client takes away. */
@Timeout(60)
class VhostUserMemoryTest {
  private static final long HIGH = 1L << 32;
  private static final long HIGH_USER = 0x7e00_0000_0000L;
  private static final long HIGH_BYTES = 1 << 20;

  @TempDir Path directory;
  private VhostUserRig rig;

  @BeforeEach
  void setUp() throws Exception {
    rig = new VhostUserRig(directory);
  }

  @AfterEach
  void tearDown() {
    rig.close();
  }

  private static byte[] region(long guest, long size, long user, long offset) {
    return bytes(0L, guest, size, user, offset);
  }

  private static int newFile(long size, int flags) {
    int fd = Libc.memfdCreate("region", LinuxAbi.MFD_CLOEXEC | flags);
    assertThat(Libc.ftruncate(fd, size)).isZero();
    return fd;
  }

  /** "ADD_MEM_REG", "REM_MEM_REG" while a queue is busy: no request is lost or repeated. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void memoryComesAndGoesUnderLoad(boolean packed) throws Exception {
    UnixConnection[] pair = UnixConnection.pair();
    Served served = rig.serve(pair[1]);
    int fd = newFile(HIGH_BYTES, 0);
    try (VhostUserClient client = new VhostUserClient(pair[0])) {
      client.features |= packed ? VirtioFeatures.RING_PACKED : 0;
      client.negotiate();
      // By the region, as a front-end with this protocol feature does it.
      client.must(
          VhostUserRequest.ADD_MEM_REG, region(0, MEMORY_BYTES, USER_BASE, 0), client.memoryFd);
      Queue queue = client.newQueue(0, 16);
      client.start(queue, client.base());
      AtomicBoolean stop = new AtomicBoolean();
      CompletableFuture<Integer> load =
          CompletableFuture.supplyAsync(() -> {
            int runs = 0;
            while (!stop.get()) {
              client.checkDisk(queue, 64, runs++);
            }
            return runs;
          });
      byte[] high = region(HIGH, HIGH_BYTES, HIGH_USER, 0);
      for (int i = 0; i < 100; i++) {
        client.must(VhostUserRequest.ADD_MEM_REG, high, fd);
        client.must(VhostUserRequest.REM_MEM_REG, high);
      }
      // A descriptor is too many, and is tolerated.
      client.must(VhostUserRequest.ADD_MEM_REG, high, fd);
      client.must(VhostUserRequest.REM_MEM_REG, high, fd);
      assertThat(client.ack(VhostUserRequest.REM_MEM_REG, high)).isNotZero();
      for (int i = 0; i < 100; i++) {
        client.shareMemory();
      }
      stop.set(true);
      assertThat(load.get(20, TimeUnit.SECONDS)).isPositive();
    } finally {
      Libc.close(fd);
    }
    assertThat(served.await()).isNull();
  }

  /**
   * A front-end whose memory is laid out anew takes regions out and adds others, by the region and
   * in any order: a queue at work whose ring is in one of them waits and goes on.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aRingsOwnMemoryGoesAndComesBack(boolean packed) throws Exception {
    UnixConnection[] pair = UnixConnection.pair();
    Served served = rig.serve(pair[1]);
    int fd = newFile(HIGH_BYTES, 0);
    try (VhostUserClient client = new VhostUserClient(pair[0])) {
      client.features |= packed ? VirtioFeatures.RING_PACKED : 0;
      Queue queue = client.bringUp();
      client.checkDisk(queue, 0, 1);
      byte[] low = region(0, MEMORY_BYTES, USER_BASE, 0);
      client.must(VhostUserRequest.REM_MEM_REG, low);
      client.must(VhostUserRequest.ADD_MEM_REG, region(HIGH, HIGH_BYTES, HIGH_USER, 0), fd);
      client.must(VhostUserRequest.ADD_MEM_REG, low, client.memoryFd);
      client.checkDisk(queue, 0, 2);
      assertThat(rig.events).isEmpty();
      client.must(VhostUserRequest.SET_MEM_TABLE, bytes(0, 0));
      client.shareMemory();
      client.checkDisk(queue, 0, 3);
      assertThat(rig.events).isEmpty();
    } finally {
      Libc.close(fd);
    }
    assertThat(served.await()).isNull();
  }

  @Test
  void buffersLieInAnyRegion() throws Exception {
    UnixConnection[] pair = UnixConnection.pair();
    Served served = rig.serve(pair[1]);
    int fd = newFile(HIGH_BYTES + 4096, 0);
    try (VhostUserClient client = new VhostUserClient(pair[0])) {
      Queue queue = client.bringUp();
      byte[] high = region(HIGH, HIGH_BYTES, HIGH_USER, 4096);
      assertThat(read(client, queue)).isEqualTo(BlkAbi.S_IOERR);
      client.must(VhostUserRequest.ADD_MEM_REG, high, fd);
      assertThat(read(client, queue)).isEqualTo(BlkAbi.S_OK);
      client.must(VhostUserRequest.REM_MEM_REG, high);
      assertThat(read(client, queue)).isEqualTo(BlkAbi.S_IOERR);
      assertThat(client.ack(VhostUserRequest.ADD_MEM_REG, region(HIGH, 0, 0, 0), fd)).isNotZero();
      assertThat(client.ack(VhostUserRequest.ADD_MEM_REG, region(HIGH, -4096, 0, 0), fd))
          .isNotZero();
      assertThat(client.ack(VhostUserRequest.ADD_MEM_REG, region(HIGH, 4096, -8, 0), fd))
          .isNotZero();
      assertThat(client.ack(VhostUserRequest.ADD_MEM_REG, region(-4096, 8192, 0, 0), fd))
          .isNotZero();
      assertThat(client.ack(VhostUserRequest.ADD_MEM_REG, region(HIGH, 8192, 0, HIGH_BYTES), fd))
          .as("beyond the file")
          .isNotZero();
      assertThat(client.ack(VhostUserRequest.ADD_MEM_REG, region(HIGH, 4096, USER_BASE, 0), fd))
          .as("overlaps in the front-end")
          .isNotZero();
      assertThat(client.ack(VhostUserRequest.ADD_MEM_REG, region(4096, 4096, 0, 0), fd))
          .as("overlaps in the guest")
          .isNotZero();
      assertThat(client.ack(VhostUserRequest.ADD_MEM_REG, region(HIGH, 4096, 0, 0), queue.call))
          .as("not a file")
          .isNotZero();
      client.checkDisk(queue, 0, 1);
    } finally {
      Libc.close(fd);
    }
    assertThat(served.await()).isNull();
  }

  /** A read whose data goes to the region at {@link #HIGH}. */
  private static int read(VhostUserClient client, Queue queue) {
    long header = BUFFERS;
    client.memory.writeLong(header, BlkAbi.T_IN);
    client.memory.writeLong(header + 8, 0);
    queue.ring.add(header, BlkAbi.HEADER_BYTES, false);
    queue.ring.add(HIGH, 4096, true);
    queue.ring.add(header + 32, 1, true);
    queue.ring.offer();
    client.kick(queue);
    client.awaitUsed(queue, 1);
    return client.memory.readByte(header + 32);
  }

  @Test
  void takesAsManyRegionsAsItSays() throws Exception {
    UnixConnection[] pair = UnixConnection.pair();
    Served served = rig.serve(pair[1]);
    int fd = newFile(4096, 0);
    try (VhostUserClient client = new VhostUserClient(pair[0])) {
      client.negotiate();
      int slots = (int) client.askNumber(VhostUserRequest.GET_MAX_MEM_SLOTS);
      for (int i = 0; i < slots; i++) {
        client.must(
            VhostUserRequest.ADD_MEM_REG, region(8192L * i, 4096, HIGH_USER + 8192L * i, 0), fd);
      }
      assertThat(
              client.ack(
                  VhostUserRequest.ADD_MEM_REG,
                  region(8192L * slots, 4096, HIGH_USER + 8192L * slots, 0),
                  fd))
          .isNotZero();
    } finally {
      Libc.close(fd);
    }
    assertThat(served.await()).isNull();
  }

  /** Memory that can be sealed against shrinking is. */
  @Test
  void sealsWhatItIsGiven() throws Exception {
    UnixConnection[] pair = UnixConnection.pair();
    Served served = rig.serve(pair[1]);
    int flags = LinuxAbi.MFD_CLOEXEC | LinuxAbi.MFD_ALLOW_SEALING;
    try (VhostUserClient client = new VhostUserClient(pair[0], flags)) {
      client.negotiate();
      client.shareMemory();
      assertThat(Libc.ftruncate(client.memoryFd, 0)).isNegative();
    }
    assertThat(served.await()).isNull();
  }

  /** A client truncates its memory under a busy queue; another export does not notice. */
  @Test
  void truncationCostsTheOwnConnection() throws Exception {
    assumeTrue(BusErrorGuard.isAvailable());
    UnixConnection[] otherPair = UnixConnection.pair();
    try (VhostUserRig otherRig = new VhostUserRig(directory);
        VhostUserClient other = new VhostUserClient(otherPair[0])) {
      Served otherServed = otherRig.serve(otherPair[1]);
      Queue otherQueue = other.bringUp();
      for (int round = 0; round < 5; round++) {
        UnixConnection[] pair = UnixConnection.pair();
        Served served = rig.serve(pair[1]);
        try (VhostUserClient client = new VhostUserClient(pair[0])) {
          Queue queue = client.bringUp();
          for (int i = 0; i < 200 * round; i++) {
            client.checkDisk(queue, 0, i);
          }
          assertThat(Libc.ftruncate(client.memoryFd, 0)).isZero();
          client.ring(queue);
          assertThat(served.await())
              .isInstanceOf(ProtocolViolation.class)
              .hasMessageContaining("truncated");
        }
        other.checkDisk(otherQueue, 0, round);
      }
      other.leave();
      assertThat(otherServed.await()).isNull();
    }
  }

  /** The same with a request in flight, whose answer finds no memory. */
  @Test
  void truncationUnderARequest() throws Exception {
    assumeTrue(BusErrorGuard.isAvailable());
    UnixConnection[] pair = UnixConnection.pair();
    Served served = rig.serve(pair[1]);
    try (VhostUserClient client = new VhostUserClient(pair[0])) {
      Queue queue = client.bringUp();
      rig.disk.closeGate();
      client.offer(queue, BlkAbi.T_IN, 0, BUFFERS + 0x1000, 4096);
      client.kick(queue);
      rig.disk.awaitHeld(1);
      assertThat(Libc.ftruncate(client.memoryFd, 0)).isZero();
      rig.disk.openGate();
      assertThat(served.await()).isInstanceOf(ProtocolViolation.class);
    }
  }
}
