package dev.platter.devices.memory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The guest's physical address space: RAM regions, each backed by host memory.
 *
 * <p>Devices look up every guest address here. A method reports "outside RAM" by its return value:
 * guest input never throws. Reads and writes cross adjacent regions as if they were one region, and
 * allocate nothing. Scalars are little-endian, as PCI, AHCI and virtio 1.x are.
 */
public final class GuestMemory {
  /** The result of {@link #hostAddress} for a range that is not wholly inside one region. */
  public static final long OUTSIDE = -1;

  private static final ValueLayout.OfShort LE16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt LE32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LE64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /**
   * One region of RAM.
   *
   * @param guestAddress its first guest physical address
   * @param memory its host memory; must outlive every device that may reach it. A read-only segment
   *     is memory that the guest does not let devices write
   */
  public record Region(long guestAddress, MemorySegment memory) {
    /** Checks that the region does not wrap around the address space. */
    public Region {
      if (guestAddress < 0 || memory.byteSize() == 0 || guestAddress + memory.byteSize() < 0) {
        throw new IllegalArgumentException("bad region at " + guestAddress);
      }
    }
  }

  // Replaced, never changed: a look-up on another thread sees the old RAM or the new.
  private volatile RangeTable table;

  /**
   * Creates an address space.
   *
   * @param regions its RAM, in any order, not overlapping
   */
  public GuestMemory(List<Region> regions) {
    table = tableOf(regions);
  }

  private static RangeTable tableOf(List<Region> regions) {
    List<Range> ranges = new ArrayList<>();
    for (Region region : regions) {
      ranges.add(new Range(region.guestAddress, region.memory.byteSize(), region.memory, 0));
    }
    return RangeTable.of(ranges);
  }

  // ---- plugging ------------------------------------------------------------------------------

  /**
   * Replaces the RAM, for a guest that plugs and unplugs memory. A look-up under way may still find
   * the old RAM: its host memory may be unmapped only when no device has anything in flight, and no
   * ring on it.
   *
   * @param replacement the RAM from now on, in any order, not overlapping
   */
  public void replace(List<Region> replacement) {
    table = tableOf(replacement);
  }

  /**
   * Adds a range, at a cost that hardly grows with the number of ranges. One thread at a time
   * changes the RAM.
   *
   * @param guestAddress its first guest physical address
   * @param lengthBytes how long it is
   * @param memory its memory, perhaps shared with other ranges; {@link MemorySegment#NULL} for a
   *     range that is reserved and stays outside RAM
   * @param offset where it begins in {@code memory}
   * @return false, with nothing changed, if it overlaps another
   */
  public boolean add(long guestAddress, long lengthBytes, MemorySegment memory, long offset) {
    Range range = new Range(guestAddress, lengthBytes, memory, offset);
    if (table.overlaps(guestAddress, lengthBytes)) {
      return false;
    }
    table = table.with(range);
    return true;
  }

  /** Whether a range overlaps one that was added. */
  public boolean overlaps(long guestAddress, long lengthBytes) {
    return table.overlaps(guestAddress, lengthBytes);
  }

  /** Whether exactly this range was added. */
  public boolean has(long guestAddress, long lengthBytes) {
    return exactly(guestAddress, lengthBytes) != null;
  }

  private @Nullable Range exactly(long guestAddress, long lengthBytes) {
    Range range = table.find(guestAddress);
    boolean is = range != null && range.start == guestAddress && range.sizeBytes == lengthBytes;
    return is ? range : null;
  }

  /**
   * Removes exactly this range; as with {@link #replace}, look-ups under way may still find it.
   *
   * @return the memory that {@link #add} was given for it
   * @throws IllegalArgumentException if there is no such range
   */
  public MemorySegment remove(long guestAddress, long lengthBytes) {
    Range range = exactly(guestAddress, lengthBytes);
    if (range == null) {
      throw new IllegalArgumentException("no range at " + guestAddress);
    }
    table = table.without(range);
    return range.memory;
  }

  /**
   * Removes all ranges that lie between two addresses, as {@link #remove} does.
   *
   * @param first the first address
   * @param last the last one
   * @return what {@link #add} was given for each; empty, with nothing changed, if there is no such
   *     range, or if a range lies there only partly
   */
  public List<MemorySegment> removeWithin(long first, long last) {
    Range low = table.find(first);
    Range high = table.find(last);
    if ((low != null && low.start < first) || (high != null && high.end() - 1 > last)) {
      return List.of();
    }
    List<MemorySegment> removed = new ArrayList<>();
    List<Range> kept = new ArrayList<>();
    table.forEach(range -> {
      if (range.start >= first && range.start <= last) {
        removed.add(range.memory);
      } else {
        kept.add(range);
      }
    });
    if (!removed.isEmpty()) {
      table = RangeTable.of(kept);
    }
    return removed;
  }

