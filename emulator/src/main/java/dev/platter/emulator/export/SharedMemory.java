package dev.platter.emulator.export;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.BusErrorGuard;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.ErrnoException;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Mapping;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A mapped range of a client's file. The range is inside the file when it is mapped, and the file
 * is sealed against shrinking where possible. If the client truncates a file without a seal, {@link
 * BusErrorGuard} puts zeroes in its place, and the client's session is told. A file of FUSE is
 * refused, because a program may delay its pages, and a thread that waits for a page delays the
 * JVM's next collection and with it all other threads.
 *
 * <p>Closed when nothing is in flight on it; the guard ends before the mapping does.
 */
public final class SharedMemory implements AutoCloseable {
  private static final int HUGETLBFS_MAGIC = 0x958458f6;
  private static final int FUSE_MAGIC = 0x65735546;
  private static final int STATFS_BSIZE = 8;
  private static final long SMALL_PAGE = 4096;

  private final Mapping mapping;
  private final BusErrorGuard.@Nullable Watch guard;
  private final MemorySegment segment;

  /** Why a range cannot be mapped. */
  public static final class Unusable extends Exception {
    private static final long serialVersionUID = 1;

    private final int errno;

    /** Creates the error for a range or a file that can never be mapped. */
    public Unusable(String why) {
      this(why, Errno.EINVAL);
    }

    /**
     * Creates the error for a range that was refused.
     *
     * @param errno the error that says why
     */
    public Unusable(String why, int errno) {
      super(why);
      this.errno = errno;
    }

    /** The error that says why. */
    public int errno() {
      return errno;
    }
  }

  /**
   * The file behind a descriptor.
   *
   * @param deviceMajor device that the file lies on
   * @param deviceMinor device that the file lies on
   * @param inode its number there
   * @param sizeBytes its size now
   */
  public record FileStat(int deviceMajor, int deviceMinor, long inode, long sizeBytes) {
    /**
     * Asks the kernel.
     *
     * @throws Unusable if it is no regular file
     */
    public static FileStat of(int fd) throws Unusable {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment statx = arena.allocate(LinuxAbi.STATX_SIZE_OF, 8);
        if (Libc.statx(fd, LinuxAbi.AT_EMPTY_PATH, LinuxAbi.STATX_BASIC_STATS, statx) < 0
            || (statx.get(JAVA_SHORT, LinuxAbi.STATX_MODE) & LinuxAbi.S_IFMT) != LinuxAbi.S_IFREG) {
          throw new Unusable("not a regular file");
        }
        return new FileStat(
            statx.get(JAVA_INT, LinuxAbi.STATX_DEV_MAJOR),
            statx.get(JAVA_INT, LinuxAbi.STATX_DEV_MINOR),
            statx.get(JAVA_LONG, LinuxAbi.STATX_INO),
            statx.get(JAVA_LONG, LinuxAbi.STATX_SIZE));
      }
    }
  }

  private SharedMemory(
      Mapping mapping, BusErrorGuard.@Nullable Watch guard, MemorySegment segment) {
    this.mapping = mapping;
    this.guard = guard;
    this.segment = segment;
  }

  /**
   * Maps a range.
   *
   * @param fd a regular file, open for reading and, for a writable mapping, for writing; stays the
   *     caller's
   * @param offset first byte, anywhere in a page
   * @param lengthBytes how many
   * @param writable whether the mapping is for writing as well
   * @param lost is told that the client has truncated its file; any thread, must not block
   * @throws Unusable if the range is empty, wraps or is not inside the file, or cannot be mapped
   */
  public static SharedMemory map(
      int fd, long offset, long lengthBytes, boolean writable, Runnable lost) throws Unusable {
    long pageBytes = pageBytes(fd);
    boolean fixed = sealAgainstShrinking(fd); // before the size is read
    long end = offset + lengthBytes;
    if (offset < 0 || lengthBytes <= 0 || end < 0 || end > Long.MAX_VALUE - pageBytes) {
      throw new Unusable("range is empty or wraps");
    }
    if (end > FileStat.of(fd).sizeBytes()) {
      throw new Unusable("range is beyond the end of the file");
    }
    if (!fixed && !BusErrorGuard.isAvailable()) {
      throw new Unusable("file is not sealed against shrinking");
    }
    // A mapping begins and ends at a page of its file, which may be a huge one.
    long start = offset & -pageBytes;
    long mapped = ((end + pageBytes - 1) & -pageBytes) - start;
    Mapping mapping;
    try {
      mapping = Mapping.shared(fd, start, mapped, writable);
    } catch (ErrnoException e) {
      throw new Unusable(
          "mmap of " + mapped + " bytes fails with " + Errno.name(e.errno()), e.errno());
    }
    BusErrorGuard.Watch guard = BusErrorGuard.watch(mapping.segment(), lost);
    if (guard == null && !fixed) {
      mapping.close();
      throw new Unusable("too many regions, or no thread to guard them", Errno.ENOSPC);
    }
    return new SharedMemory(mapping, guard, mapping.segment().asSlice(offset - start, lengthBytes));
  }

  private static long pageBytes(int fd) throws Unusable {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment statfs = arena.allocate(LinuxAbi.STATFS_SIZE_OF, 8);
      if (Libc.fstatfs(fd, statfs) < 0) {
        throw new Unusable("not a file");
      }
      int type = (int) statfs.get(JAVA_LONG, LinuxAbi.STATFS_TYPE);
      if (type == FUSE_MAGIC) {
        throw new Unusable("its file system is FUSE, which may answer when it likes");
      }
      boolean huge = type == HUGETLBFS_MAGIC;
      long blockBytes = statfs.get(JAVA_LONG, STATFS_BSIZE);
      return huge && Long.bitCount(blockBytes) == 1 ? blockBytes : SMALL_PAGE;
    }
  }

  /** Seals a file, if its maker allows that; returns whether the file cannot shrink now. */
  private static boolean sealAgainstShrinking(int fd) {
    int seals = Libc.fcntl(fd, LinuxAbi.F_GET_SEALS, 0);
    return seals >= 0
        && ((seals & LinuxAbi.F_SEAL_SHRINK) != 0
            || Libc.fcntl(fd, LinuxAbi.F_ADD_SEALS, LinuxAbi.F_SEAL_SHRINK) >= 0);
  }

  /** The range. */
  public MemorySegment segment() {
    return segment;
  }

  /** Unmaps it. Idempotent. */
  @Override
  public void close() {
    if (guard != null) {
      guard.close();
    }
    mapping.close();
  }
}
