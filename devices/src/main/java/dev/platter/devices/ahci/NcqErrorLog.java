package dev.platter.devices.ahci;

import dev.platter.devices.ata.AtaCommand;
import dev.platter.devices.ata.AtaStatus;
import dev.platter.devices.ata.LogPages;
import java.lang.foreign.MemorySegment;

/** Keeps a queued error until its log is read, and serves all log reads. */
final class NcqErrorLog {
  private static final int TAG_MASK = 0x1f;

  private boolean pending;
  private int tagByte;
  private int error;
  private long lba;
  private int count;
  private int device;

  /** Whether there is a queued error that the guest has not read. */
  boolean pending() {
    return pending;
  }

  void clear() {
    pending = false;
    tagByte = 0;
    error = 0;
    lba = 0;
    count = 0;
    device = 0;
  }

  /** Records the failure of a queued command. */
  void recordQueued(CommandSlot slot, int tag, int error) {
    record(slot, tag & TAG_MASK, error);
  }

  /**
   * Records the failure of a command that is not queued, sent while queued commands were
   * outstanding.
   */
  void recordNotQueued(CommandSlot slot, int error) {
    record(slot, LogPages.NOT_QUEUED, error);
  }

  private void record(CommandSlot slot, int tagByte, int error) {
    pending = true;
    this.tagByte = tagByte;
    this.error = error;
    lba = slot.lba;
    count = slot.count;
    device = slot.device;
  }

  /**
   * Whether the command reads the NCQ command error log, which is allowed while an error is
   * pending.
   */
  boolean isReadOfIt(CommandSlot slot) {
    boolean readLog =
        slot.command == AtaCommand.READ_LOG_EXT || slot.command == AtaCommand.READ_LOG_DMA_EXT;
    return readLog && (slot.lba & 0xff) == LogPages.NCQ_COMMAND_ERROR;
  }

  /**
   * Carries out READ LOG (DMA) EXT: LBA bits 7:0 name the log, bits 39:32 and 15:8 its first page.
   *
   * <p>A queued error stays in the log until {@link #clear}.
   *
   * @return false if there is no such log or page
   */
  boolean readLog(CommandSlot slot, MemorySegment page) {
    int log = (int) (slot.lba & 0xff);
    int first = (int) ((slot.lba >> 8 & 0xff) | (slot.lba >> 24 & 0xff00));
    if (slot.count == 0 || first + slot.count > LogPages.pages(log)) {
      return false;
    }
    if (log == LogPages.DIRECTORY) {
      LogPages.writeDirectory(page);
    } else {
      int status = pending ? AtaStatus.FAILED : 0;
      LogPages.writeNcqError(page, tagByte, status, error, lba, count, device);
    }
    return true;
  }
}
