package dev.platter.devices.block.image;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.file.FileHandle;
import dev.platter.aio.sys.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * How a file's bytes are stored, from the FIEMAP ioctl (Linux, Documentation/filesystems/fiemap).
 * The first three sizes add up to the file's size.
 *
 * @param count how many extents begin below the file's size
 * @param writtenBytes bytes with storage that holds data
 * @param unwrittenBytes bytes with storage reserved, which read as zeroes until written
 * @param holeBytes bytes without storage
 * @param beyondEndBytes bytes with storage behind the end of the file
 * @param sharedBytes bytes with storage, of either kind, that another file uses as well (a reflink,
 *     a snapshot): a write there must allocate other storage first
 */
public record Extents(
    int count,
    long writtenBytes,
    long unwrittenBytes,
    long holeBytes,
    long beyondEndBytes,
    long sharedBytes) {
  private static final int BATCH = 256;

  /** A file that shares nothing. */
  public Extents(
      int count, long writtenBytes, long unwrittenBytes, long holeBytes, long beyondEndBytes) {
    this(count, writtenBytes, unwrittenBytes, holeBytes, beyondEndBytes, 0);
  }

  /**
   * Asks the file system. Data that it has not written back yet is written back first (it would
   * show as a hole or as unwritten); nothing else changes.
   *
   * @param sizeBytes the file's size
   * @return empty where the file system does not tell, as tmpfs does not
   */
  static Optional<Extents> of(FileHandle file, long sizeBytes) {
    try (Arena arena = Arena.ofConfined()) {
      return new Reader(file, sizeBytes, arena).read();
    }
  }

  private static final class Reader {
    private final FileHandle file;
    private final long sizeBytes;
    private final MemorySegment map;
    private int count;
    private long written;
    private long unwritten;
    private long beyondEnd;
    private long shared;
    private long next;
    private boolean last;

    Reader(FileHandle file, long sizeBytes, Arena arena) {
      this.file = file;
      this.sizeBytes = sizeBytes;
      this.map =
          arena.allocate(
              LinuxAbi.FIEMAP_SIZE + (long) BATCH * LinuxAbi.FIEMAP_EXTENT_SIZE,
              JAVA_LONG.byteAlignment());
    }

    Optional<Extents> read() {
      while (!last) {
        map.fill((byte) 0);
        map.set(JAVA_LONG, LinuxAbi.FIEMAP_START, next);
        map.set(JAVA_LONG, LinuxAbi.FIEMAP_LENGTH, -1L - next);
        map.set(JAVA_INT, LinuxAbi.FIEMAP_FLAGS, LinuxAbi.FIEMAP_FLAG_SYNC);
        map.set(JAVA_INT, LinuxAbi.FIEMAP_EXTENT_COUNT, BATCH);
        if (Libc.ioctl(file.fd(), LinuxAbi.FS_IOC_FIEMAP, map.address()) < 0) {
          return Optional.empty();
        }
        int mapped = map.get(JAVA_INT, LinuxAbi.FIEMAP_MAPPED_EXTENTS);
        last = mapped == 0;
        for (int i = 0; i < mapped; i++) {
          add(LinuxAbi.FIEMAP_SIZE + (long) i * LinuxAbi.FIEMAP_EXTENT_SIZE);
        }
      }
      long hole = Math.max(0, sizeBytes - written - unwritten);
      return Optional.of(new Extents(count, written, unwritten, hole, beyondEnd, shared));
    }

    private void add(long at) {
      long start = map.get(JAVA_LONG, at + LinuxAbi.FE_LOGICAL);
      long length = map.get(JAVA_LONG, at + LinuxAbi.FE_LENGTH);
      int flags = map.get(JAVA_INT, at + LinuxAbi.FE_FLAGS);
      long inside = Math.clamp(sizeBytes - start, 0, length);
      if (inside > 0) {
        count++;
      }
      if ((flags & LinuxAbi.FIEMAP_EXTENT_UNWRITTEN) != 0) {
        unwritten += inside;
      } else {
        written += inside;
      }
      shared += (flags & LinuxAbi.FIEMAP_EXTENT_SHARED) != 0 ? inside : 0;
      // The last block of a file may be longer than its data: that is not storage to speak of.
      beyondEnd += inside == 0 ? length : 0;
      next = start + length;
      last |= (flags & LinuxAbi.FIEMAP_EXTENT_LAST) != 0;
    }
  }
}
