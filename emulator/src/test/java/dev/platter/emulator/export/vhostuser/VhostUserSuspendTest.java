package dev.platter.emulator.export.vhostuser;

import static dev.platter.emulator.export.vhostuser.VhostUserClient.BUFFERS;
import static dev.platter.emulator.export.vhostuser.VhostUserClient.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.loop.IoThread;
import dev.platter.devices.virtio.blk.BlkAbi;
import dev.platter.emulator.export.vhostuser.VhostUserClient.Queue;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A front-end whose disk's loops are suspended and resumed, as a server's are. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class VhostUserSuspendTest extends FrontEndTest {
  private static final long BUFFER = BUFFERS + 0x1000;

  private void beginSuspend() {
    rig.mainLoop.beginSuspend();
    rig.threads.forEach(IoThread::beginSuspend);
  }

  private int suspend() {
    beginSuspend();
    int drained = rig.mainLoop.suspend();
    for (IoThread thread : rig.threads) {
      drained += thread.suspend();
    }
    return drained;
  }

  private void resume() {
    rig.mainLoop.resume();
    rig.threads.forEach(IoThread::resume);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatIsAskedMeanwhileIsDoneLater(boolean packed) throws Exception {
    Queue queue = bringUp(packed);
    for (int round = 0; round < 5; round++) {
      client.checkDisk(queue, 8, round);
      assertThat(suspend()).isZero();
      rig.disk.takeSubmitted();
      client.fill(BUFFER, 512, round);
      client.offer(queue, BlkAbi.T_OUT, 100, BUFFER, 512);
      client.kick(queue);
      assertThat(client.askNumber(VhostUserRequest.GET_FEATURES)).isNotZero();
      assertThat(rig.disk.takeSubmitted()).isEmpty();
      assertThat(client.statusAt(BUFFER)).isEqualTo(0xff);
      resume();
      client.awaitUsed(queue, 1);
      assertThat(client.statusAt(BUFFER)).isEqualTo(BlkAbi.S_OK);
      assertThat(client.run(queue, BlkAbi.T_IN, 100, BUFFER + 0x1000, 512)).isZero();
      client.check(BUFFER + 0x1000, 512, round);
    }
  }

  /** A driver that was told not to kick does not: the ring itself says that there is work. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void noKickIsNeeded(boolean packed) throws Exception {
    Queue queue = bringUp(packed);
    // No request before: the counter of a doorbell that was rung once would be reason enough.
    suspend();
    client.offer(queue, BlkAbi.T_IN, 8, BUFFER, 512);
    resume();
    client.awaitUsed(queue, 1);
    assertThat(client.statusAt(BUFFER)).isEqualTo(BlkAbi.S_OK);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatIsInFlightIsWaitedForAndReported(boolean packed) throws Exception {
    Queue queue = bringUp(packed);
    rig.disk.closeGate();
    client.offer(queue, BlkAbi.T_IN, 8, BUFFER, 512);
    client.kick(queue);
    rig.disk.awaitHeld(1);
    beginSuspend();
    client.offer(queue, BlkAbi.T_IN, 8, BUFFER + 0x1000, 512); // too late
    client.kick(queue);
    assertThat(client.askNumber(VhostUserRequest.GET_QUEUE_NUM)).isEqualTo(2);
    rig.disk.openGate();
    int drained = suspend();
    // The second may have been taken just before, but the one in flight was there.
    assertThat(drained).isBetween(1, 2);
    assertThat(client.statusAt(BUFFER)).isEqualTo(BlkAbi.S_OK);
    client.awaitUsed(queue, drained); // the interrupt came before the loop was suspended
    if (drained == 1) {
      assertThat(client.statusAt(BUFFER + 0x1000)).isEqualTo(0xff);
      resume();
      client.awaitUsed(queue, 1);
    }
    assertThat(client.statusAt(BUFFER + 0x1000)).isEqualTo(BlkAbi.S_OK);
  }

  /** A guest that boots again, or a QEMU that is stopped and continued: nothing waits. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void allMessagesAreAnsweredMeanwhile(boolean packed) throws Exception {
    Queue queue = bringUp(packed);
    client.checkDisk(queue, 8, 1);
    suspend();
    client.offer(queue, BlkAbi.T_IN, 8, BUFFER, 512);
    int base = client.stop(queue);
    client.shareMemory();
    client.start(queue, base);
    Queue second = client.newQueue(1, 16);
    client.start(second, client.base());
    client.offer(second, BlkAbi.T_IN, 8, BUFFER + 0x1000, 512);
    client.ring(second);
    client.must(VhostUserRequest.SET_VRING_ENABLE, bytes(0, 0));
    client.must(VhostUserRequest.SET_VRING_ENABLE, bytes(0, 1));
    ByteBuffer config = client.ask(VhostUserRequest.GET_CONFIG, bytes(0, 8, 0, 0L)); // the capacity
    assertThat(config.getLong(12)).isEqualTo(VhostUserRig.DISK_BYTES / 512);
    client.must(VhostUserRequest.SET_CONFIG, bytes(BlkAbi.CFG_WRITEBACK, 1, 0, (byte) 0));
    assertThat(rig.disk.takeSubmitted()).hasSize(3); // those of before, and what the cache held
    resume();
    client.awaitUsed(queue, 1);
    client.awaitUsed(second, 1);
    client.checkDisk(queue, 8, 2);
    client.checkDisk(second, 80, 3);
    suspend();
    client.must(VhostUserRequest.RESET_DEVICE, NOTHING);
    resume();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aClientMayLeaveAndAnotherComeMeanwhile(boolean packed) throws Exception {
    Queue queue = bringUp(packed);
    client.checkDisk(queue, 8, 1);
    suspend();
    client.offer(queue, BlkAbi.T_IN, 8, BUFFER, 512);
    client.kick(queue);
    client.leave();
    assertThat(served.await()).isNull();
    client.close();
    assertThat(rig.memory.regions()).isEmpty();

    connect();
    Queue another = bringUp(packed);
    client.offer(another, BlkAbi.T_IN, 8, BUFFER, 8192);
    client.kick(another);
    resume();
    client.awaitUsed(another, 1);
    assertThat(client.statusAt(BUFFER)).isEqualTo(BlkAbi.S_OK);
    client.check(BUFFER, 8192, 1);
  }

  @Test
  void theServerMayEndMeanwhile() throws Exception {
    Queue queue = bringUp(false);
    client.checkDisk(queue, 8, 1);
    suspend();
    client.offer(queue, BlkAbi.T_IN, 8, BUFFER, 512);
    client.kick(queue);
    // leave() closes all of it.
  }

  /** Fifty times at random moments: each request is done once, and what is read was written. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void underLoadNothingIsLost(boolean packed) throws Exception {
    Queue first = bringUp(packed);
    Queue second = client.newQueue(1, 64);
    client.start(second, client.base());
    AtomicBoolean over = new AtomicBoolean();
    CountDownLatch begun = new CountDownLatch(1);
    FutureTask<Integer> load =
        new FutureTask<>(() -> {
          Random random = new Random(17);
          int rounds = 0;
          while (!over.get() || rounds < 50) {
            // Sometimes the queue is stopped and started, suspended or not.
            Queue queue = random.nextBoolean() ? first : second;
            if (random.nextInt(8) == 0) {
              client.start(queue, client.stop(queue));
            }
            writeAndReadBack(queue, 10, rounds);
            rounds++;
            begun.countDown();
          }
          return rounds;
        });
    Thread.ofPlatform().name("guest").start(load);
    begun.await();
    Random random = new Random(18);
    int drained = 0;
    for (int i = 0; i < 50; i++) {
      drained += suspend();
      spin(random.nextInt(2_000_000));
      resume();
      spin(random.nextInt(3_000_000));
    }
    over.set(true);
    assertThat(load.get()).isGreaterThanOrEqualTo(50);
    assertThat(drained).as("some were in flight").isPositive();
  }

  private static void spin(long nanos) {
    long end = System.nanoTime() + nanos;
    while (System.nanoTime() - end < 0) {
      Thread.onSpinWait();
    }
  }

  /** Writes some blocks at once, and reads them at once. */
  private void writeAndReadBack(Queue queue, int count, int seed) {
    int type = BlkAbi.T_OUT;
    int depth = Math.min(count, queue.ring.size() / 3);
    for (int pass = 0; pass < 2; pass++) {
      for (int i = 0; i < depth; i++) {
        long buffer = BUFFER + i * 0x2000L;
        client.fill(buffer, 4096, type == BlkAbi.T_OUT ? seed + i : -1);
        client.offer(queue, type, 1000L * queue.index + 8L * i, buffer, 4096);
        if (i % 2 == 0) {
          client.kick(queue);
        }
      }
      client.kick(queue);
      client.awaitUsed(queue, depth);
      for (int i = 0; i < depth; i++) {
        assertThat(client.statusAt(BUFFER + i * 0x2000L)).isEqualTo(BlkAbi.S_OK);
      }
      type = BlkAbi.T_IN;
    }
    for (int i = 0; i < depth; i++) {
      client.check(BUFFER + i * 0x2000L, 4096, seed + i);
    }
  }
}
