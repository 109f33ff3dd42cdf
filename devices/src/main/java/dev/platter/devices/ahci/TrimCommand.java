package dev.platter.devices.ahci;

import dev.platter.devices.ata.AtaCommand;
import dev.platter.devices.ata.AtaStatus;
import dev.platter.devices.ata.IdentifyDevice;
import dev.platter.devices.ata.TrimRanges;
import dev.platter.devices.block.BlockBackend;
import java.lang.foreign.MemorySegment;

/**
 * A DATA SET MANAGEMENT command in progress: its ranges, copied from the guest, are all checked and
 * then discarded one after another, in one block request that is used again and again. A port that
 * is stopped meanwhile does not pass on the completion, so the rest is not begun.
 */
final class TrimCommand {
  private final BlockBackend backend;
  private final AtaDevice.Host host;
  private final MemorySegment ranges;
  private int entries;
  private int nextEntry;
  private boolean stepping;
  private boolean stepDone;

  TrimCommand(BlockBackend backend, AtaDevice.Host host, MemorySegment ranges) {
    this.backend = backend;
    this.host = host;
    this.ranges = ranges;
  }

  /** Whether the command asks for TRIM, with as many ranges as the disk takes. */
  static boolean isValid(CommandSlot slot) {
    return (slot.features & AtaCommand.DSM_TRIM) != 0
        && slot.count > 0
        && slot.count <= IdentifyDevice.MAX_TRIM_BLOCKS;
  }

  /** Begins; the ranges are in the buffer given at construction. */
  void start(CommandSlot slot) {
    entries = (int) (slot.dataBytes / TrimRanges.ENTRY_BYTES);
    nextEntry = 0;
    long capacity = backend.sizeBytes() / backend.blockSizeBytes();
    for (int i = 0; i < entries; i++) {
      int blocks = TrimRanges.blocks(ranges, i);
      if (blocks != 0 && TrimRanges.lba(ranges, i) + blocks > capacity) {
        host.failed(slot, AtaStatus.IDNF);
        return;
      }
    }
    next(slot);
  }

  /** Goes on to the next range, or ends the command. */
  void next(CommandSlot slot) {
    stepDone = true;
    if (stepping) {
      return; // completed inside submit: the loop below goes on
    }
    stepping = true;
    while (stepDone) {
      stepDone = false;
      while (nextEntry < entries && TrimRanges.blocks(ranges, nextEntry) == 0) {
        nextEntry++;
      }
      if (nextEntry == entries) {
        host.succeeded(slot);
        break;
      }
      long lba = TrimRanges.lba(ranges, nextEntry);
      int blocks = TrimRanges.blocks(ranges, nextEntry);
      nextEntry++;
      slot.prepareDiscard(lba * backend.blockSizeBytes(), (long) blocks * backend.blockSizeBytes());
      host.submit(slot);
    }
    stepping = false;
  }

  /** A range has failed; the rest is not begun. */
  void stop() {
    nextEntry = entries;
    stepDone = false;
  }
}
