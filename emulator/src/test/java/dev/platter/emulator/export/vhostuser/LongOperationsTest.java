package dev.platter.emulator.export.vhostuser;

import static dev.platter.emulator.export.vhostuser.VhostUserClient.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.aio.loop.IoThread;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.sys.Libc;
import dev.platter.devices.virtio.blk.BlkAbi;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Requests that would take minutes hold nobody up: neither who suspends the loops (quiesce), nor
 * who stops a queue (GET_VRING_BASE, removal, SIGTERM).
 */
@Timeout(60)
class LongOperationsTest {
  private static final int REQUESTS = 16;
  private static final int SEGMENTS = 64;
  private static final int UNANSWERED = 0xff;
  // tmpfs has no ZERO_RANGE: each zero is written.
  private static final Path SHM = Path.of("/dev/shm");

  private Path directory = Path.of("");
  private VhostUserRig rig;
  private VhostUserClient client;
  private VhostUserRig.Served served;

  @BeforeEach
  void open() throws Exception {
    assumeTrue(Files.isWritable(SHM), "needs /dev/shm");
    directory = Files.createTempDirectory(SHM, "platter");
    rig = new VhostUserRig(directory);
    UnixConnection[] pair = UnixConnection.pair();
    served = rig.serve(pair[1]);
    client = new VhostUserClient(pair[0]);
    client.features |= BlkAbi.F_DISCARD | BlkAbi.F_WRITE_ZEROES;
    client.negotiate();
    client.shareMemory();
  }

  @AfterEach
  void close() throws IOException {
    client.close();
    rig.close();
    try (var files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(directory);
  }

  private VhostUserClient.Queue queue() {
    return client.newQueue(0, 64);
  }

  private static long statusOf(int request) {
    return VhostUserClient.BUFFERS + 4096 + request;
  }

  private int status(int request) {
    return client.memory.readByte(statusOf(request)) & 0xff;
  }

  private long answered() {
    long answered = 0;
    for (int request = 0; request < REQUESTS; request++) {
      answered += status(request) == UNANSWERED ? 0 : 1;
    }
    return answered;
  }

  /** Each asks for the whole disk, 64 times over; together 16 GiB. */
  private void ask(VhostUserClient.Queue queue, int type) {
    long header = VhostUserClient.BUFFERS;
    client.memory.writeInt(header, type);
    client.memory.writeLong(header + 8, 0);
    for (int i = 0; i < SEGMENTS; i++) {
      long segment = header + 64 + 16L * i;
      client.memory.writeLong(segment, 0);
      client.memory.writeInt(segment + 8, (int) (VhostUserRig.DISK_BYTES / BlkAbi.SECTOR_BYTES));
      client.memory.writeInt(segment + 12, 0);
    }
    for (int request = 0; request < REQUESTS; request++) {
      queue.ring.add(header, 16, false);
      queue.ring.add(header + 64, SEGMENTS * 16, false);
      queue.ring.add(statusOf(request), 1, true);
      client.memory.writeByte(statusOf(request), (byte) UNANSWERED);
      assertThat(queue.ring.offer()).isNotNegative();
    }
    client.kick(queue);
    // On a busy host the first of them may be over before the last has begun.
    while (rig.image.meter().usage().inFlight() < REQUESTS && answered() == 0) {
      Thread.onSpinWait();
    }
  }

  private void suspend() {
    rig.threads.forEach(IoThread::beginSuspend);
    rig.threads.forEach(IoThread::suspend);
  }

  private void resume() {
    rig.threads.forEach(IoThread::resume);
  }

  @Test
  void zeroesArePartlyDoneWhenTheLoopsAreSuspendedAndGoOnAfterwards() throws Exception {
    VhostUserClient.Queue queue = queue();
    client.start(queue, client.base());
    ask(queue, BlkAbi.T_WRITE_ZEROES);
    suspend();
    assertThat(answered()).as("of %d, of 1 GiB each", REQUESTS).isLessThan(REQUESTS);
    assertThat(rig.image.meter().usage().inFlight()).isPositive();
    resume();
    long before = rig.threads.getFirst().context().stats().snapshot().blockSqes();
    while (rig.threads.getFirst().context().stats().snapshot().blockSqes() == before) {
      Thread.onSpinWait(); // for ever, if they do not
    }
    client.stop(queue);
    for (int request = 0; request < REQUESTS; request++) {
      assertThat(status(request)).isIn(BlkAbi.S_OK, BlkAbi.S_IOERR);
    }
    assertThat(status(REQUESTS - 1)).as("not done").isEqualTo(BlkAbi.S_IOERR);
    client.leave();
    assertThat(served.await()).isNull();
  }

  @Test
  void aQueueThatIsStoppedWhileTheLoopsAreSuspendedAnswersWhatIsParked() throws Exception {
    VhostUserClient.Queue queue = queue();
    client.start(queue, client.base());
    ask(queue, BlkAbi.T_WRITE_ZEROES);
    suspend();
    client.stop(queue);
    assertThat(rig.image.meter().usage().inFlight()).isZero();
    assertThat(status(REQUESTS - 1)).isEqualTo(BlkAbi.S_IOERR);
    resume();
    client.leave();
    assertThat(served.await()).isNull();
  }

  @Test
  void aDiscardThatIsCutShortHasSucceeded() throws Exception {
    VhostUserClient.Queue queue = queue();
    client.start(queue, client.base());
    ask(queue, BlkAbi.T_DISCARD);
    client.stop(queue);
    for (int request = 0; request < REQUESTS; request++) {
      assertThat(status(request)).isEqualTo(BlkAbi.S_OK);
    }
    client.leave();
    assertThat(served.await()).isNull();
  }

  /** Where the client keeps a record of what is in flight, the next start does them. */
  @Test
  void zeroesThatAreCutShortAreLeftToTheRecord() throws Exception {
    byte[] description =
        client
            .ask(VhostUserRequest.GET_INFLIGHT_FD, bytes(0L, 0L, (short) 2, (short) 64, 0))
            .array();
    int record = client.fds.take();
    client.must(VhostUserRequest.SET_INFLIGHT_FD, description, record);
    VhostUserClient.Queue queue = queue();
    client.start(queue, client.base());
    ask(queue, BlkAbi.T_WRITE_ZEROES);
    int base = client.stop(queue);
    assertThat(rig.image.meter().usage().inFlight()).isZero();
    assertThat(status(REQUESTS - 1)).isEqualTo(UNANSWERED);
    long left = REQUESTS - answered();
    client.start(queue, base);
    while (rig.image.meter().usage().inFlight() < left) {
      Thread.onSpinWait(); // for ever, if they are not taken again
    }
    client.stop(queue);
    assertThat(status(REQUESTS - 1)).isEqualTo(UNANSWERED);
    Libc.close(record);
    client.leave();
    assertThat(served.await()).isNull();
  }
}
