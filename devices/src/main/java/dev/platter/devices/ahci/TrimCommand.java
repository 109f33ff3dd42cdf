package dev.platter.devices.ahci;

import dev.platter.devices.ata.AtaCommand;
import dev.platter.devices.ata.AtaStatus;
import dev.platter.devices.ata.IdentifyDevice;
import dev.platter.devices.ata.TrimRanges;
import dev.platter.devices.block.meter.Operation;
import java.lang.foreign.MemorySegment;

/**
 * A DATA SET MANAGEMENT command in progress: its ranges, copied from the guest, are all checked and
 * then discarded one after another. Between two ranges the port may be stopped, reset or held.
 */
final class TrimCommand {
  private final DeviceSettings settings;
  private final MemorySegment ranges;
  private int entries;
  private int nextEntry;

  TrimCommand(DeviceSettings settings, MemorySegment ranges) {
    this.settings = settings;
    this.ranges = ranges;
  }

  /** Whether the command asks for TRIM, with as many ranges as the disk takes. */
  static boolean isValid(CommandSlot slot) {
    return (slot.features & AtaCommand.DSM_TRIM) != 0
        && slot.count > 0
        && slot.count <= IdentifyDevice.MAX_TRIM_BLOCKS;
  }

  /** Begins with the ranges in the buffer that the constructor was given. */
  AtaVerdict start(CommandSlot slot) {
    entries = (int) (slot.dataBytes / TrimRanges.ENTRY_BYTES);
    nextEntry = 0;
    long capacity = settings.sectors();
    for (int i = 0; i < entries; i++) {
      int blocks = TrimRanges.blocks(ranges, i);
      if (blocks != 0 && TrimRanges.lba(ranges, i) + blocks > capacity) {
        slot.error = AtaStatus.IDNF;
        return AtaVerdict.FAIL;
      }
    }
    return next(slot);
  }

  /** Continues with the next range, or ends the command. */
  AtaVerdict next(CommandSlot slot) {
    while (nextEntry < entries && TrimRanges.blocks(ranges, nextEntry) == 0) {
      nextEntry++;
    }
    if (nextEntry == entries) {
      return AtaVerdict.SUCCEED;
    }
    long lba = TrimRanges.lba(ranges, nextEntry);
    int blocks = TrimRanges.blocks(ranges, nextEntry);
    nextEntry++;
    slot.prepare(
        Operation.DISCARD,
        lba * settings.blockSizeBytes(),
        (long) blocks * settings.blockSizeBytes());
    return AtaVerdict.SUBMIT;
  }
}
