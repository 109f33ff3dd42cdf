package dev.platter.devices.ahci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.platter.aio.sys.Errno;
import dev.platter.devices.ata.AtaCommand;
import dev.platter.devices.ata.AtaStatus;
import dev.platter.devices.ata.LogPages;
import dev.platter.devices.ata.TrimRanges;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.testkit.RamDisk;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the disk decides about commands: no controller, no guest memory, no request. */
class AtaDeviceTest {
  private static final int BLOCKS = 2048;

  private final RamDisk disk = new RamDisk(BLOCKS * 512L, 512, List.of());
  private final Arena arena = Arena.ofConfined();
  private final AtaDevice device =
      new AtaDevice(new AhciDisk(disk, "PLATTER TEST", "S-0001", "1.0"), arena);
  private final CommandSlot slot = new CommandSlot(3);

  @BeforeEach
  void powerOn() {
    device.powerOn();
  }

  @AfterEach
  void close() {
    arena.close();
    disk.close();
  }

  private AtaVerdict execute(int command, int features, long lba, int count, boolean outstanding) {
    slot.reset();
    slot.command = command;
    slot.features = features;
    slot.lba = lba;
    slot.count = count;
    slot.device = AtaStatus.DEVICE_LBA;
    return device.execute(slot, outstanding);
  }

  private AtaVerdict execute(int command, long lba, int count) {
    return execute(command, 0, lba, count, false);
  }

  private void assertPlan(Operation operation, long offsetBytes, long lengthBytes) {
    assertEquals(operation, slot.operation);
    assertEquals(offsetBytes, slot.offsetBytes);
    assertEquals(lengthBytes, slot.lengthBytes);
  }

  @Test
  void queuedReadGoesToTheBackendBesideOthers() {
    assertEquals(AtaVerdict.SUBMIT, execute(AtaCommand.READ_FPDMA_QUEUED, 8, 16, 3 << 3, true));
    assertEquals(CommandSlot.Protocol.QUEUED, slot.protocol);
    assertPlan(Operation.READ, 16 * 512, 8 * 512);
    assertEquals(AtaVerdict.SUCCEED, device.completed(slot));
  }

  @Test
  void queuedCommandWithTheTagOfAnotherSlotIsNotAccepted() {
    assertEquals(AtaVerdict.FAIL, execute(AtaCommand.READ_FPDMA_QUEUED, 8, 16, 4 << 3, false));
    assertEquals(AtaStatus.ABRT, slot.error);
    assertEquals(CommandSlot.Protocol.NON_DATA, slot.protocol);
  }

  @Test
  void forceUnitAccessIsPartOfThePlan() {
    assertEquals(AtaVerdict.SUBMIT, execute(AtaCommand.WRITE_DMA_FUA_EXT, 0, 1));
    assertTrue(slot.forceUnitAccess);
    assertEquals(AtaVerdict.SUBMIT, execute(AtaCommand.WRITE_DMA_EXT, 0, 1));
    assertFalse(slot.forceUnitAccess);
  }

  @Test
  void identifySendsAPage() {
    assertEquals(AtaVerdict.SEND_PAGE, execute(AtaCommand.IDENTIFY_DEVICE, 0, 0));
    assertEquals(512, slot.dataBytes);
    assertEquals(AtaVerdict.SUCCEED, device.copied(slot));
  }

  @Test
  void flushNeedsTheBackendAndIdleDoesNot() {
    assertEquals(AtaVerdict.SUBMIT, execute(AtaCommand.FLUSH_CACHE_EXT, 0, 0));
    assertPlan(Operation.FLUSH, 0, 0);
    assertEquals(AtaVerdict.SUCCEED, execute(AtaCommand.IDLE_IMMEDIATE, 0, 0));
  }

  @Test
  void trimFetchesItsRangesAndDiscardsThemOneByOne() {
    int features = AtaCommand.DSM_TRIM;
    assertEquals(
        AtaVerdict.FETCH_PAGE, execute(AtaCommand.DATA_SET_MANAGEMENT, features, 0, 1, false));
    assertEquals(512, slot.dataBytes);
    device.page().fill((byte) 0);
    device.page().setAtIndex(ValueLayout.JAVA_LONG, 0, TrimRanges.encode(8, 4));
    device.page().setAtIndex(ValueLayout.JAVA_LONG, 2, TrimRanges.encode(100, 1));
    assertEquals(AtaVerdict.SUBMIT, device.copied(slot));
    assertPlan(Operation.DISCARD, 8 * 512, 4 * 512);
    assertEquals(AtaVerdict.SUBMIT, device.completed(slot));
    assertPlan(Operation.DISCARD, 100 * 512, 512);
    assertEquals(AtaVerdict.SUCCEED, device.completed(slot));
  }

  @Test
  void whatIsBehindTheEndFails() {
    assertEquals(AtaVerdict.FAIL, execute(AtaCommand.READ_DMA_EXT, BLOCKS - 1, 2));
    assertEquals(AtaStatus.IDNF, slot.error);
  }

  @Test
  void afterAQueuedErrorOnlyItsLogIsRead() {
    execute(AtaCommand.READ_FPDMA_QUEUED, 8, 16, 3 << 3, false);
    slot.result = -Errno.EIO;
    slot.copiedBytes = 1024;
    assertEquals(AtaVerdict.FAIL, device.completed(slot));
    assertEquals(AtaStatus.UNC, slot.error);
    assertEquals(18, slot.lba);
    assertEquals(AtaVerdict.FAIL, execute(AtaCommand.IDENTIFY_DEVICE, 0, 0));
    assertEquals(
        AtaVerdict.SEND_PAGE, execute(AtaCommand.READ_LOG_EXT, LogPages.NCQ_COMMAND_ERROR, 1));
    assertEquals(3, device.page().get(ValueLayout.JAVA_BYTE, 0));
    assertEquals(AtaVerdict.SUCCEED, device.copied(slot));
    assertEquals(AtaVerdict.SEND_PAGE, execute(AtaCommand.IDENTIFY_DEVICE, 0, 0));
  }
}
