package dev.platter.devices.virtio.blk;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.VirtioMmioBlkDriver;
import dev.platter.devices.driver.VirtioMmioBlkDriver.Options;
import dev.platter.devices.virtio.VirtioFeatures;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Requests that a good driver makes, over every way to describe them (5.2.6). */
class VirtioBlkIoTest {
  private static final long B = BlkRig.BUFFER;
  private BlkRig rig = new BlkRig();

  @AfterEach
  void close() {
    rig.close();
  }

  private void replaceRig(VirtioBlk.Options options, int blockSize, boolean readOnly) {
    rig.close();
    rig = new BlkRig(options, blockSize, readOnly);
  }

  static List<Options> drivers() {
    Options all = Options.DEFAULT;
    return List.of(
        all,
        all.withSegmentBytes(4096),
        all.withSegmentBytes(512),
        all.withSegmentBytes(777),
        all.without(VirtioFeatures.INDIRECT_DESC),
        all.without(VirtioFeatures.INDIRECT_DESC).withSegmentBytes(512),
        all.without(VirtioFeatures.EVENT_IDX),
        all.without(VirtioFeatures.EVENT_IDX | VirtioFeatures.INDIRECT_DESC),
        all.withQueues(1, 8),
        all.without(-1),
        all.packed(),
        all.packed().withSegmentBytes(777),
        all.packed().without(VirtioFeatures.INDIRECT_DESC).withSegmentBytes(4096),
        all.packed().without(VirtioFeatures.EVENT_IDX | VirtioFeatures.INDIRECT_DESC),
        all.packed().withQueues(1, 5));
  }

  @ParameterizedTest
  @MethodSource("drivers")
  void dataSurvives(Options options) {
    VirtioMmioBlkDriver driver = rig.bringUp(options);
    Random random = new Random(7);
    byte[] model = new byte[1 << 20];
    int depth = driver.queueDepth();
    int maxBlocks = Math.min(driver.maxTransferBytes(), 64 << 10) / 512;
    for (int round = 0; round < 60; round++) {
      int batch = 1 + random.nextInt(Math.min(depth, 8));
      List<int[]> reads = new ArrayList<>();
      int block = 0;
      for (int tag = 0; tag < batch; tag++) {
        // Disjoint ranges, so that the order among them does not matter.
        int start = block + random.nextInt(40);
        int blocks = 1 + random.nextInt(maxBlocks);
        block = start + blocks;
        if (block > model.length / 512) {
          break;
        }
        long buffer = B + (long) tag * (128 << 10) + random.nextInt(64) * 512L;
        boolean write = random.nextBoolean();
        if (write) {
          rig.fill(buffer, blocks * 512, round + tag);
          byte[] data = rig.bytes(buffer, blocks * 512);
          System.arraycopy(data, 0, model, start * 512, data.length);
        } else {
          reads.add(new int[] {start * 512, blocks * 512, (int) (buffer - B)});
        }
        driver.submit(
            tag, write ? Operation.WRITE : Operation.READ, start * 512L, buffer, blocks * 512);
      }
      driver.kick();
      rig.pump();
      driver.interrupt((tag, status) -> assertThat(status).isZero());
      for (int[] read : reads) {
        byte[] expected = new byte[read[1]];
        System.arraycopy(model, read[0], expected, 0, read[1]);
        assertThat(rig.bytes(B + read[2], read[1])).isEqualTo(expected);
      }
    }
    assertThat(rig.disk.peek(0, model.length)).isEqualTo(model);
  }

  @Test
  void buffersAboveFourGigabytes() {
    VirtioMmioBlkDriver driver = rig.bringUp();
    rig.disk.poke(512, BlkRig.patternBytes(1, 512));
    assertThat(rig.run(driver, Operation.READ, 512, BlkRig.HIGH_RAM + 100, 512)).isZero();
    assertThat(rig.bytes(BlkRig.HIGH_RAM + 100, 512)).isEqualTo(BlkRig.patternBytes(1, 512));
  }

  @Test
  void completionsInAnyOrderWithOneInterruptForABurst() {
    VirtioMmioBlkDriver driver = rig.bringUp();
    rig.disk.hold();
    for (int tag = 0; tag < 6; tag++) {
      driver.submit(tag, Operation.READ, tag * 512L, B + tag * 512L, 512);
    }
    driver.kick();
    rig.pump();
    assertThat(rig.disk.heldCount()).isEqualTo(6);
    rig.disk.release(4);
    rig.disk.release(0);
    rig.disk.fail(1, Errno.EIO);
    assertThat(rig.irq.raiseCalls()).isZero();
    rig.pump();
    assertThat(rig.irq.raiseCalls()).isEqualTo(1);
    List<String> done = new ArrayList<>();
    driver.interrupt((tag, status) -> done.add(tag + ":" + status));
    assertThat(done).containsExactly("4:0", "0:0", "2:1");
    rig.disk.releaseAll();
    rig.pump();
    assertThat(driver.interrupt((tag, status) -> {})).isEqualTo(3);
  }

