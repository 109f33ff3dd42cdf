package dev.platter.devices.ahci;

import dev.platter.devices.memory.GuestMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Walks a command's physical region descriptor table (AHCI 4.2.3.3): each entry is copied once, and
 * at most {@code PRDTL} (65535) of them. Bit 0 of an address reads as 0 and bit 0 of a byte count
 * as 1, as the specification reserves them: no entry is empty or odd.
 */
final class PrdTable {
  /** What became of a walk. */
  enum Result {
    OK,
    /** The table ends before the command's data does. */
    TOO_SHORT,
    /** The table, or a buffer it names, lies outside RAM, or data would go to read-only RAM. */
    BAD_ADDRESS
  }

  private enum Action {
    MAP_TO_GUEST,
    MAP_FROM_GUEST,
    CHECK,
    COPY_TO_GUEST,
    COPY_FROM_GUEST
  }

  private static final ValueLayout.OfInt LE32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LE64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int BATCH = 64;

  private final GuestMemory memory;
  private final MemorySegment batch;
  private MemorySegment data = MemorySegment.NULL;

  PrdTable(GuestMemory memory, Arena arena) {
    this.memory = memory;
    batch = arena.allocate((long) BATCH * AhciRegisters.PRD_BYTES, 8);
  }

  /**
   * Puts the slot's buffers into its I/O vector.
   *
   * @param lengthBytes how many bytes the command transfers
   * @param toGuest whether it writes them to guest memory
   */
  Result map(CommandSlot slot, long lengthBytes, boolean toGuest) {
    slot.vector().clear();
    return walk(slot, lengthBytes, toGuest ? Action.MAP_TO_GUEST : Action.MAP_FROM_GUEST);
  }

  /** Copies the first {@code lengthBytes} of {@code from} into the slot's buffers. */
  Result copyToGuest(CommandSlot slot, MemorySegment from, long lengthBytes) {
    // A short table must leave the guest's memory alone, so the walk is made twice.
    Result result = walk(slot, lengthBytes, Action.CHECK);
    if (result != Result.OK) {
      return result;
    }
    data = from;
    return walk(slot, lengthBytes, Action.COPY_TO_GUEST);
  }

  /** Copies {@code lengthBytes} from the slot's buffers into {@code to}. */
  Result copyFromGuest(CommandSlot slot, MemorySegment to, long lengthBytes) {
    data = to;
    return walk(slot, lengthBytes, Action.COPY_FROM_GUEST);
  }

  private Result walk(CommandSlot slot, long lengthBytes, Action action) {
    long left = lengthBytes;
    for (int first = 0; first < slot.prdtEntries && left > 0; first += BATCH) {
      int entries = Math.min(BATCH, slot.prdtEntries - first);
      long address = slot.prdtAddress + (long) first * AhciRegisters.PRD_BYTES;
      if (!memory.read(address, batch, 0, (long) entries * AhciRegisters.PRD_BYTES)) {
        return Result.BAD_ADDRESS;
      }
      for (int i = 0; i < entries && left > 0; i++) {
        long at = (long) i * AhciRegisters.PRD_BYTES;
        long buffer = batch.get(LE64, at) & ~1L;
        int flags = batch.get(LE32, at + 12);
        long length = Math.min(left, ((flags & AhciRegisters.PRD_COUNT_MASK) | 1) + 1);
        if (!apply(action, slot, buffer, length, lengthBytes - left)) {
          return Result.BAD_ADDRESS;
        }
        slot.prdInterrupt |= (flags & AhciRegisters.PRD_INTERRUPT) != 0;
        left -= length;
      }
    }
    return left > 0 ? Result.TOO_SHORT : Result.OK;
  }

  private boolean apply(Action action, CommandSlot slot, long buffer, long length, long offset) {
    return switch (action) {
      case MAP_TO_GUEST -> memory.appendWritableTo(slot.vector(), buffer, length);
      case MAP_FROM_GUEST -> memory.appendTo(slot.vector(), buffer, length);
      case CHECK -> memory.contains(buffer, length);
      case COPY_TO_GUEST -> memory.write(buffer, data, offset, length);
      case COPY_FROM_GUEST -> memory.read(buffer, data, offset, length);
    };
  }
}
