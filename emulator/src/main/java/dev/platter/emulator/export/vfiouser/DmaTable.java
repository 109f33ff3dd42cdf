package dev.platter.emulator.export.vfiouser;

import dev.platter.aio.sys.Errno;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.emulator.export.SharedMemory;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The memory that the client lets the device reach. A range that comes with a descriptor is mapped
 * and becomes guest RAM. A range without a descriptor exists for the protocol only, and the device
 * cannot reach it.
 *
 * <p>For the connection's thread. Methods that a message may fail in answer 0 or an errno.
 */
final class DmaTable {
  /** The most ranges at a time; clients assume this number unless they are told a smaller one. */
  static final int MAX_MAPS = 65_535;

  private static final long PAGE = 4096;

  private final GuestMemory memory;
  private final ClientFiles files;

  /**
   * Creates an empty table.
   *
   * @param memory holds the same ranges as the table
   * @param maxBytes the longest sum of the lengths of all files of ranges
   */
  DmaTable(GuestMemory memory, long maxBytes) {
    this.memory = memory;
    files = new ClientFiles(maxBytes);
  }

  /**
   * Adds the range of a message; the device reaches it at once.
   *
   * @param fd the range's file, or -1; stays the caller's
   * @param lost is told that the client has truncated the file; any thread, must not block
   * @param reply is told the reason of a refusal
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
   * Takes out all ranges that lie inside the given range; a range that lies there only in part is
   * an error. Copies that began before may still go on until the big lock has been taken once.
   *
   * @param sizeBytes an unsigned number
   * @return the memory to {@link #unmap} after that; empty, with nothing changed, if there is no
   *     such range
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
    // A client whose guest turns its IOMMU off names all addresses of the IOMMU.
    return memory.removeWithin(address, last < 0 ? Long.MAX_VALUE : last);
  }

  /** Takes out all ranges, as {@link #remove} does; {@link #unmapAll} follows. */
  void removeAll() {
    memory.replace(List.of());
  }

  /** Gives back the files of ranges that were taken out. */
  void unmap(List<MemorySegment> removed) {
    removed.forEach(files::give);
  }

  /** Gives back all files. */
  void unmapAll() {
    files.giveAll();
  }

  /** How many mappings of this process the ranges use. */
  int mappings() {
    return files.mappings();
  }
}