  @Test
  void usedLengthIsWhatWasWrittenFromTheStart() {
    VirtioMmioBlkDriver driver = rig.bringUp();
    rig.run(driver, Operation.READ, 0, B, 1024);
    assertThat(driver.queue(0).usedLength()).isEqualTo(1025);
    rig.run(driver, Operation.WRITE, 0, B, 1024);
    assertThat(driver.queue(0).usedLength()).isEqualTo(1);
    rig.disk.setFault(request -> -Errno.EIO);
    assertThat(rig.run(driver, Operation.READ, 0, B, 1024)).isEqualTo(BlkAbi.S_IOERR);
    assertThat(driver.queue(0).usedLength()).isZero();
  }

  @Test
  void getIdIsTwentyBytes() {
    VirtioMmioBlkDriver driver = rig.bringUp();
    rig.fill(B, 32, 5);
    assertThat(rig.runRaw(driver, BlkAbi.T_GET_ID, 0, B, 20, true)).isZero();
    assertThat(new String(rig.bytes(B, 20), US_ASCII)).isEqualTo("rig" + "\0".repeat(17));
    assertThat(driver.queue(0).usedLength()).isEqualTo(21);
    byte[] after = rig.bytes(B + 20, 12);
    assertThat(rig.runRaw(driver, BlkAbi.T_GET_ID, 0, B, 32, true)).isZero();
    assertThat(rig.bytes(B + 20, 12)).isEqualTo(after);
    assertThat(rig.runRaw(driver, BlkAbi.T_GET_ID, 0, B, 3, true)).isZero();
  }

  @Test
  void longIdIsCutWithoutATerminator() {
    replaceRig(new VirtioBlk.Options(1, 64, "0123456789abcdefghijKLM"), 512, false);
    VirtioMmioBlkDriver driver = rig.bringUp();
    rig.runRaw(driver, BlkAbi.T_GET_ID, 0, B, 20, true);
    assertThat(new String(rig.bytes(B, 20), US_ASCII)).isEqualTo("0123456789abcdefghij");
  }

  @Test
  void unknownTypeIsUnsupported() {
    VirtioMmioBlkDriver driver = rig.bringUp();
    for (int type : new int[] {2, 10, 14, 15, 0x8000_0000, -1}) {
      assertThat(rig.runRaw(driver, type, 0, B, 512, true)).isEqualTo(BlkAbi.S_UNSUPP);
    }
  }

  @Test
  void rangesOffTheDiskAndBrokenBlocksFail() {
    VirtioMmioBlkDriver driver = rig.bringUp();
    long end = BlkRig.DISK_BYTES / 512;
    for (long sector : new long[] {end - 1, end, end + 1, -1, Long.MIN_VALUE, 1L << 55}) {
      assertThat(rig.runRaw(driver, BlkAbi.T_IN, sector, B, 1024, true)).isEqualTo(BlkAbi.S_IOERR);
      assertThat(rig.runRaw(driver, BlkAbi.T_OUT, sector, B, 1024, false))
          .isEqualTo(BlkAbi.S_IOERR);
    }
    assertThat(rig.runRaw(driver, BlkAbi.T_IN, 0, B, 513, true)).isEqualTo(BlkAbi.S_IOERR);
    assertThat(rig.runRaw(driver, BlkAbi.T_IN, end - 1, B, 512, true)).isZero();
    assertThat(rig.runRaw(driver, BlkAbi.T_IN, end, 0, 0, true)).isZero();
    assertThat(rig.disk.count(Operation.WRITE)).isZero();
  }

  @Test
  void largeBlocksBindOffsetsAndLengths() {
    replaceRig(VirtioBlk.Options.DEFAULT, 4096, false);
    VirtioMmioBlkDriver driver = rig.bringUp();
    assertThat(driver.blockSizeBytes()).isEqualTo(4096);
    assertThat(rig.runRaw(driver, BlkAbi.T_IN, 8, B, 4096, true)).isZero();
    assertThat(rig.runRaw(driver, BlkAbi.T_IN, 1, B, 4096, true)).isEqualTo(BlkAbi.S_IOERR);
    assertThat(rig.runRaw(driver, BlkAbi.T_IN, 8, B, 512, true)).isEqualTo(BlkAbi.S_IOERR);
  }

