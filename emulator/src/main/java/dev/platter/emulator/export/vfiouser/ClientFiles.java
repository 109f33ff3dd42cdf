package dev.platter.emulator.export.vfiouser;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import dev.platter.emulator.export.LentMemory;
import dev.platter.emulator.export.SharedMemory;
import dev.platter.emulator.export.SharedMemory.Unusable;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * The files that the client lends. Each file is mapped once and as a whole, however many of its
 * ranges come and go. A guest with an IOMMU lends page after page of one file, and a process has at
 * most 65,530 mappings ({@code vm.max_map_count}) for all its clients and its own memory.
 *
 * <p>For the connection's thread.
 */
final class ClientFiles {
  /** The most mappings of a client: a virtual machine has a few, one for each memory backend. */
  static final int MAX_MAPPINGS = 256;

  private static final int O_ACCMODE = 3;

  private record Identity(int deviceMajor, int deviceMinor, long inode, boolean writable) {}

  private static final class MappedFile {
    final Identity identity;
    final SharedMemory mapping;
    final MemorySegment whole;
    final MemorySegment readOnly;
    int ranges;

    MappedFile(Identity identity, SharedMemory mapping) {
      this.identity = identity;
      this.mapping = mapping;
      whole = mapping.segment();
      readOnly = whole.asReadOnly();
    }
  }

  // A file that has grown is mapped again; the older mapping stays for the ranges that use it.
  private final Map<Identity, MappedFile> newest = new HashMap<>();
  // The files by the segments that are given out.
  private final IdentityHashMap<MemorySegment, MappedFile> bySegment = new IdentityHashMap<>();
  private final long maxBytes;
  private int mappings;
  private long mappedBytes;

  /**
   * Creates an empty set of files.
   *
   * @param maxBytes the longest sum of the files' lengths. A page counts for the cgroup of the
   *     process that touches it first, and a mapping uses up addresses even if no page is touched
   */
  ClientFiles(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  /**
   * Maps a file for one more range of it.
   *
   * @param fd the file; stays the caller's
   * @param end where the range ends in the file, a positive number
   * @param writable whether the device may write the range
   * @param lost is told that the client has truncated the file; any thread, must not block
   * @return the whole file, which the caller gives back
   * @throws Unusable if it cannot be mapped, or is too short
   */
  MemorySegment take(int fd, long end, boolean writable, Runnable lost) throws Unusable {
    SharedMemory.FileStat facts = SharedMemory.FileStat.of(fd);
    int access = Libc.fcntl(fd, LinuxAbi.F_GETFL, 0) & O_ACCMODE;
    boolean readWrite = access == LinuxAbi.O_RDWR;
    if (writable && !readWrite) {
      throw new Unusable("the range is writable, and its descriptor is not", Errno.EACCES);
    }
    Identity identity =
        new Identity(facts.deviceMajor(), facts.deviceMinor(), facts.inode(), readWrite);
    MappedFile file = newest.get(identity);
    if (file == null || end > file.whole.byteSize()) {
      if (end > facts.sizeBytes()) {
        throw new Unusable("the range is beyond the end of its file");
      }
      file = map(identity, fd, facts.sizeBytes(), lost);
    }
    file.ranges++;
    return writable ? file.whole : file.readOnly;
  }

  private MappedFile map(Identity identity, int fd, long sizeBytes, Runnable lost) throws Unusable {
    if (mappings == MAX_MAPPINGS) {
      throw new Unusable("it is in more than " + MAX_MAPPINGS + " files", Errno.ENOSPC);
    }
    if (sizeBytes > maxBytes - mappedBytes) {
      throw new Unusable(LentMemory.tooMuch(sizeBytes, mappedBytes, maxBytes), Errno.ENOSPC);
    }
    MappedFile file =
        new MappedFile(identity, SharedMemory.map(fd, 0, sizeBytes, identity.writable, lost));
    mappings++;
    mappedBytes += sizeBytes;
    newest.put(identity, file);
    bySegment.put(file.whole, file);
    bySegment.put(file.readOnly, file);
    return file;
  }

  /** Gives back the file of a range. The last range of a file unmaps it. */
  void give(MemorySegment taken) {
    MappedFile file = bySegment.get(taken);
    if (file != null && --file.ranges == 0) {
      bySegment.remove(file.whole);
      bySegment.remove(file.readOnly);
      newest.remove(file.identity, file);
      mappings--;
      mappedBytes -= file.whole.byteSize();
      file.mapping.close();
    }
  }

  /** Gives all files back. */
  void giveAll() {
    // A file may be in the map twice; a second close does nothing.
    bySegment.values().forEach(file -> file.mapping.close());
    bySegment.clear();
    newest.clear();
    mappings = 0;
    mappedBytes = 0;
  }

  /** How many mappings there are. */
  int mappings() {
    return mappings;
  }
}
