package dev.platter.devices.ahci;

import dev.platter.devices.memory.GuestMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Walks a command's physical region descriptor table (AHCI 4.2.3.3), at most {@code PRDTL} (65535)
 * entries, once: as data is copied, which moves a cursor in the command's slot. Bit 0 of an address
 * reads as 0 and bit 0 of a byte count as 1, as the specification reserves them: no entry is empty
 * or odd.
 *
 * <p>Nothing of the table is kept but the cursor, as an HBA fetches an entry when its data comes: a
 * long table costs no memory here. A table that is too short is found at its end. A guest that
 * changes one meanwhile, or takes the memory away that it names, finds its data elsewhere, or a
 * host bus error. Host addresses never leave {@link GuestMemory}.
 */
final class PrdTable {
  /** The result of a copy. */
  enum Result {
    OK,
    /** There is more to copy, in another hold of the big lock. */
    MORE,
    /** The table ends before the command's data does. */
    TOO_SHORT,
    /** The table, or a buffer it names, lies outside RAM, or data would go to read-only RAM. */
    BAD_ADDRESS
  }

  private static final ValueLayout.OfInt LE32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LE64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  // A chunk of data in pages has as many entries.
  private static final int BATCH = 32;

  private final GuestMemory memory;
  private final HoldBudget budget;
  private final MemorySegment batch;

  PrdTable(GuestMemory memory, HoldBudget budget, Arena arena) {
    this.memory = memory;
    this.budget = budget;
    batch = arena.allocate((long) BATCH * AhciRegisters.PRD_BYTES, 8);
  }

  /**
   * Copies between a buffer and the memory that the table names, from the slot's cursor on until
   * {@code end} bytes of the command's data are copied, or this hold's budget is used up.
   *
   * @param offset where in the buffer the next byte is
   */
  Result copy(CommandSlot slot, long end, MemorySegment buffer, long offset, boolean toGuest) {
    return copy(slot, end, buffer, offset, toGuest, false);
  }

  /** Copies a page that the device has made, {@code slot.dataBytes} long, to the guest. */
  Result copyToGuest(CommandSlot slot, MemorySegment page) {
    return copy(slot, slot.dataBytes, page, 0, true, true);
  }

  /** Copies {@code slot.dataBytes} bytes, a few pages at most, from the guest. */
  Result copyFromGuest(CommandSlot slot, MemorySegment page) {
    return copy(slot, slot.dataBytes, page, 0, false, true);
  }

  private Result copy(
      CommandSlot slot,
      long end,
      MemorySegment buffer,
      long offset,
      boolean toGuest,
      boolean atOnce) {
    int first = slot.prdIndex;
    int fetched = 0;
    long at = offset;
    while (slot.copiedBytes < end) {
      if (!atOnce && budget.exhausted()) {
        return Result.MORE;
      }
      if (slot.prdIndex == first + fetched) {
        first = slot.prdIndex;
        fetched = Math.min(BATCH, slot.prdtEntries - first);
        if (fetched == 0) {
          return Result.TOO_SHORT;
        }
        if (!fetch(slot, first, fetched)) {
          return Result.BAD_ADDRESS;
        }
      }
      long entry = (long) (slot.prdIndex - first) * AhciRegisters.PRD_BYTES;
      int flags = batch.get(LE32, entry + 12);
      int left = ((flags & AhciRegisters.PRD_COUNT_MASK) | 1) + 1 - slot.prdOffset;
      int part = (int) Math.min(left, end - slot.copiedBytes);
      long guest = (batch.get(LE64, entry) & ~1L) + slot.prdOffset;
      // The guest may have shortened the entry since the previous piece ended in it.
      if (left <= 0 || !copy(guest, buffer, at, part, toGuest)) {
        return Result.BAD_ADDRESS;
      }
      slot.prdInterrupt |= (flags & AhciRegisters.PRD_INTERRUPT) != 0;
      slot.copiedBytes += part;
      slot.prdIndex += part == left ? 1 : 0;
      slot.prdOffset = part == left ? 0 : slot.prdOffset + part;
      at += part;
      budget.copied(part);
    }
    return Result.OK;
  }

  private boolean fetch(CommandSlot slot, int index, int entries) {
    long address = slot.prdtAddress + (long) index * AhciRegisters.PRD_BYTES;
    return memory.read(address, batch, 0, (long) entries * AhciRegisters.PRD_BYTES);
  }

  private boolean copy(long guest, MemorySegment buffer, long at, int length, boolean toGuest) {
    return toGuest
        ? memory.write(guest, buffer, at, length)
        : memory.read(guest, buffer, at, length);
  }
}