  @Test
  void readOnlyDiskRefusesToChange() {
    replaceRig(VirtioBlk.Options.DEFAULT, 512, true);
    VirtioMmioBlkDriver driver = rig.bringUp();
    assertThat(driver.has(BlkAbi.F_RO)).isTrue();
    assertThat(driver.has(BlkAbi.F_DISCARD | BlkAbi.F_WRITE_ZEROES)).isFalse();
    assertThat(rig.run(driver, Operation.WRITE, 0, B, 512)).isEqualTo(BlkAbi.S_IOERR);
    assertThat(rig.disk.count(Operation.WRITE)).isZero();
    assertThat(rig.run(driver, Operation.READ, 0, B, 512)).isZero();
  }

  // ---- caches (5.2.6.2) ----------------------------------------------------------------------

  @Test
  void withFlushWritesAreVolatileUntilFlushed() {
    VirtioMmioBlkDriver driver = rig.bringUp();
    assertThat(rig.bus.config32(BlkAbi.CFG_WRITEBACK) & 0xff).isEqualTo(1);
    rig.run(driver, Operation.WRITE, 0, B, 512);
    assertThat(rig.disk.forcedWrites()).isZero();
    assertThat(rig.run(driver, Operation.FLUSH, 0, 0, 0)).isZero();
    assertThat(rig.disk.count(Operation.FLUSH)).isEqualTo(1);
  }

  @Test
  void withoutFlushWritesAreStableAtOnce() {
    VirtioMmioBlkDriver driver =
        rig.bringUp(Options.DEFAULT.without(BlkAbi.F_FLUSH | BlkAbi.F_CONFIG_WCE));
    rig.run(driver, Operation.WRITE, 0, B, 512);
    assertThat(rig.disk.forcedWrites()).isEqualTo(1);
    rig.run(driver, Operation.WRITE_ZEROES, 0, 0, 512);
    assertThat(rig.disk.count(Operation.FLUSH)).isEqualTo(1);
  }

  @Test
  void writebackCanBeSwitched() {
    VirtioMmioBlkDriver driver = rig.bringUp();
    rig.cpu.store(BlkRig.MMIO + 0x100 + BlkAbi.CFG_WRITEBACK, 1, 0);
    rig.run(driver, Operation.WRITE, 0, B, 512);
    assertThat(rig.disk.forcedWrites()).isEqualTo(1);
    rig.cpu.store(BlkRig.MMIO + 0x100 + BlkAbi.CFG_WRITEBACK, 1, 1);
    rig.run(driver, Operation.WRITE, 0, B, 512);
    assertThat(rig.disk.forcedWrites()).isEqualTo(1);
    // CONFIG_WCE without FLUSH starts as writethrough (5.2.5.2).
    rig.bringUp(Options.DEFAULT.without(BlkAbi.F_FLUSH));
    assertThat(rig.bus.config32(BlkAbi.CFG_WRITEBACK) & 0xff).isZero();
  }

  @Test
  void aDiskWithoutACacheIsWritethroughAndForcesNothing() {
    rig.disk.setWriteCache(false);
    VirtioMmioBlkDriver driver = rig.bringUp();
    assertThat(rig.bus.config32(BlkAbi.CFG_WRITEBACK) & 0xff).isZero();
    rig.run(driver, Operation.WRITE, 0, B, 512);
    assertThat(rig.disk.forcedWrites()).isZero();
  }

  // ---- several queues ------------------------------------------------------------------------

  @Test
  void queuesAreIndependent() {
    replaceRig(new VirtioBlk.Options(4, 16, "mq"), 512, false);
    VirtioMmioBlkDriver driver = rig.bringUp(Options.DEFAULT.withQueues(4, 16));
    assertThat(driver.queueDepth()).isEqualTo(64);
    for (int tag = 0; tag < driver.queueDepth(); tag++) {
      rig.disk.poke(tag * 512L, BlkRig.patternBytes(tag, 512));
      driver.submit(tag, Operation.READ, tag * 512L, B + tag * 512L, 512);
    }
    driver.kick();
    rig.pump();
    int[] count = {0};
    driver.interrupt((tag, status) -> count[0] += status == 0 ? 1 : 0);
    assertThat(count[0]).isEqualTo(64);
    for (int tag = 0; tag < 64; tag++) {
      assertThat(rig.bytes(B + tag * 512L, 512)).isEqualTo(BlkRig.patternBytes(tag, 512));
    }
  }

  @Test
  void withoutMqThereIsOneQueue() {
    replaceRig(new VirtioBlk.Options(4, 16, "mq"), 512, false);
    VirtioMmioBlkDriver driver =
        rig.bringUp(Options.DEFAULT.withQueues(4, 16).without(BlkAbi.F_MQ));
    assertThat(driver.queueDepth()).isEqualTo(16);
    assertThat(rig.run(driver, Operation.READ, 0, B, 512)).isZero();
  }
}
