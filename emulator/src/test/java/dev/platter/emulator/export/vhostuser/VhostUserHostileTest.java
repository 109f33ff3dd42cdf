package dev.platter.emulator.export.vhostuser;

import static dev.platter.emulator.export.vhostuser.VhostUserClient.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.sys.Libc;
import dev.platter.devices.virtio.VirtioFeatures;
import dev.platter.devices.virtio.blk.BlkAbi;
import dev.platter.emulator.export.OpenFiles;
import dev.platter.emulator.export.PipeHolder;
import dev.platter.emulator.export.ProtocolViolation;
import dev.platter.emulator.export.vhostuser.VhostUserRig.Served;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * Front-ends that do not keep to the protocol: they lose their connection, and nothing of them is
 * left.
 */
@Timeout(120)
@Tag("slow")
class VhostUserHostileTest {
  private static final byte[] NOTHING = {};

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

  private interface Attack {
    void on(VhostUserClient client) throws IOException;
  }

  /** Lets a client loose; what the session comes to, when all descriptors are back. */
  private IOException dropped(Attack attack) throws Exception {
    long before = OpenFiles.count();
    UnixConnection[] pair = UnixConnection.pair();
    Served served = rig.serve(pair[1]);
    Exception end;
    try (VhostUserClient client = new VhostUserClient(pair[0])) {
      try {
        attack.on(client);
      } catch (IOException e) {
        // The session may end before the attack does.
      }
      end = served.await();
    }
    assertThat(OpenFiles.count()).isEqualTo(before);
    assertThat(rig.memory.regions()).isEmpty();
    assertThat(end).isInstanceOf(IOException.class);
    return (IOException) Objects.requireNonNull(end);
  }

  private void drops(Attack attack, String why) throws Exception {
    assertThat(dropped(attack)).hasMessageContaining(why);
  }

  @Test
  void messagesOfTheWrongForm() throws Exception {
    drops(c -> c.sendRaw(1, 0, NOTHING), "flags");
    drops(c -> c.sendRaw(1, VhostUserMessage.VERSION | VhostUserMessage.REPLY, NOTHING), "flags");
    drops(c -> c.send(VhostUserRequest.GET_FEATURES, bytes(0L)), "8 bytes");
    drops(c -> c.send(VhostUserRequest.SET_FEATURES, NOTHING), "0 bytes");
    drops(c -> c.send(VhostUserRequest.SET_VRING_ADDR, bytes(0L)), "8 bytes");
    drops(c -> c.sendRaw(4711, VhostUserMessage.VERSION, NOTHING), "request 4711: unknown");
    drops(c -> c.sendRaw(1, VhostUserMessage.VERSION, new byte[5000]), "5000 bytes");
    drops(
        c -> {
          MemorySegment header = Arena.ofAuto().allocate(12, 4);
          header.set(ValueLayout.JAVA_INT, 4, 1);
          header.set(ValueLayout.JAVA_INT, 8, -1);
          c.connection.send(header, 0, 12);
        },
        "4294967295 bytes");
  }

