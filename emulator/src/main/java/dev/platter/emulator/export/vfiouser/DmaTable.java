package dev.platter.emulator.export.vfiouser;

import dev.platter.aio.sys.Errno;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.emulator.export.SharedMemory;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The memory that the client lets the device reach. Ranges that come with a descriptor are mapped
 * and become guest RAM; those without exist for the protocol and are outside RAM for the device.
 *
 * <p>For the connection's thread. Methods that a message may fail in answer 0 or an errno.
 */
final class DmaTable {
  /** The most ranges at a time, which is what clients count on unless they are told less. */
  static final int MAX_MAPS = 65_535;

  private static final long PAGE = 4096;

  private final GuestMemory memory;
  private final ClientFiles files;

  /**
   * Creates an empty table.
   *
   * @param memory kept the same as the table
   * @param maxBytes how long the files that ranges lie in may be in all
   */
  DmaTable(GuestMemory memory, long maxBytes) {
    this.memory = memory;
    files = new ClientFiles(maxBytes);
  }

  /**
   * Adds the range that a message names; the device reaches it at once.
   *
   * @param fd its file, or -1; stays the caller's
   * @param lost told that the client has truncated it; any thread, must not block
   * @param reply told why if it cannot be
   */
  int add(VfioUserRequest request, int fd, Runnable lost, VfioUserReply reply) {
    int flags = request.int32(VfioUserAbi.DMA_MAP_FLAGS);
    long offset = request.int64(VfioUserAbi.DMA_MAP_OFFSET);
    long address = request.int64(VfioUserAbi.DMA_MAP_ADDRESS);
    long sizeBytes = request.int64(VfioUserAbi.DMA_MAP_SIZE);
    int access = flags & (VfioUserAbi.DMA_READABLE | VfioUserAbi.DMA_WRITABLE);
    if (flags != access || access == 0) {
      return reply.refuse(Errno.EINVAL, "flags that are none");
    }
    if (!isPages(address, sizeBytes)) {
      return reply.refuse(Errno.EINVAL, "it is not made of whole pages below 2^63");
    }
    if (memory.overlaps(address, sizeBytes)) {
      return reply.refuse(
          Errno.EEXIST, String.format("0x%x bytes at 0x%x overlap another", sizeBytes, address));
    }
    if (memory.ranges() == MAX_MAPS) {
      return reply.refuse(Errno.ENOSPC, "there are " + MAX_MAPS + " already");
    }
    if (fd < 0) {
      memory.add(address, sizeBytes, MemorySegment.NULL, 0);
      return 0;
    }
    if (!isPages(offset, sizeBytes)) {
      return reply.refuse(Errno.EINVAL, "it does not begin at a page of its file");
    }
    try {
      boolean writable = (access & VfioUserAbi.DMA_WRITABLE) != 0;
      MemorySegment file = files.take(fd, offset + sizeBytes, writable, lost);
      memory.add(address, sizeBytes, file, offset);
      return 0;
    } catch (SharedMemory.Unusable e) {
      return reply.refuse(e.errno(), String.valueOf(e.getMessage()));
    }
  }

  /** Whether a range is made of whole pages, and ends below 2^63. */
  private static boolean isPages(long start, long sizeBytes) {
    return start >= 0
        && sizeBytes > 0
        && start <= Long.MAX_VALUE - sizeBytes
        && (start & (PAGE - 1)) == 0
        && (sizeBytes & (PAGE - 1)) == 0;
  }

  /**
   * Takes out the range, or all ranges, that lie in what is named; none may lie there only partly.
   * Whoever was looking it up before may still be copying until the big lock has been taken once.
   *
   * @param sizeBytes an unsigned number
   * @return what to {@link #unmap} after that; empty, with nothing changed, if there is none
   */
  List<MemorySegment> remove(long address, long sizeBytes) {
    long last = address + sizeBytes - 1;
    boolean wraps = sizeBytes == 0 || Long.compareUnsigned(last, address) < 0;
    if (wraps || address < 0) {
      return List.of();
    }
    if (memory.has(address, sizeBytes)) {
      return List.of(memory.remove(address, sizeBytes));
    }
    // A client whose guest turns its IOMMU off names all that the IOMMU could have.
    return memory.removeWithin(address, last < 0 ? Long.MAX_VALUE : last);
  }

  /** Takes out all, as {@link #remove} does; to be followed by {@link #unmapAll}. */
  void removeAll() {
    memory.replace(List.of());
  }

  /** Gives back what held ranges that were taken out. */
  void unmap(List<MemorySegment> removed) {
    removed.forEach(files::give);
  }

  /** Gives back what held all ranges. */
  void unmapAll() {
    files.giveAll();
  }

  /** How many mappings of this process hold the ranges. */
  int mappings() {
    return files.mappings();
  }
}
