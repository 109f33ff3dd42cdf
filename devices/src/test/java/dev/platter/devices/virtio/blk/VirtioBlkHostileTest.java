package dev.platter.devices.virtio.blk;

import static dev.platter.devices.virtio.Vring.DESC_F_NEXT;
import static dev.platter.devices.virtio.Vring.DESC_F_WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.SplitDriverQueue;
import dev.platter.devices.driver.VirtioMmioBlkDriver;
import dev.platter.devices.driver.VirtioMmioBlkDriver.Options;
import dev.platter.devices.virtio.DeviceStatus;
import dev.platter.devices.virtio.VirtioFeatures;
import dev.platter.devices.virtio.mmio.MmioRegisters;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Requests that no good driver makes, built by hand, and layouts that only an odd one does. */
class VirtioBlkHostileTest {
  private static final long HEADER = BlkRig.BUFFER;
  private static final long DATA = BlkRig.BUFFER + 0x1000;
  private static final long STATUS = BlkRig.BUFFER + 0x800;
  private static final int UNTOUCHED = 0xee;

  private final BlkRig rig = new BlkRig();
  private VirtioMmioBlkDriver driver = rig.bringUp();
  private SplitDriverQueue queue = driver.queue(0);
  private int next;

  @BeforeEach
  void prepare() {
    rig.cpu.memory().writeByte(STATUS, UNTOUCHED);
  }

  @AfterEach
  void close() {
    rig.close();
  }

  private void header(int type, long sector) {
    rig.cpu.memory().writeInt(HEADER, type);
    rig.cpu.memory().writeLong(HEADER + 8, sector);
  }

  /** Appends a descriptor to the chain that starts at 0. */
  private void desc(long address, int length, int flags) {
    queue.writeDescriptor(next, address, length, flags, next + 1);
    next++;
  }

  private void go() {
    queue.offer(0);
    rig.bus.kick(0);
    rig.pump();
    next = 0;
  }

  private int status() {
    return rig.cpu.memory().readByte(STATUS);
  }

  private void assertAnswered(int expectedStatus) {
    assertThat(queue.takeUsed()).isZero();
    assertThat(status()).isEqualTo(expectedStatus);
    assertThat(rig.bus.status() & DeviceStatus.NEEDS_RESET).isZero();
  }

  private void assertNeedsReset(String why) {
    assertThat(queue.hasUsed()).isFalse();
    assertThat(rig.bus.status() & DeviceStatus.NEEDS_RESET).isNotZero();
    assertThat(rig.bus.acknowledgeInterrupt() & MmioRegisters.INT_CONFIG).isNotZero();
    assertThat(rig.transport.fault(0)).contains(why);
    // A reset mends it (2.1.2).
    assertThat(rig.run(rig.bringUp(), Operation.READ, 0, DATA, 512)).isZero();
  }

  // ---- layouts (2.7.4) -----------------------------------------------------------------------

  @Test
  void headerDataAndStatusMayBeCutAnywhere() {
    header(BlkAbi.T_IN, 3);
    rig.disk.poke(3 * 512, BlkRig.patternBytes(3, 512));
    desc(HEADER, 1, DESC_F_NEXT);
    desc(HEADER + 1, 7, DESC_F_NEXT);
    desc(HEADER + 8, 0, DESC_F_NEXT);
    desc(HEADER + 8, 8, DESC_F_NEXT);
    desc(DATA, 511, DESC_F_NEXT | DESC_F_WRITE);
    // The last byte of data and the status share a descriptor.
    desc(DATA + 511, 2, DESC_F_WRITE);
    go();
    assertThat(queue.takeUsed()).isZero();
    assertThat(queue.usedLength()).isEqualTo(513);
    assertThat(rig.bytes(DATA, 512)).isEqualTo(BlkRig.patternBytes(3, 512));
    assertThat(rig.cpu.memory().readByte(DATA + 512)).isZero();
  }

  @Test
  void headerAndDataMayShareADescriptor() {
    header(BlkAbi.T_OUT, 5);
    rig.fill(HEADER + 16, 1024, 9);
    desc(HEADER, 16 + 1024, DESC_F_NEXT);
    desc(STATUS + 0x2000, 1, DESC_F_WRITE);
    go();
    assertThat(queue.takeUsed()).isZero();
    assertThat(rig.disk.peek(5 * 512, 1024)).isEqualTo(BlkRig.patternBytes(9, 1024));
  }

  // ---- chains that cannot be answered --------------------------------------------------------

  @Test
  void noStatusByte() {
    header(BlkAbi.T_FLUSH, 0);
    desc(HEADER, 16, 0);
    go();
    assertNeedsReset("no room for a status");
  }

