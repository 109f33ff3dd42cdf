package dev.platter.aio.sys;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * An mmap(2)ed range, unmapped by {@link #close}. The owner closes it only when nothing is in
 * flight on it, because Java cannot stop a kernel that still writes there.
 */
public final class Mapping implements AutoCloseable {
  private static final int PROT_READ = 1;
  private static final int PROT_WRITE = 2;
  private static final int PROT_READ_WRITE = PROT_READ | PROT_WRITE;
  private static final int MAP_SHARED = 1;
  private static final int MAP_PRIVATE = 2;
  private static final int MAP_ANONYMOUS = 0x20;
  private static final int MAP_POPULATE = 0x8000;
  private static final int MADV_DONTNEED = 4;
  private static final int MADV_NOHUGEPAGE = 15;

  private static final MethodHandle MMAP =
      Downcalls.returningLong(
          "mmap", JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle MUNMAP = Downcalls.returningInt("munmap", JAVA_LONG, JAVA_LONG);
  private static final MethodHandle MADVISE =
      Downcalls.returningInt("madvise", JAVA_LONG, JAVA_LONG, JAVA_INT);

  private final Arena arena;
  private final MemorySegment segment;

  private Mapping(Arena arena, MemorySegment segment) {
    this.arena = arena;
    this.segment = segment;
  }

  /**
   * Maps {@code length} bytes of {@code fd} from {@code offset}, shared and writable.
   *
   * @return the mapping
   * @throws ErrnoException if the kernel refuses
   */
  public static Mapping ofFile(int fd, long offset, long length) throws ErrnoException {
    return map(length, PROT_READ_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);
  }

  /**
   * Maps memory that another process shares with us; pages come as they are touched.
   *
   * @param writable whether it may be written, and not only read
   * @throws ErrnoException if the kernel refuses
   */
  public static Mapping shared(int fd, long offset, long length, boolean writable)
      throws ErrnoException {
    return map(length, writable ? PROT_READ_WRITE : PROT_READ, MAP_SHARED, fd, offset);
  }

  /**
   * Maps {@code length} bytes of zeroed private memory, page-aligned.
   *
   * @throws ErrnoException if the kernel refuses
   */
  public static Mapping anonymous(long length) throws ErrnoException {
    return map(length, PROT_READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }

  /**
   * Maps as {@link #anonymous} does, but without huge pages: each page costs memory from its first
   * access until {@link #giveBack}.
   *
   * @throws ErrnoException if the kernel refuses
   */
  public static Mapping lazy(long length) throws ErrnoException {
    Mapping mapping = anonymous(length);
    // A kernel without huge pages refuses this call and does not need it.
    int _ = advise(mapping.segment.address(), length, MADV_NOHUGEPAGE);
    return mapping;
  }

  @SuppressWarnings("restricted")
  private static Mapping map(long length, int protection, int flags, int fd, long offset)
      throws ErrnoException {
    long address;
    MemorySegment errno = Downcalls.capture();
    try {
      address =
          Downcalls.check(
              (long) MMAP.invokeExact(errno, 0L, length, protection, flags, fd, offset), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
    if (address < 0 && address > -4096) {
      throw new ErrnoException("mmap of " + length + " bytes", (int) -address);
    }
    Arena arena = Arena.ofShared();
    // SAFETY: the kernel has just given us [address, address + length); the arena owns it and its
    // close, called once, unmaps exactly that range. Nobody else unmaps it.
    MemorySegment segment =
        MemorySegment.ofAddress(address)
            .reinterpret(length, arena, s -> unmap(s.address(), length));
    return new Mapping(arena, (protection & PROT_WRITE) != 0 ? segment : segment.asReadOnly());
  }

  private static void unmap(long address, long length) {
    try {
      int _ = (int) MUNMAP.invokeExact(Downcalls.capture(), address, length);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  private static int advise(long address, long length, int advice) {
    try {
      MemorySegment errno = Downcalls.capture();
      return Downcalls.check((int) MADVISE.invokeExact(errno, address, length, advice), errno);
    } catch (Throwable e) {
      throw Downcalls.linkageBug(e);
    }
  }

  /**
   * Gives the pages of a part of an {@link #anonymous} or {@link #lazy} mapping back to the kernel;
   * they read as zeroes from then on. Nothing is in flight on them.
   *
   * @param offset a multiple of the page size
   * @param length as {@code offset}
   */
  public void giveBack(long offset, long length) {
    // Through the segment: outside of the mapping, or after its end, this throws.
    int result = advise(segment.asSlice(offset, length).address(), length, MADV_DONTNEED);
    if (result < 0) {
      throw new IllegalStateException("madvise failed with " + Errno.name(result));
    }
  }

  /** The mapped memory; access after {@link #close} throws IllegalStateException. */
  public MemorySegment segment() {
    return segment;
  }

  /** Unmaps; a second call does nothing. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
