package dev.platter.devices.virtio.blk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.DriverQueue;
import dev.platter.devices.driver.VirtioMmioBlkDriver;
import dev.platter.devices.virtio.mmio.MmioRegisters;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a guest's requests cost is bounded: long ones wait for room, and none is lost. */
class VirtioBlkBoundsTest {
  private static final int LONG = SlotEntries.CHUNKS;
  private static final int SEGMENTS = 20;
  private static final int REQUESTS = LONG + 10;

  private final BlkRig rig = new BlkRig(new VirtioBlk.Options(1, 64, "rig"), 512, false);

  @AfterEach
  void close() {
    rig.disk.releaseAll();
    rig.pump();
    rig.close();
  }

  private VirtioMmioBlkDriver bringUp(boolean packed) {
    VirtioMmioBlkDriver.Options options = VirtioMmioBlkDriver.Options.DEFAULT;
    return rig.bringUp(packed ? options.packed() : options);
  }

  private static long place(int request) {
    return BlkRig.BUFFER + request * 0x8000L;
  }

  private void header(int request, int type, long sector) {
    rig.cpu.memory().writeInt(place(request), type);
    rig.cpu.memory().writeLong(place(request) + 8, sector);
    rig.cpu.memory().writeByte(place(request) + 32, 0xff);
  }

  private int status(int request) {
    return rig.cpu.memory().readByte(place(request) + 32);
  }

  /** A read of sectors that lie apart in memory. */
  private void offerScattered(DriverQueue queue, int request) {
    header(request, BlkAbi.T_IN, request);
    queue.add(place(request), BlkAbi.HEADER_BYTES, false);
    for (int i = 0; i < SEGMENTS; i++) {
      queue.add(place(request) + 0x1000 + i * 1024L, 512, true);
    }
    queue.add(place(request) + 32, 1, true);
    assertThat(queue.offerIndirect(place(request) + 0x7000)).isNotNegative();
  }

  /** The longest discard, of ranges of one sector each. */
  private void offerDiscard(DriverQueue queue, int request) {
    header(request, BlkAbi.T_DISCARD, 0);
    for (int i = 0; i < BlkConfig.MAX_SEGMENTS; i++) {
      long segment = place(request) + 0x1000 + 16L * i;
      rig.cpu.memory().writeLong(segment, 8L * i);
      rig.cpu.memory().writeInt(segment + 8, 1);
      rig.cpu.memory().writeInt(segment + 12, 0);
    }
    queue.add(place(request), BlkAbi.HEADER_BYTES, false);
    queue.add(place(request) + 0x1000, 16 * BlkConfig.MAX_SEGMENTS, false);
    queue.add(place(request) + 32, 1, true);
    assertThat(queue.offerIndirect(place(request) + 0x7000)).isNotNegative();
  }