  @Test
  void statusThatIsReadOnly() {
    header(BlkAbi.T_IN, 0);
    desc(HEADER, 16, DESC_F_NEXT);
    desc(STATUS, 1, 0);
    go();
    assertNeedsReset("no room for a status");
    assertThat(status()).isEqualTo(UNTOUCHED);
  }

  @Test
  void statusOfLengthZero() {
    header(BlkAbi.T_FLUSH, 0);
    desc(HEADER, 16, DESC_F_NEXT);
    desc(STATUS, 0, DESC_F_WRITE);
    go();
    assertNeedsReset("no room for a status");
  }

  @Test
  void headerThatIsTooShort() {
    header(BlkAbi.T_FLUSH, 0);
    desc(HEADER, 15, DESC_F_NEXT);
    desc(STATUS, 1, DESC_F_WRITE);
    go();
    assertNeedsReset("no header");
  }

  @Test
  void headerOutsideMemory() {
    desc(BlkRig.RAM_BYTES - 8, 16, DESC_F_NEXT);
    desc(STATUS, 1, DESC_F_WRITE);
    go();
    assertNeedsReset("no header");
  }

  @Test
  void statusOutsideMemory() {
    header(BlkAbi.T_FLUSH, 0);
    desc(HEADER, 16, DESC_F_NEXT);
    desc(-1, 1, DESC_F_WRITE);
    go();
    assertNeedsReset("status byte is outside");
  }

  @Test
  void aLoopThroughTheDevice() {
    header(BlkAbi.T_IN, 0);
    queue.writeDescriptor(0, HEADER, 16, DESC_F_NEXT, 0);
    go();
    assertNeedsReset("loop");
  }

  @Test
  void aBrokenQueueTakesNothingMore() {
    desc(HEADER, 16, 0);
    go();
    driver.submit(1, Operation.READ, 0, DATA, 512);
    driver.kick();
    rig.bus.kick(0);
    rig.pump();
    assertThat(rig.disk.count(Operation.READ)).isZero();
  }

  @Test
  void doorbellsOfQueuesThatAreNotThere() {
    rig.bus.kick(1);
    rig.bus.kick(-1);
    rig.pump();
    assertThat(rig.run(driver, Operation.READ, 0, DATA, 512)).isZero();
  }

  // ---- requests that fail --------------------------------------------------------------------

  @Test
  void dataOutsideMemoryFailsTheRequestAlone() {
    for (long address : new long[] {BlkRig.RAM_BYTES - 256, BlkRig.RAM_BYTES, -512, -1}) {
      header(BlkAbi.T_IN, 0);
      desc(HEADER, 16, DESC_F_NEXT);
      desc(address, 512, DESC_F_NEXT | DESC_F_WRITE);
      desc(STATUS, 1, DESC_F_WRITE);
      go();
      assertAnswered(BlkAbi.S_IOERR);
      header(BlkAbi.T_OUT, 0);
      desc(HEADER, 16, DESC_F_NEXT);
      desc(address, 512, DESC_F_NEXT);
      desc(STATUS, 1, DESC_F_WRITE);
      go();
      assertAnswered(BlkAbi.S_IOERR);
    }
    assertThat(rig.disk.count(Operation.READ)).isZero();
  }

  @Test
  void getIdOutsideMemoryFails() {
    header(BlkAbi.T_GET_ID, 0);
    desc(HEADER, 16, DESC_F_NEXT);
    desc(-20, 20, DESC_F_NEXT | DESC_F_WRITE);
    desc(STATUS, 1, DESC_F_WRITE);
    go();
    assertAnswered(BlkAbi.S_IOERR);
  }

  // ---- discard and write zeroes (5.2.6.2) ----------------------------------------------------

  private void segment(int index, long sector, int sectors, int flags) {
    long at = DATA + 16L * index;
    rig.cpu.memory().writeLong(at, sector);
    rig.cpu.memory().writeInt(at + 8, sectors);
    rig.cpu.memory().writeInt(at + 12, flags);
  }

  private void segments(int type, int bytes, int expected) {
    header(type, 0);
    desc(HEADER, 16, DESC_F_NEXT);
    desc(DATA, bytes, DESC_F_NEXT);
    desc(STATUS, 1, DESC_F_WRITE);
    go();
    assertAnswered(expected);
  }

