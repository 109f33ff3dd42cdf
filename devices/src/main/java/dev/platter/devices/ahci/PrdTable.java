package dev.platter.devices.ahci;

import dev.platter.devices.memory.GuestMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Walks a command's physical region descriptor table (AHCI 4.2.3.3), at most {@code PRDTL} (65535)
 * entries. Bit 0 of an address reads as 0 and bit 0 of a byte count as 1, as the specification
 * reserves them: no entry is empty or odd.
 *
 * <p>Nothing of the table is kept between two walks, as an HBA fetches an entry when its data
 * comes: a long table costs no memory here. A guest that changes one meanwhile, or takes the memory
 * away that it names, finds its data elsewhere, or a host bus error. Host addresses never leave
 * {@link GuestMemory}.
 */
final class PrdTable {
  /** What became of a walk. */
  enum Result {
    OK,
    /** There is more to look at. */
    MORE,
    /** The table ends before the command's data does. */
    TOO_SHORT,
    /** The table, or a buffer it names, lies outside RAM, or data would go to read-only RAM. */
    BAD_ADDRESS
  }

  /**
   * Most entries of one piece, and so the longest walk at a time. A block of 4096 bytes in entries
   * of two bytes fits.
   */
  static final int MAX_PIECE_ENTRIES = 2048;

  private static final ValueLayout.OfInt LE32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LE64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int BATCH = 64;

  private final GuestMemory memory;
  private final HoldBudget budget;
  private final MemorySegment batch;
  private int first;
  private int entries;

  PrdTable(GuestMemory memory, HoldBudget budget, Arena arena) {
    this.memory = memory;
    this.budget = budget;
    batch = arena.allocate((long) BATCH * AhciRegisters.PRD_BYTES, 8);
  }

  /** Copies entry {@code index} and those behind it. */
  private boolean fetch(CommandSlot slot, int index) {
    first = index;
    entries = Math.min(BATCH, slot.prdtEntries - index);
    budget.step(entries);
    long address = slot.prdtAddress + (long) index * AhciRegisters.PRD_BYTES;
    return memory.read(address, batch, 0, (long) entries * AhciRegisters.PRD_BYTES);
  }

  private boolean fetched(CommandSlot slot, int index) {
    return (index >= first && index < first + entries) || fetch(slot, index);
  }

  private long address(int index) {
    return batch.get(LE64, (long) (index - first) * AhciRegisters.PRD_BYTES) & ~1L;
  }

  private int flags(int index) {
    return batch.get(LE32, (long) (index - first) * AhciRegisters.PRD_BYTES + 12);
  }

  private int length(int index) {
    return ((flags(index) & AhciRegisters.PRD_COUNT_MASK) | 1) + 1;
  }

  /**
   * Looks whether the table has room for the command's data, all of it in RAM, before any of it
   * moves. Goes on where the walk before has stopped.
   *
   * @param maxSteps how many entries to look at, at most; one counts as often as it has regions of
   *     RAM, of which the last one may have more than are left
   */
  Result survey(CommandSlot slot, boolean toGuest, int maxSteps) {
    entries = 0;
    int steps = 0;
    while (slot.surveyedBytes < slot.dataBytes) {
      int index = slot.surveyedEntries;
      if (index == slot.prdtEntries) {
        return Result.TOO_SHORT;
      }
      if (steps >= maxSteps) {
        return Result.MORE;
      }
      if (!fetched(slot, index)) {
        return Result.BAD_ADDRESS;
      }
      long length = Math.min(slot.dataBytes - slot.surveyedBytes, length(index));
      int regions = memory.regionsOf(address(index), length, toGuest);
      if (regions == 0) {
        return Result.BAD_ADDRESS;
      }
      steps += regions;
      budget.step(regions - 1); // on top of the entry
      slot.prdInterrupt |= (flags(index) & AhciRegisters.PRD_INTERRUPT) != 0;
      slot.surveyedBytes += length;
      slot.surveyedEntries++;
    }
    return Result.OK;
  }

  /**
   * Moves the slot's cursor behind a piece of whole blocks.
   *
   * @param maxBytes its longest length, whole blocks
   * @return its length; 0 if the table, surveyed before, has none to offer any more
   */
  int advance(CommandSlot slot, int maxBytes, int blockBytes) {
    entries = 0;
    int total = 0;
    int piece = 0;
    int within = slot.prdOffset;
    int last = Math.min(slot.prdtEntries, slot.prdIndex + MAX_PIECE_ENTRIES);
    for (int index = slot.prdIndex; index < last && total < maxBytes; index++) {
      if (!fetched(slot, index) || within >= length(index)) {
        return 0;
      }
      int end = total + Math.min(length(index) - within, maxBytes - total);
      int whole = end - end % blockBytes;
      if (whole > piece) {
        // The last block ends within this entry, or with it.
        piece = whole;
        slot.prdIndex = index;
        slot.prdOffset = within + (whole - total);
        if (slot.prdOffset == length(index)) {
          slot.prdIndex++;
          slot.prdOffset = 0;
        }
      }
      total = end;
      within = 0;
    }
    return piece;
  }

  /**
   * Copies between a buffer and the memory that the table names, from {@code within} bytes into
   * entry {@code index} on.
   *
   * @return false, with some of it copied, if any of it cannot be reached (any more)
   */
  boolean copy(
      CommandSlot slot,
      int index,
      int within,
      MemorySegment buffer,
      long offset,
      long lengthBytes,
      boolean toGuest) {
    entries = 0;
    long done = 0;
    int from = within;
    for (int i = index; done < lengthBytes; i++) {
      if (i >= slot.prdtEntries || !fetched(slot, i) || from >= length(i)) {
        return false;
      }
      long part = Math.min(lengthBytes - done, length(i) - from);
      long guest = address(i) + from;
      boolean copied =
          toGuest
              ? memory.write(guest, buffer, offset + done, part)
              : memory.read(guest, buffer, offset + done, part);
      if (!copied) {
        return false;
      }
      done += part;
      from = 0;
    }
    return true;
  }

  /** Copies a page that the device has made, {@code slot.dataBytes} long, to the guest. */
  Result copyToGuest(CommandSlot slot, MemorySegment page) {
    return copyAll(slot, page, true);
  }

  /** Copies {@code slot.dataBytes} bytes, a few pages at most, from the guest. */
  Result copyFromGuest(CommandSlot slot, MemorySegment page) {
    return copyAll(slot, page, false);
  }

  private Result copyAll(CommandSlot slot, MemorySegment page, boolean toGuest) {
    Result result = survey(slot, toGuest, Integer.MAX_VALUE);
    if (result != Result.OK) {
      return result;
    }
    return copy(slot, 0, 0, page, 0, slot.dataBytes, toGuest) ? Result.OK : Result.BAD_ADDRESS;
  }
}
