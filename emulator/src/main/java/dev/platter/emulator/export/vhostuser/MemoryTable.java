package dev.platter.emulator.export.vhostuser;

import dev.platter.devices.memory.GuestMemory;
import dev.platter.emulator.export.LentMemory;
import dev.platter.emulator.export.SharedMemory;
import java.util.ArrayList;
import java.util.List;

/**
 * The guest's memory as the front-end shares it ("Memory access"): regions, each with a guest
 * address and the front-end's own address. Owns the mappings.
 *
 * <p>{@link Removed#close} unmaps regions that were taken out, once no ring uses them.
 */
final class MemoryTable implements AutoCloseable {
  /** How many regions there may be; as many as a VM can have. */
  static final int MAX_SLOTS = 509;

  /** Size of a memory region description. */
  static final int REGION_BYTES = 32;

  /** The most regions in one SET_MEM_TABLE. */
  static final int MAX_TABLE_REGIONS = 8;

  /** A value that is no guest address. */
  static final long NOWHERE = -1;

  private final GuestMemory memory;
  private final Runnable lost;
  private final long maxBytes;
  private List<Region> regions = List.of();

  /**
   * A memory region description.
   *
   * @param guestAddress its guest address
   * @param sizeBytes its size
   * @param userAddress its address in the front-end
   * @param mmapOffset where it begins in its file
   */
  record Description(long guestAddress, long sizeBytes, long userAddress, long mmapOffset) {
    /** The description at an offset of a message's payload. */
    static Description at(VhostUserMessage message, int offset) {
      return new Description(
          message.u64(offset),
          message.u64(offset + 8),
          message.u64(offset + 16),
          message.u64(offset + 24));
    }

    private void check() throws RequestRefused {
      if (sizeBytes <= 0 || guestAddress < 0 || guestAddress + sizeBytes < 0) {
        throw new RequestRefused(this + " is empty or wraps");
      }
      long last = userAddress + sizeBytes - 1;
      if (Long.compareUnsigned(last, userAddress) < 0) {
        throw new RequestRefused(this + " wraps in the front-end");
      }
    }

    private boolean overlaps(Description other) {
      return overlap(guestAddress, sizeBytes, other.guestAddress, other.sizeBytes)
          || overlap(userAddress, sizeBytes, other.userAddress, other.sizeBytes);
    }

    private static boolean overlap(long a, long aBytes, long b, long bBytes) {
      return Long.compareUnsigned(b - a, aBytes) < 0 || Long.compareUnsigned(a - b, bBytes) < 0;
    }

    /** Whether both describe the same region; the mmap offset does not count ("REM_MEM_REG"). */
    private boolean names(Description other) {
      return guestAddress == other.guestAddress
          && userAddress == other.userAddress
          && sizeBytes == other.sizeBytes;
    }

    @Override
    public String toString() {
      return String.format(
          "region of 0x%x bytes at 0x%x, 0x%x of its file", sizeBytes, guestAddress, mmapOffset);
    }
  }

  private record Region(Description description, SharedMemory memory) {}

  /** Regions that are out of the table, and still mapped. */
  static final class Removed implements AutoCloseable {
    private final List<Region> regions;

    private Removed(List<Region> regions) {
      this.regions = regions;
    }

    /** Unmaps them. */
    @Override
    public void close() {
      regions.forEach(region -> region.memory.close());
    }
  }

  /**
   * Creates an empty table.
   *
   * @param memory holds the same regions as the table
   * @param maxBytes how much memory the table may hold; a page counts for the cgroup of the process
   *     that touches it first
   * @param lost is told that the client has truncated a region; any thread, must not block
   */
  MemoryTable(GuestMemory memory, long maxBytes, Runnable lost) {
    this.memory = memory;
    this.maxBytes = maxBytes;
    this.lost = lost;
  }

  /**
   * Adds a region; the others stay mapped as they are.
   *
   * @param fd the region's file; stays the caller's
   * @throws RequestRefused if the region makes no sense; nothing has changed then
   */
  void add(Description description, int fd) throws RequestRefused {
    if (regions.size() == MAX_SLOTS) {
      throw new RequestRefused("there are " + MAX_SLOTS + " regions already");
    }
    List<Region> more = new ArrayList<>(regions);
    more.add(map(description, fd, regions));
    set(more);
  }

  private Region map(Description description, int fd, List<Region> others) throws RequestRefused {
    description.check();
    long room = maxBytes;
    for (Region other : others) {
      if (description.overlaps(other.description)) {
        throw new RequestRefused(description + " overlaps another");
      }
      room -= other.description.sizeBytes;
    }
    if (description.sizeBytes > room) {
      throw new RequestRefused(
          LentMemory.tooMuch(description.sizeBytes, maxBytes - room, maxBytes));
    }
    try {
      return new Region(
          description,
          SharedMemory.map(fd, description.mmapOffset, description.sizeBytes, true, lost));
    } catch (SharedMemory.Unusable e) {
      throw new RequestRefused(description + ": " + e.getMessage());
    }
  }

  /**
   * Takes a region out.
   *
   * @return the region, to be closed once no ring uses it
   * @throws RequestRefused if there is no such region
   */
  Removed remove(Description description) throws RequestRefused {
    for (Region region : regions) {
      if (region.description.names(description)) {
        List<Region> fewer = new ArrayList<>(regions);
        fewer.remove(region);
        set(fewer);
        return new Removed(List.of(region));
      }
    }
    throw new RequestRefused("there is no " + description);
  }

  /**
   * Maps regions that will replace the whole table.
   *
   * @param descriptions the regions
   * @param fds their files, in the same order; stay the caller's
   * @throws RequestRefused if one makes no sense, and nothing is mapped
   */
  Prepared prepare(List<Description> descriptions, int[] fds) throws RequestRefused {
    List<Region> mapped = new ArrayList<>();
    try {
      for (int i = 0; i < fds.length; i++) {
        mapped.add(map(descriptions.get(i), fds[i], mapped));
      }
    } catch (RequestRefused e) {
      new Removed(mapped).close();
      throw e;
    }
    return new Prepared(mapped);
  }

  /** A whole table that is mapped and not yet in use. */
  static final class Prepared {
    private final List<Region> regions;

    private Prepared(List<Region> regions) {
      this.regions = regions;
    }
  }

  /**
   * Replaces the table by a prepared one.
   *
   * @return the old regions
   */
  Removed replaceWith(Prepared prepared) {
    Removed old = new Removed(regions);
    set(prepared.regions);
    return old;
  }

  private void set(List<Region> replacement) {
    regions = List.copyOf(replacement);
    memory.replace(
        regions.stream()
            .map(r -> new GuestMemory.Region(r.description.guestAddress, r.memory.segment()))
            .toList());
  }

  boolean isEmpty() {
    return regions.isEmpty();
  }

  /** The guest address of a front-end's address, or {@link #NOWHERE}. */
  long guestAddress(long userAddress) {
    for (Region region : regions) {
      long offset = userAddress - region.description.userAddress;
      if (Long.compareUnsigned(offset, region.description.sizeBytes) < 0) {
        return region.description.guestAddress + offset;
      }
    }
    return NOWHERE;
  }

  /** Removes and unmaps all regions, once no ring uses them. */
  @Override
  public void close() {
    replaceWith(new Prepared(List.of())).close();
  }

  /** Takes all descriptors out of a message. */
  static int[] takeFds(VhostUserMessage message) {
    int[] fds = new int[message.fds().size()];
    for (int i = 0; i < fds.length; i++) {
      fds[i] = message.fds().take();
    }
    return fds;
  }
}