  @Test
  void segmentsAreDoneInTurn() {
    rig.disk.poke(0, BlkRig.patternBytes(1, 8192));
    rig.disk.hold();
    for (int i = 0; i < 3; i++) {
      segment(i, i * 4L, 2, i == 1 ? BlkAbi.SEGMENT_F_UNMAP : 0);
    }
    header(BlkAbi.T_WRITE_ZEROES, 0);
    desc(HEADER, 16, DESC_F_NEXT);
    desc(DATA, 48, DESC_F_NEXT);
    desc(STATUS, 1, DESC_F_WRITE);
    go();
    // The guest may change them after they were read.
    segment(1, 100, 1, 0);
    for (int i = 0; i < 3; i++) {
      assertThat(rig.disk.heldCount()).isEqualTo(1);
      assertThat(rig.disk.held(0).offsetBytes()).isEqualTo(i * 2048L);
      assertThat(rig.disk.held(0).lengthBytes()).isEqualTo(1024);
      assertThat(rig.disk.held(0).mayUnmap()).isEqualTo(i == 1);
      assertThat(status()).isEqualTo(UNTOUCHED);
      rig.disk.release(0);
    }
    rig.pump();
    assertAnswered(BlkAbi.S_OK);
    assertThat(rig.disk.peek(2048, 1024)).containsOnly(0);
    assertThat(rig.disk.peek(1024, 1024)).isNotEqualTo(new byte[1024]);
  }

  @Test
  void aFailedSegmentEndsTheRequest() {
    segment(0, 0, 1, 0);
    segment(1, 1, 1, 0);
    rig.disk.setFault(request -> -5);
    segments(BlkAbi.T_DISCARD, 32, BlkAbi.S_IOERR);
    assertThat(rig.disk.count(Operation.DISCARD)).isEqualTo(1);
  }

  @Test
  void sixtyFourSegmentsAreTheLimit() {
    for (int i = 0; i < 65; i++) {
      segment(i, i, 1, 0);
    }
    segments(BlkAbi.T_DISCARD, 64 * 16, BlkAbi.S_OK);
    assertThat(rig.disk.count(Operation.DISCARD)).isEqualTo(64);
    segments(BlkAbi.T_DISCARD, 65 * 16, BlkAbi.S_IOERR);
    assertThat(rig.disk.count(Operation.DISCARD)).isEqualTo(64);
  }

  @Test
  void flagsAreChecked() {
    segment(0, 0, 1, BlkAbi.SEGMENT_F_UNMAP);
    segments(BlkAbi.T_DISCARD, 16, BlkAbi.S_UNSUPP);
    segments(BlkAbi.T_WRITE_ZEROES, 16, BlkAbi.S_OK);
    segment(0, 0, 1, 2);
    segments(BlkAbi.T_DISCARD, 16, BlkAbi.S_UNSUPP);
    segments(BlkAbi.T_WRITE_ZEROES, 16, BlkAbi.S_UNSUPP);
  }

  @Test
  void segmentRangesAreCheckedBeforeAnyIsDone() {
    long end = BlkRig.DISK_BYTES / 512;
    long[][] bad = {{end, 1}, {end - 1, 2}, {-1, 1}, {1L << 60, 1}, {0, -1}, {0, (1 << 22) + 1}};
    for (long[] range : bad) {
      segment(0, 0, 1, 0);
      segment(1, range[0], (int) range[1], 0);
      segments(BlkAbi.T_DISCARD, 32, BlkAbi.S_IOERR);
      segments(BlkAbi.T_WRITE_ZEROES, 32, BlkAbi.S_IOERR);
    }
    assertThat(rig.disk.count(Operation.DISCARD)).isZero();
    assertThat(rig.disk.count(Operation.WRITE_ZEROES)).isZero();
  }

  @Test
  void segmentsMustBeWhole() {
    segment(0, 0, 1, 0);
    for (int bytes : new int[] {0, 1, 15, 17, 31}) {
      segments(BlkAbi.T_DISCARD, bytes, BlkAbi.S_IOERR);
    }
    segment(0, 0, 0, 0);
    segments(BlkAbi.T_DISCARD, 16, BlkAbi.S_OK);
    assertThat(rig.disk.count(Operation.DISCARD)).isZero();
  }

  @Test
  void withoutTheFeatureTheyAreUnsupported() {
    driver =
        rig.bringUp(
            Options.DEFAULT.without(
                BlkAbi.F_DISCARD | BlkAbi.F_WRITE_ZEROES | VirtioFeatures.INDIRECT_DESC));
    queue = driver.queue(0);
    segment(0, 0, 1, 0);
    segments(BlkAbi.T_DISCARD, 16, BlkAbi.S_UNSUPP);
    segments(BlkAbi.T_WRITE_ZEROES, 16, BlkAbi.S_UNSUPP);
  }
}