  private void releaseOneByOne(DriverQueue queue, int requests) {
    int done = 0;
    while (done < requests) {
      assertThat(rig.disk.heldCount()).isPositive();
      rig.disk.release(0);
      rig.pump();
      while (queue.take() != DriverQueue.NONE) {
        done++;
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void longRequestsWaitForRoom(boolean packed) {
    DriverQueue queue = bringUp(packed).driverQueue(0);
    for (int i = 0; i < REQUESTS; i++) {
      rig.disk.poke(512L * i, BlkRig.patternBytes(i, SEGMENTS * 512));
      // Each overwrites what the one before has set, but for its own first sector.
    }
    rig.disk.hold();
    for (int i = 0; i < REQUESTS; i++) {
      offerScattered(queue, i);
    }
    rig.bus.kick(0);
    rig.pump();
    assertThat(rig.disk.heldCount()).isEqualTo(LONG);
    releaseOneByOne(queue, REQUESTS);
    for (int i = 0; i < REQUESTS; i++) {
      assertThat(status(i)).isEqualTo(BlkAbi.S_OK);
      assertThat(rig.bytes(place(i) + 0x1000, 512)).isEqualTo(rig.disk.peek(512L * i, 512));
    }
  }

  /** Short requests need no room, also while a long one waits: but they come after it. */
  @Test
  void shortRequestsNeedNoRoom() {
    VirtioMmioBlkDriver driver = bringUp(false);
    rig.disk.hold();
    for (int i = 0; i < LONG; i++) {
      offerScattered(driver.driverQueue(0), i);
    }
    driver.submit(0, Operation.READ, 0, place(LONG), 4096);
    rig.bus.kick(0);
    rig.pump();
    assertThat(rig.disk.heldCount()).isEqualTo(LONG + 1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void longDiscardsWaitForRoom(boolean packed) {
    DriverQueue queue = bringUp(packed).driverQueue(0);
    rig.disk.hold();
    for (int i = 0; i < REQUESTS; i++) {
      offerDiscard(queue, i);
    }
    rig.bus.kick(0);
    rig.pump();
    assertThat(rig.disk.heldCount()).isEqualTo(LONG);
    releaseOneByOne(queue, REQUESTS);
    assertThat(rig.disk.count(Operation.DISCARD))
        .isEqualTo((long) REQUESTS * BlkConfig.MAX_SEGMENTS);
  }

  /**
   * One that was taken from the ring and waits for room is in flight: whoever stops waits for it.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aRequestThatWaitsForRoomIsInFlight(boolean packed) {
    DriverQueue queue = bringUp(packed).driverQueue(0);
    rig.disk.hold();
    for (int i = 0; i < REQUESTS; i++) {
      offerScattered(queue, i);
    }
    rig.bus.kick(0);
    rig.pump();
    // Released in turns of the loop that the stop takes while it waits.
    Runnable[] again = new Runnable[1];
    dev.platter.aio.loop.BottomHalf release = rig.context.newBottomHalf(() -> again[0].run());
    again[0] =
        () -> {
          if (rig.disk.heldCount() > 0) {
            rig.disk.release(0);
            release.schedule();
          }
        };
    release.schedule();
    rig.cpu.store(BlkRig.MMIO + MmioRegisters.QUEUE_SEL, 4, 0);
    rig.cpu.store(BlkRig.MMIO + MmioRegisters.QUEUE_READY, 4, 0);
    int done = 0;
    while (queue.take() != DriverQueue.NONE) {
      assertThat(status(done)).isEqualTo(BlkAbi.S_OK);
      done++;
    }
    assertThat(done).isEqualTo(LONG + 1);
    assertThat(rig.disk.heldCount()).isZero();
  }

  /** Also while a loop holds its clients: what was taken goes on, and nothing else is taken. */
  @Test
  void aRequestThatWaitsForRoomIsInFlightWhileTheLoopPauses() {
    DriverQueue queue = bringUp(false).driverQueue(0);
    rig.disk.hold();
    for (int i = 0; i < REQUESTS; i++) {
      offerScattered(queue, i);
    }
    rig.bus.kick(0);
    rig.pump();
    BlkQueue client = rig.blk.queue(0);
    client.hold();
    assertThat(client.inFlight()).isEqualTo(LONG + 1);
    rig.disk.release(0);
    rig.pump();
    assertThat(rig.disk.heldCount()).as("the one that has waited").isEqualTo(LONG);
    rig.disk.releaseAll();
    rig.pump();
    assertThat(client.inFlight()).isZero();
    rig.disk.stopHolding();
    client.resume();
    rig.pump();
    int done = 0;
    while (queue.take() != DriverQueue.NONE) {
      done++;
    }
    assertThat(done).isEqualTo(REQUESTS);
  }

  /** Longer than any chunk: only memory in many regions could make it so. Refused, not kept. */
  @Test
  void aChunkHoldsTheLongestChain() {
    assertThat(SlotEntries.bytes(1024)).isLessThan(1 << 20);
    assertThat(new VirtioBlk.Options(64, 1024, "x").nativeBytes()).isLessThan(64L << 20);
    assertThat(new VirtioBlk.Options(64, 256, "x").heapBytes()).isLessThan(16L << 20);
  }
}
