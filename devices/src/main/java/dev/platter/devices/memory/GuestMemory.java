package dev.platter.devices.memory;

import dev.platter.devices.block.IoVector;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The guest's physical address space: RAM regions, each backed by host memory.
 *
 * <p>Every address that a device is given by its guest is looked up here, and every method tells
 * "outside RAM" by its return value: guest input never throws. No method but {@link #slice}
 * allocates. Scalars are little-endian, as PCI, AHCI and virtio 1.x are.
 */
public final class GuestMemory {
  /** What {@link #hostAddress} answers for a range that is not wholly inside one region. */
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

    long sizeBytes() {
      return memory.byteSize();
    }

    boolean writable() {
      return !memory.isReadOnly();
    }
  }

  // Replaced as a whole, never changed: a look-up on another thread sees the old or the new RAM.
  private volatile Region[] regions;

  /**
   * Creates an address space.
   *
   * @param regions its RAM, in any order, not overlapping
   */
  public GuestMemory(List<Region> regions) {
    this.regions = sorted(regions);
  }

  private static Region[] sorted(List<Region> regions) {
    Region[] sorted = regions.toArray(new Region[0]);
    Arrays.sort(sorted, Comparator.comparingLong(Region::guestAddress));
    for (int i = 1; i < sorted.length; i++) {
      Region before = sorted[i - 1];
      if (before.guestAddress() + before.sizeBytes() > sorted[i].guestAddress()) {
        throw new IllegalArgumentException("overlapping regions");
      }
    }
    return sorted;
  }

  /**
   * Replaces the RAM, for a guest that plugs and unplugs it. A look-up under way may still find
   * what was there before: its host memory may go only once no device has anything in flight, and
   * no ring on it.
   *
   * @param replacement the RAM from now on, in any order, not overlapping
   */
  public void replace(List<Region> replacement) {
    regions = sorted(replacement);
  }

  /** The RAM now, by address. */
  public List<Region> regions() {
    return List.of(regions);
  }

  private @Nullable Region find(long guestAddress) {
    // A guest has a handful of regions; a linear walk beats a tree.
    for (Region region : regions) {
      if (Long.compareUnsigned(guestAddress - region.guestAddress, region.memory.byteSize()) < 0) {
        return region;
      }
    }
    return null;
  }

  private @Nullable Region findWritable(long guestAddress, long lengthBytes) {
    Region region = find(guestAddress, lengthBytes);
    return region != null && region.writable() ? region : null;
  }

  private @Nullable Region find(long guestAddress, long lengthBytes) {
    Region region = find(guestAddress);
    if (region == null
        || lengthBytes < 0
        || lengthBytes > region.memory.byteSize() - (guestAddress - region.guestAddress)) {
      return null;
    }
    return region;
  }

  /** Whether the whole range lies inside one region. */
  public boolean contains(long guestAddress, long lengthBytes) {
    return find(guestAddress, lengthBytes) != null;
  }

  /**
   * The host address of a guest range.
   *
   * @return the address, or {@link #OUTSIDE} if the range is not wholly inside one region
   */
  public long hostAddress(long guestAddress, long lengthBytes) {
    Region region = find(guestAddress, lengthBytes);
    return region == null
        ? OUTSIDE
        : region.memory.address() + (guestAddress - region.guestAddress);
  }

  /**
   * A view of a guest range for repeated access, as a virtqueue needs it. Allocates: for set-up.
   *
   * @return the view, or null if the range is not wholly inside one region
   */
  public @Nullable MemorySegment slice(long guestAddress, long lengthBytes) {
    Region region = find(guestAddress, lengthBytes);
    return region == null
        ? null
        : region.memory.asSlice(guestAddress - region.guestAddress, lengthBytes);
  }

  /**
   * Appends a guest buffer to an I/O vector; a buffer that runs across adjacent regions becomes
   * several elements.
   *
   * @return false, with the vector unchanged or partly extended, if any byte lies outside RAM
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
    long address = guestAddress;
    long left = lengthBytes;
    while (left > 0) {
      Region region = find(address);
      if (region == null || (toBeWritten && !region.writable())) {
        return false;
      }
      long offset = address - region.guestAddress;
      long part = Math.min(left, region.memory.byteSize() - offset);
      vector.add(region.memory.address() + offset, part);
      address += part;
      left -= part;
    }
    return left == 0;
  }

  /**
   * Copies out of guest memory.
   *
   * @return false, with nothing copied, if the range is not wholly inside one region
   */
  public boolean read(long guestAddress, MemorySegment into, long offset, long lengthBytes) {
    Region region = find(guestAddress, lengthBytes);
    if (region == null) {
      return false;
    }
    MemorySegment.copy(
        region.memory, guestAddress - region.guestAddress, into, offset, lengthBytes);
    return true;
  }

  /**
   * Copies into guest memory.
   *
   * @return false, with nothing copied, if the range is not wholly inside one writable region
   */
  public boolean write(long guestAddress, MemorySegment from, long offset, long lengthBytes) {
    Region region = findWritable(guestAddress, lengthBytes);
    if (region == null) {
      return false;
    }
    MemorySegment.copy(
        from, offset, region.memory, guestAddress - region.guestAddress, lengthBytes);
    return true;
  }

  /** Reads one byte as 0..255; all ones outside RAM, as a bus does. */
  public int readByte(long guestAddress) {
    Region region = find(guestAddress, 1);
    return region == null
        ? 0xff
        : region.memory.get(ValueLayout.JAVA_BYTE, guestAddress - region.guestAddress) & 0xff;
  }

  /** Reads 16 bits as 0..65535; all ones outside RAM. */
  public int readShort(long guestAddress) {
    Region region = find(guestAddress, 2);
    return region == null
        ? 0xffff
        : region.memory.get(LE16, guestAddress - region.guestAddress) & 0xffff;
  }

  /** Reads 32 bits; all ones outside RAM. */
  public int readInt(long guestAddress) {
    Region region = find(guestAddress, 4);
    return region == null ? -1 : region.memory.get(LE32, guestAddress - region.guestAddress);
  }

  /** Reads 64 bits; all ones outside RAM. */
  public long readLong(long guestAddress) {
    Region region = find(guestAddress, 8);
    return region == null ? -1L : region.memory.get(LE64, guestAddress - region.guestAddress);
  }

  /**
   * Writes one byte.
   *
   * @return false, with nothing written, outside RAM
   */
  public boolean writeByte(long guestAddress, int value) {
    Region region = findWritable(guestAddress, 1);
    if (region == null) {
      return false;
    }
    region.memory.set(ValueLayout.JAVA_BYTE, guestAddress - region.guestAddress, (byte) value);
    return true;
  }

  /**
   * Writes 16 bits.
   *
   * @return false, with nothing written, outside RAM
   */
  public boolean writeShort(long guestAddress, int value) {
    Region region = findWritable(guestAddress, 2);
    if (region == null) {
      return false;
    }
    region.memory.set(LE16, guestAddress - region.guestAddress, (short) value);
    return true;
  }

  /**
   * Writes 32 bits.
   *
   * @return false, with nothing written, outside RAM
   */
  public boolean writeInt(long guestAddress, int value) {
    Region region = findWritable(guestAddress, 4);
    if (region == null) {
      return false;
    }
    region.memory.set(LE32, guestAddress - region.guestAddress, value);
    return true;
  }

  /**
   * Writes 64 bits.
   *
   * @return false, with nothing written, outside RAM
   */
  public boolean writeLong(long guestAddress, long value) {
    Region region = findWritable(guestAddress, 8);
    if (region == null) {
      return false;
    }
    region.memory.set(LE64, guestAddress - region.guestAddress, value);
    return true;
  }
}
