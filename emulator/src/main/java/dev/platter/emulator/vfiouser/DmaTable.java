package dev.platter.emulator.vfiouser;

import dev.platter.aio.sys.Errno;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.emulator.export.SharedMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The memory that the client lets the device reach. Ranges that come with a descriptor are mapped
 * and become guest RAM; those without exist for the protocol and are outside RAM for the device.
 *
 * <p>For the connection's thread. {@link #publish} makes changes visible to the device; a mapping
 * is closed after that, when nothing is in flight on it. Methods answer 0 or an errno.
 */
final class DmaTable {
  /** The most ranges at a time; each look-up by the device passes all of them. */
  static final int MAX_REGIONS = 512;

  private static final long PAGE = 4096;

  private record Entry(
      long address, long sizeBytes, boolean writable, @Nullable SharedMemory mapping) {
    boolean overlaps(long otherAddress, long otherSize) {
      return address < otherAddress + otherSize && otherAddress < address + sizeBytes;
    }
  }

  private final GuestMemory memory;
  private final List<Entry> entries = new ArrayList<>();
  private final List<SharedMemory> retired = new ArrayList<>();

  DmaTable(GuestMemory memory) {
    this.memory = memory;
  }

  /**
   * Adds a range, without publishing it.
   *
   * @param flags {@link VfioUserAbi#DMA_READABLE} and {@link VfioUserAbi#DMA_WRITABLE}
   * @param offset where it begins in the file
   * @param fd its file, or -1; stays the caller's
   * @param lost told that the client has truncated it; any thread, must not block
   */
  int add(int flags, long offset, long address, long sizeBytes, int fd, Runnable lost) {
    int access = flags & (VfioUserAbi.DMA_READABLE | VfioUserAbi.DMA_WRITABLE);
    if (flags != access || access == 0 || !isPages(address, sizeBytes)) {
      return Errno.EINVAL;
    }
    boolean writable = (access & VfioUserAbi.DMA_WRITABLE) != 0;
    for (Entry entry : entries) {
      if (entry.overlaps(address, sizeBytes)) {
        return Errno.EEXIST;
      }
    }
    if (entries.size() == MAX_REGIONS) {
      return Errno.ENOSPC;
    }
    if (fd < 0) {
      entries.add(new Entry(address, sizeBytes, writable, null));
      return 0;
    }
    if (!isPages(offset, sizeBytes)) {
      return Errno.EINVAL;
    }
    try {
      SharedMemory mapping = SharedMemory.map(fd, offset, sizeBytes, lost);
      entries.add(new Entry(address, sizeBytes, writable, mapping));
      return 0;
    } catch (SharedMemory.Unusable e) {
      return Errno.EINVAL;
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

  /** Whether there is exactly this range. */
  boolean has(long address, long sizeBytes) {
    for (Entry entry : entries) {
      if (entry.address == address && entry.sizeBytes == sizeBytes) {
        return true;
      }
    }
    return false;
  }

  /** Takes out exactly this range, without publishing it. */
  void remove(long address, long sizeBytes) {
    for (Iterator<Entry> i = entries.iterator(); i.hasNext(); ) {
      Entry entry = i.next();
      if (entry.address == address && entry.sizeBytes == sizeBytes) {
        i.remove();
        retire(entry);
      }
    }
  }

  /** Takes out all, without publishing it. */
  void removeAll() {
    entries.forEach(this::retire);
    entries.clear();
  }

  private void retire(Entry entry) {
    if (entry.mapping != null) {
      retired.add(entry.mapping);
    }
  }

  /** Shows the device the ranges as they are now; with the big lock held. */
  void publish() {
    List<GuestMemory.Region> regions = new ArrayList<>();
    for (Entry entry : entries) {
      if (entry.mapping != null) {
        MemorySegment segment = entry.mapping.segment();
        MemorySegment seen = entry.writable ? segment : segment.asReadOnly();
        regions.add(new GuestMemory.Region(entry.address, seen));
      }
    }
    memory.replace(regions);
  }

  /** Unmaps what was taken out and is no longer published; nothing may be in flight on it. */
  void unmapRetired() {
    retired.forEach(SharedMemory::close);
    retired.clear();
  }
}