  /** An eventfd that blocks who signals it: its client is dropped, and the next one is served. */
  @Test
  void anInterruptThatCannotBeDelivered() throws Exception {
    UnixConnection[] pair = UnixConnection.pair();
    Served served = rig.serve(pair[1]);
    try (VhostUserClient client = new VhostUserClient(pair[0])) {
      VhostUserClient.Queue queue = client.bringUp();
      assertThat(Libc.fcntl(queue.call, LinuxAbi.F_SETFL, 0)).isZero();
      MemorySegment most = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_LONG, -2L);
      assertThat(Libc.write(queue.call, most.address(), 8)).isEqualTo(8);
      client.offer(queue, BlkAbi.T_IN, 0, VhostUserClient.BUFFERS + 0x1000, 4096);
      client.kick(queue);
      assertThat(served.await())
          .isInstanceOf(ProtocolViolation.class)
          .hasMessageContaining("filled the counter");
    }
    pair = UnixConnection.pair();
    served = rig.serve(pair[1]);
    try (VhostUserClient client = new VhostUserClient(pair[0])) {
      client.checkDisk(client.bringUp(), 0, 1);
    }
    assertThat(served.await()).isNull();
  }

  /** Pipes that are held up count for the export, whichever of its clients brought them. */
  @Test
  @Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
  void aClientThatHoldsUpItsPipesGetsNoMore() throws Exception {
    long before = OpenFiles.count();
    int pipe;
    try (PipeHolder holder = new PipeHolder()) {
      pipe = holder.open();
      holder.hold();
      assertThat(callsTaken(pipe, 12)).isEqualTo(9); // the last of them is in use
      assertThat(callsTaken(pipe, 1)).isZero();
    }
    while (callsTaken(pipe, 1) == 0) {
      LockSupport.parkNanos(1_000_000); // the pipes' threads come through
    }
    Libc.close(pipe);
    while (OpenFiles.count() > before) {
      LockSupport.parkNanos(1_000_000);
    }
  }

  /**
   * Whoever closes the last descriptor of a pipe waits for its lock. A client may leave that one to
   * us with any message, also in vain.
   */
  @Test
  @Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
  void aPipeThatIsHeldDoesNotHoldUpTheSession() throws Exception {
    for (VhostUserRequest request :
        List.of(
            VhostUserRequest.SET_VRING_KICK,
            VhostUserRequest.SET_VRING_CALL,
            VhostUserRequest.SET_OWNER)) {
      UnixConnection[] pair = UnixConnection.pair();
      try (VhostUserClient client = new VhostUserClient(pair[0]);
          PipeHolder holder = new PipeHolder()) {
        int pipe = holder.open();
        long queue = request == VhostUserRequest.SET_VRING_CALL ? 77 : 0;
        client.send(request, request == VhostUserRequest.SET_OWNER ? NOTHING : bytes(queue), pipe);
        Libc.close(pipe); // the one in the message is left
        holder.hold();
        assertThat(rig.serve(pair[1]).await()).isInstanceOf(ProtocolViolation.class);
      }
    }
  }

  /** Has a client bring a call descriptor again and again; how often it is taken. */
  private long callsTaken(int call, int times) throws Exception {
    UnixConnection[] pair = UnixConnection.pair();
    Served served = rig.serve(pair[1]);
    long taken = 0;
    try (VhostUserClient client = new VhostUserClient(pair[0])) {
      client.negotiate();
      for (int i = 0; i < times; i++) {
        taken += client.ack(VhostUserRequest.SET_VRING_CALL, bytes(0L), call) == 0 ? 1 : 0;
      }
    }
    assertThat(served.await()).isNull();
    return taken;
  }

  /** What a client that is dropped has sent beforehand is not carried out any more. */
  @Test
  void nothingAfterAnOffence() throws Exception {
    UnixConnection[] pair = UnixConnection.pair();
    Served served = rig.serve(pair[1]);
    try (VhostUserClient client = new VhostUserClient(pair[0])) {
      VhostUserClient.Queue full = client.bringUp();
      VhostUserClient.Queue next = client.newQueue(1, 16);
      client.start(next, 0);
      assertThat(Libc.fcntl(full.error, LinuxAbi.F_SETFL, 0)).isZero();
      MemorySegment most = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_LONG, -2L);
      assertThat(Libc.write(full.error, most.address(), 8)).isEqualTo(8);
      // The session's own thread is held up by the first; the second waits in the socket.
      client.send(VhostUserRequest.SET_VRING_ADDR, bytes(0, 0, 0L, 0L, 0L, 0L));
      try {
        client.send(VhostUserRequest.SET_VRING_ADDR, bytes(1, 0, 0L, 0L, 0L, 0L));
      } catch (IOException e) {
        // On a slow host it is dropped before that.
      }
      assertThat(served.await()).hasMessageContaining("filled the counter");
      assertThat(rig.events).as("of the first").containsExactly("queue-broken");
    }
  }

  @Test
  void descriptorsTooFewOrTooMany() throws Exception {
    drops(c -> c.send(VhostUserRequest.SET_OWNER, NOTHING, c.memoryFd), "1 descriptors");
    drops(c -> c.send(VhostUserRequest.SET_VRING_KICK, bytes(0L)), "0 descriptors");
    drops(c -> c.send(VhostUserRequest.SET_VRING_KICK, bytes(0x100L), c.memoryFd), "1 desc");
    drops(
        c -> c.send(VhostUserRequest.SET_VRING_CALL, bytes(0L), c.memoryFd, c.memoryFd), "2 desc");
    drops(c -> c.send(VhostUserRequest.SET_BACKEND_REQ_FD, NOTHING), "0 descriptors");
    drops(c -> c.send(VhostUserRequest.SET_MEM_TABLE, bytes(1, 0, 0L, 4096L, 0L, 0L)), "0 desc");
    drops(
        c -> c.send(VhostUserRequest.SET_MEM_TABLE, bytes(2, 0, 0L, 4096L, 0L, 0L), c.memoryFd),
        "2 regions");
    drops(c -> c.send(VhostUserRequest.SET_MEM_TABLE, bytes(-1, 0), c.memoryFd), "-1 regions");
    drops(c -> c.send(VhostUserRequest.SET_MEM_TABLE, bytes(0x7fffffff, 0)), "regions");
    drops(c -> c.send(VhostUserRequest.SET_MEM_TABLE, NOTHING), "SET_MEM_TABLE");
  }

  @Test
  void requestsWithoutTheirFeature() throws Exception {
    String why = "not negotiated";
    byte[] region = bytes(0L, 0L, 4096L, 0L, 0L);
    drops(c -> c.send(VhostUserRequest.GET_CONFIG, bytes(0, 0, 0)), why);
    drops(c -> c.send(VhostUserRequest.GET_STATUS, NOTHING), why);
    drops(c -> c.send(VhostUserRequest.ADD_MEM_REG, region, c.memoryFd), why);
    drops(c -> c.send(VhostUserRequest.GET_INFLIGHT_FD, bytes(0L, 0L, 0, 0)), why);
    drops(c -> c.send(VhostUserRequest.SET_BACKEND_REQ_FD, NOTHING, c.memoryFd), why);
    drops(c -> c.send(VhostUserRequest.SET_LOG_FD, NOTHING, c.memoryFd), "not supported");
    drops(c -> c.send(VhostUserRequest.POSTCOPY_ADVISE, NOTHING), "not supported");
  }

  @Test
  void nonsenseInTheRightForm() throws Exception {
    drops(c -> c.send(VhostUserRequest.GET_VRING_BASE, bytes(-1, 0)), "no queue 4294967295");
    drops(c -> c.send(VhostUserRequest.SET_VRING_BASE, bytes(0, 0x10000)), "16 bits");
    drops(
        c -> c.send(VhostUserRequest.SET_FEATURES, bytes(VirtioFeatures.RING_PACKED)), "VERSION_1");
    drops(
        c -> {
          c.negotiate();
          c.sendRaw(
              VhostUserRequest.GET_INFLIGHT_FD.code(),
              VhostUserMessage.VERSION | VhostUserMessage.NEED_REPLY,
              bytes(0L, 0L, (short) 3, (short) 64, 0));
        },
        "3 queues");
    drops(
        c -> {
          c.negotiate();
          c.send(VhostUserRequest.GET_CONFIG, bytes(0, 60, 0));
        },
        "wrong size");
  }

  /** A kick before there is anything to start does nothing; what follows starts the ring. */
  @Test
  void aKickBeforeTheSetUp() throws Exception {
    UnixConnection[] pair = UnixConnection.pair();
    Served served = rig.serve(pair[1]);
    try (VhostUserClient client = new VhostUserClient(pair[0])) {
      client.negotiate();
      VhostUserClient.Queue queue = client.newQueue(0, 16);
      client.must(VhostUserRequest.SET_VRING_KICK, bytes(0L), queue.kick);
      client.must(VhostUserRequest.SET_VRING_CALL, bytes(0L), queue.call);
      client.shareMemory();
      client.configure(queue, 0);
      client.must(VhostUserRequest.SET_VRING_ENABLE, bytes(0, 1));
      client.checkDisk(queue, 0, 1);
    }
    assertThat(served.await()).isNull();
  }

  @Test
  void ringsInTheWrongPlace() throws Exception {
    UnixConnection[] pair = UnixConnection.pair();
    Served served = rig.serve(pair[1]);
    try (VhostUserClient client = new VhostUserClient(pair[0])) {
      VhostUserClient.Queue queue = client.bringUp();
      byte[] right = client.addresses(queue);
      long base = VhostUserClient.USER_BASE;
      long end = base + VhostUserClient.MEMORY_BYTES;
      for (long place : new long[] {0, -1, base - 16, end, end - 16, base + 1}) {
        client.must(VhostUserRequest.SET_VRING_ADDR, bytes(0, 0, place, base, base, 0L));
        client.awaitEvent(queue.error);
      }
      client.must(VhostUserRequest.SET_VRING_ADDR, right);
      client.checkDisk(queue, 0, 1);
      assertThat(rig.events).as("one line").containsExactly("queue-broken");
      client.stop(queue);
      client.must(VhostUserRequest.SET_VRING_NUM, bytes(0, 15));
      client.must(VhostUserRequest.SET_VRING_KICK, bytes(0L), queue.kick);
      client.awaitEvent(queue.error);
    }
    assertThat(served.await()).isNull();
  }

  @Test
  void halfAMessageAndSilence() throws Exception {
    MemorySegment half = Arena.ofAuto().allocate(6);
    assertThat(dropped(c -> c.connection.send(half, 0, 6)))
        .isInstanceOf(SocketTimeoutException.class);
  }

  @Test
  void halfAMessageAndGone() throws Exception {
    MemorySegment half = Arena.ofAuto().allocate(6);
    drops(
        c -> {
          c.connection.send(half, 0, 6);
          c.connection.shutdown();
        },
        "left in the middle");
  }

  // ---- fuzzing -------------------------------------------------------------------------------

  private static final int FUZZ_SESSIONS = 400;
  private static final int FUZZ_MESSAGES = 40;

  /** Messages near the right ones, in any order, with any descriptors. */
  @Test
  void anything() throws Exception {
    servesAsEver(); // whatever is set up once is
    long before = OpenFiles.count();
    for (int seed = 0; seed < FUZZ_SESSIONS; seed++) {
      fuzz(seed);
      assertThat(OpenFiles.count()).as("descriptors after seed " + seed).isEqualTo(before);
      assertThat(rig.memory.regions()).as("memory after seed " + seed).isEmpty();
    }
    servesAsEver();
  }

  private void servesAsEver() throws Exception {
    UnixConnection[] pair = UnixConnection.pair();
    Served served = rig.serve(pair[1]);
    try (VhostUserClient client = new VhostUserClient(pair[0])) {
      client.checkDisk(client.bringUp(), 0, 1);
    }
    assertThat(served.await()).isNull();
  }

  private void fuzz(int seed) throws Exception {
    Random random = new Random(seed);
    UnixConnection[] pair = UnixConnection.pair();
    Served served = rig.serve(pair[1]);
    int other = Libc.memfdCreate("other", LinuxAbi.MFD_CLOEXEC);
    int[] sockets = BackEndRequests.pair();
    try (VhostUserClient client = new VhostUserClient(pair[0])) {
      VhostUserClient.Queue queue = random.nextBoolean() ? client.bringUp() : null;
      if (queue == null && random.nextBoolean()) {
        client.negotiate();
      }
      for (int i = 0; i < FUZZ_MESSAGES; i++) {
        scribble(client, random);
        int event = queue == null ? other : queue.kick;
        int[] pool = {client.memoryFd, other, sockets[1], event};
        sendAnything(client, random, pool);
        if (queue != null) {
          client.ring(queue);
        }
      }
    } catch (IOException e) {
      // It has had enough.
    } finally {
      pair[0].shutdown();
      Exception end = served.await();
      assertThat(end == null || end instanceof IOException)
          .as("seed " + seed + ": " + end)
          .isTrue();
      Libc.close(other);
      Libc.close(sockets[0]);
      Libc.close(sockets[1]);
    }
  }

  private static void scribble(VhostUserClient client, Random random) {
    for (int i = 0; i < 4; i++) {
      client.memory.writeInt(
          0x1000 + random.nextInt(0x1000), random.nextInt(1 << random.nextInt(31)));
    }
  }

  private static void sendAnything(VhostUserClient client, Random random, int[] pool)
      throws IOException {
    VhostUserRequest[] all = VhostUserRequest.values();
    VhostUserRequest request = all[random.nextInt(all.length)];
    int size =
        switch (random.nextInt(40)) {
          case 0 -> random.nextInt(300);
          case 1 -> 0;
          default -> usualSize(request);
        };
    byte[] payload = new byte[size];
    for (int at = 0; at + 4 <= size; at += 4) {
      int value = interesting(random);
      payload[at] = (byte) value;
      payload[at + 1] = (byte) (value >> 8);
      payload[at + 2] = (byte) (value >> 16);
      payload[at + 3] = (byte) (value >> 24);
    }
    int[] fds = new int[random.nextInt(16) == 0 ? random.nextInt(3) : usualFds(request, payload)];
    for (int i = 0; i < fds.length; i++) {
      fds[i] = pool[random.nextInt(pool.length)];
    }
    int flags = random.nextInt(30) == 0 ? random.nextInt() : VhostUserMessage.VERSION;
    // Most ask for an answer, or the first refusal ends it all.
    client.sendRaw(request.code(), flags | VhostUserMessage.NEED_REPLY, payload, fds);
  }

  private static int usualSize(VhostUserRequest request) {
    for (int size : new int[] {0, 8, 40}) {
      if (request.takes(size) && !request.takes(1)) {
        return size;
      }
    }
    return switch (request) {
      case SET_MEM_TABLE -> 40;
      case GET_INFLIGHT_FD, SET_INFLIGHT_FD -> 24;
      default -> 13;
    };
  }

  private static int usualFds(VhostUserRequest request, byte[] payload) {
    return switch (request) {
      case SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR ->
          payload.length > 1 && (payload[1] & 1) != 0 ? 0 : 1;
      case SET_MEM_TABLE, ADD_MEM_REG, SET_BACKEND_REQ_FD, SET_INFLIGHT_FD -> 1;
      default -> 0;
    };
  }

  private static int interesting(Random random) {
    return switch (random.nextInt(8)) {
      case 0 -> (int) VhostUserClient.USER_BASE;
      case 1 -> (int) (VhostUserClient.USER_BASE >> 32);
      case 2 -> 0x1000 * random.nextInt(16);
      case 3 -> random.nextInt();
      case 4 -> -1;
      case 5 -> 16;
      default -> random.nextInt(3);
    };
  }
}