  /** The number of ranges, RAM or not. */
  public int ranges() {
    return table.size();
  }

  int chunks() {
    return table.chunks();
  }

  /** The RAM now, by address. */
  public List<Region> regions() {
    List<Region> regions = new ArrayList<>();
    table.forEach(range -> {
      if (range.readable) {
        MemorySegment its = range.memory.asSlice(range.at(range.start), range.sizeBytes);
        regions.add(new Region(range.start, its));
      }
    });
    return regions;
  }

  // ---- looking up ----------------------------------------------------------------------------

  /** Whether the whole range lies inside RAM. */
  public boolean contains(long guestAddress, long lengthBytes) {
    return table.isRam(guestAddress, lengthBytes, false);
  }

  /**
   * The host address of a guest range.
   *
   * @return the address, or {@link #OUTSIDE} if the range is not wholly inside one region
   */
  public long hostAddress(long guestAddress, long lengthBytes) {
    Range range = table.ram(guestAddress, lengthBytes, false);
    return range == null ? OUTSIDE : range.memory.address() + range.at(guestAddress);
  }

  /**
   * A view of a guest range for repeated access, as a virtqueue needs it. Allocates: for set-up.
   *
   * @return the view, or null if the range is not wholly inside one region
   */
  public @Nullable MemorySegment slice(long guestAddress, long lengthBytes) {
    Range range = table.ram(guestAddress, lengthBytes, false);
    return range == null ? null : range.memory.asSlice(range.at(guestAddress), lengthBytes);
  }

  /**
   * Appends a guest buffer to an I/O vector; a buffer that runs across adjacent regions becomes
   * several elements.
   *
   * @return false, with the vector unchanged or partly extended, if any byte lies outside RAM, or
   *     the vector is full
   */
  public boolean appendTo(IoVector vector, long guestAddress, long lengthBytes) {
    return appendTo(vector, guestAddress, lengthBytes, false);
  }

  /**
   * Like {@link #appendTo}, for a buffer that a device writes: read-only RAM is refused as well.
   *
   * @return false, with the vector unchanged or partly extended, if any byte cannot be written
   */
  public boolean appendWritableTo(IoVector vector, long guestAddress, long lengthBytes) {
    return appendTo(vector, guestAddress, lengthBytes, true);
  }

  private boolean appendTo(
      IoVector vector, long guestAddress, long lengthBytes, boolean toBeWritten) {
    RangeTable now = table;
    long address = guestAddress;
    long left = lengthBytes;
    while (left > 0) {
      Range range = now.ram(address, toBeWritten);
      if (range == null) {
        return false;
      }
      long part = Math.min(left, range.end() - address);
      if (!vector.add(range.memory.address() + range.at(address), part)) {
        return false;
      }
      address += part;
      left -= part;
    }
    return left == 0;
  }

  // ---- copying -------------------------------------------------------------------------------

  /**
   * Copies out of guest memory.
   *
   * @return false, with nothing copied, if the range is not wholly inside RAM
   */
  public boolean read(long guestAddress, MemorySegment into, long offset, long lengthBytes) {
    RangeTable now = table;
    Range range = now.ram(guestAddress, lengthBytes, false);
    if (range != null) {
      MemorySegment.copy(range.memory, range.at(guestAddress), into, offset, lengthBytes);
      return true;
    }
    return copyAcross(now, guestAddress, into, offset, lengthBytes, false);
  }

  /**
   * Copies into guest memory.
   *
   * @return false, with nothing copied, if the range is not wholly inside writable RAM
   */
  public boolean write(long guestAddress, MemorySegment from, long offset, long lengthBytes) {
    RangeTable now = table;
    Range range = now.ram(guestAddress, lengthBytes, true);
    if (range != null) {
      MemorySegment.copy(from, offset, range.memory, range.at(guestAddress), lengthBytes);
      return true;
    }
    return copyAcross(now, guestAddress, from, offset, lengthBytes, true);
  }

