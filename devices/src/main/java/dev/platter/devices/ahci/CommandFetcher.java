package dev.platter.devices.ahci;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.platter.devices.memory.GuestMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Copies a command header and its command FIS out of guest memory, checks and parses them. */
final class CommandFetcher {
  /** The result of a fetch. */
  enum Result {
    /** A command is in the slot. */
    COMMAND,
    /** A FIS that sets the device control field is in the slot. */
    CONTROL,
    /** The header or the command table lies outside RAM. */
    BAD_ADDRESS,
    /** A FIS that no device accepts: of another type, or too short or long. */
    BAD_FIS
  }

  private static final ValueLayout.OfInt LE32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LE64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int CFIS_BYTES = 20;
  private static final int MAX_CFL = 16;
  private static final int TABLE_ALIGNMENT = 128;

  private final GuestMemory memory;
  private final MemorySegment header;
  private final MemorySegment fis;

  CommandFetcher(GuestMemory memory, Arena arena) {
    this.memory = memory;
    header = arena.allocate(AhciRegisters.HEADER_BYTES, 8);
    fis = arena.allocate(CFIS_BYTES, 8);
  }

  /** Fetches into {@code slot} from the command list at {@code commandList}. */
  Result fetch(long commandList, CommandSlot slot) {
    slot.reset();
    slot.headerAddress = commandList + (long) slot.index * AhciRegisters.HEADER_BYTES;
    if (!memory.read(slot.headerAddress, header, 0, AhciRegisters.HEADER_BYTES)) {
      return Result.BAD_ADDRESS;
    }
    int flags = header.get(LE32, 0);
    long table = header.get(LE64, 8) & -TABLE_ALIGNMENT;
    slot.prdtAddress = table + AhciRegisters.TABLE_PRDT;
    slot.prdtEntries = flags >>> AhciRegisters.HEADER_PRDTL_SHIFT;
    int fisDwords = flags & AhciRegisters.HEADER_CFL_MASK;
    if (fisDwords * 4 < CFIS_BYTES || fisDwords > MAX_CFL) {
      return Result.BAD_FIS;
    }
    if (!memory.read(table, fis, 0, CFIS_BYTES)) {
      return Result.BAD_ADDRESS;
    }
    if (at(0) != AhciRegisters.FIS_H2D) {
      return Result.BAD_FIS;
    }
    slot.command = at(2);
    slot.features = at(3) | at(11) << 8;
    slot.device = at(7);
    slot.count = at(12) | at(13) << 8;
    slot.control = at(15);
    long low = at(4) | at(5) << 8 | at(6) << 16;
    long high = at(8) | at(9) << 8 | at(10) << 16;
    slot.lba = high << 24 | low;
    return (at(1) & AhciRegisters.FIS_COMMAND) != 0 ? Result.COMMAND : Result.CONTROL;
  }

  private int at(int offset) {
    return fis.get(JAVA_BYTE, offset) & 0xff;
  }
}