  /** Copies a range that lies in several regions; false, with nothing copied, outside RAM. */
  private static boolean copyAcross(
      RangeTable table,
      long guestAddress,
      MemorySegment other,
      long offset,
      long lengthBytes,
      boolean toGuest) {
    if (!table.isRam(guestAddress, lengthBytes, toGuest)) {
      return false;
    }
    long done = 0;
    while (done < lengthBytes) {
      long address = guestAddress + done;
      Range its = Objects.requireNonNull(table.find(address));
      long part = Math.min(lengthBytes - done, its.end() - address);
      if (toGuest) {
        MemorySegment.copy(other, offset + done, its.memory, its.at(address), part);
      } else {
        MemorySegment.copy(its.memory, its.at(address), other, offset + done, part);
      }
      done += part;
    }
    return true;
  }

  /** Reads a number that lies in several regions, byte by byte; -1 outside RAM. */
  private static long readAcross(RangeTable table, long guestAddress, int bytes) {
    if (!table.isRam(guestAddress, bytes, false)) {
      return -1;
    }
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      Range range = Objects.requireNonNull(table.find(guestAddress + i));
      long next = range.memory.get(ValueLayout.JAVA_BYTE, range.at(guestAddress + i)) & 0xffL;
      value |= next << (8 * i);
    }
    return value;
  }

  private static boolean writeAcross(RangeTable table, long guestAddress, int bytes, long value) {
    if (!table.isRam(guestAddress, bytes, true)) {
      return false;
    }
    for (int i = 0; i < bytes; i++) {
      Range range = Objects.requireNonNull(table.find(guestAddress + i));
      byte next = (byte) (value >>> (8 * i));
      range.memory.set(ValueLayout.JAVA_BYTE, range.at(guestAddress + i), next);
    }
    return true;
  }

  /** Reads one byte as 0..255; all ones outside RAM, as a bus does. */
  public int readByte(long guestAddress) {
    Range range = table.ram(guestAddress, false);
    return range == null
        ? 0xff
        : range.memory.get(ValueLayout.JAVA_BYTE, range.at(guestAddress)) & 0xff;
  }

  /** Reads 16 bits as 0..65535; all ones outside RAM. */
  public int readShort(long guestAddress) {
    RangeTable now = table;
    Range range = now.ram(guestAddress, 2, false);
    return 0xffff
        & (range == null
            ? (int) readAcross(now, guestAddress, 2)
            : range.memory.get(LE16, range.at(guestAddress)));
  }

  /** Reads 32 bits; all ones outside RAM. */
  public int readInt(long guestAddress) {
    RangeTable now = table;
    Range range = now.ram(guestAddress, 4, false);
    return range == null
        ? (int) readAcross(now, guestAddress, 4)
        : range.memory.get(LE32, range.at(guestAddress));
  }

  /** Reads 64 bits; all ones outside RAM. */
  public long readLong(long guestAddress) {
    RangeTable now = table;
    Range range = now.ram(guestAddress, 8, false);
    return range == null
        ? readAcross(now, guestAddress, 8)
        : range.memory.get(LE64, range.at(guestAddress));
  }

  /**
   * Writes one byte.
   *
   * @return false, with nothing written, outside RAM
   */
  public boolean writeByte(long guestAddress, int value) {
    Range range = table.ram(guestAddress, true);
    if (range == null) {
      return false;
    }
    range.memory.set(ValueLayout.JAVA_BYTE, range.at(guestAddress), (byte) value);
    return true;
  }

  /**
   * Writes 16 bits.
   *
   * @return false, with nothing written, outside RAM
   */
  public boolean writeShort(long guestAddress, int value) {
    RangeTable now = table;
    Range range = now.ram(guestAddress, 2, true);
    if (range == null) {
      return writeAcross(now, guestAddress, 2, value);
    }
    range.memory.set(LE16, range.at(guestAddress), (short) value);
    return true;
  }

  /**
   * Writes 32 bits.
   *
   * @return false, with nothing written, outside RAM
   */
  public boolean writeInt(long guestAddress, int value) {
    RangeTable now = table;
    Range range = now.ram(guestAddress, 4, true);
    if (range == null) {
      return writeAcross(now, guestAddress, 4, value);
    }
    range.memory.set(LE32, range.at(guestAddress), value);
    return true;
  }

  /**
   * Writes 64 bits.
   *
   * @return false, with nothing written, outside RAM
   */
  public boolean writeLong(long guestAddress, long value) {
    RangeTable now = table;
    Range range = now.ram(guestAddress, 8, true);
    if (range == null) {
      return writeAcross(now, guestAddress, 8, value);
    }
    range.memory.set(LE64, range.at(guestAddress), value);
    return true;
  }
}
