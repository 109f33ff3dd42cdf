package dev.platter.emulator.measure.workload;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.IoReason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.BitSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The writes that a run's sectors must hold: for each sector the number ("generation") of the last
 * completed write, and of the last write that a flush has made stable. The latter may be kept in a
 * mapped file, which outlives a killed process. Not thread-safe.
 */
public final class WriteLedger {
  private static final long MAGIC = 0x3259_4649_5245_5650L; // "PVERIFY2"
  // The magic number of an older format, without the run.
  private static final long FIRST_MAGIC = 0x5645_5249_4659_5031L;
  // Byte offsets of the header's fields.
  private static final int SECTORS_AT = 8;
  private static final int RUN_AT = 16;
  private static final int HEADER_BYTES = 4096;
  private static final int MOST_SECTORS = (Integer.MAX_VALUE - HEADER_BYTES) / Integer.BYTES;
  private static final long MIB = 1 << 20;

  /**
   * The state file of an earlier run.
   *
   * @param run which run it was
   * @param generations one per sector; 0 where nothing was stable
   */
  @SuppressWarnings("ArrayRecordComponent") // read by its only user, and never compared
  public record State(RunIdentity run, int[] generations) {}

  /** The number of writes after which a ledger with a state file wants a flush. */
  static final int MOST_UNSTABLE_WRITES = 1 << 20;

  private final RunIdentity run;
  private final boolean earlierRun;
  private final int sectors;
  private final int[] completed;
  private final BitSet busy;
  private final @Nullable MappedByteBuffer stable;
  // Completed writes that no flush covers yet, and the writes that the flush in flight covers. Each
  // write has three ints: first sector, sector count, generation.
  private int[] unstable = new int[3 * 1024];
  private int[] flushing = new int[3 * 1024];
  private int unstableLength;
  private int flushingLength;
  private int lastGeneration;

  /**
   * Makes a ledger of a new run for a disk.
   *
   * @param stateFile the file for stable generations, or null
   * @throws PlatterException if the disk is too large for a ledger or for the heap, or the file
   *     cannot be made
   */
  public WriteLedger(long diskBytes, @Nullable Path stateFile) {
    this(diskBytes, stateFile, RunIdentity.random());
  }

  /**
   * The ledger of an earlier run, to read what it has made stable.
   *
   * @param state is the ledger's from now on, unless the disk has another size
   * @throws PlatterException of kind FAILED if the disk is smaller than what was stable
   */
  public static WriteLedger of(State state, long diskBytes) {
    int[] generations = state.generations();
    int sectors = sectors(diskBytes);
    for (int sector = sectors; sector < generations.length; sector++) {
      if (generations[sector] != 0) {
        throw PlatterException.failed(
            "verification failed: the image of "
                + diskBytes
                + " bytes is smaller than when it was written: the sector at "
                + (long) sector * SectorPattern.SECTOR
                + " is lost",
            "docs/bench.md, which says what is verified");
      }
    }
    int[] completed =
        sectors == generations.length
            ? generations
            : inHeap(bytesOf(sectors), () -> Arrays.copyOf(generations, sectors));
    return new WriteLedger(completed, null, state.run(), true);
  }

  /**
   * Makes a ledger for a disk.
   *
   * @param stateFile where to keep what is stable, or null
   * @param run whose writes it keeps
   * @throws PlatterException if the disk is too large for it or for the heap, or the file cannot be
   *     made
   */
  public WriteLedger(long diskBytes, @Nullable Path stateFile, RunIdentity run) {
    this(newGenerations(sectors(diskBytes)), stateFile, run, false);
  }

  private WriteLedger(
      int[] completed, @Nullable Path stateFile, RunIdentity run, boolean earlierRun) {
    this.run = run;
    this.earlierRun = earlierRun;
    this.completed = completed;
    sectors = completed.length;
    busy = inHeap(sectors / Byte.SIZE, () -> new BitSet(sectors));
    stable = stateFile == null ? null : createState(stateFile);
  }

  private static int sectors(long diskBytes) {
    long count = diskBytes / SectorPattern.SECTOR;
    if (count > MOST_SECTORS) {
      throw PlatterException.badInput(
          "--verify keeps 4 bytes per sector in memory: " + diskBytes + " bytes are too many",
          "Verify on an image of 200G or less");
    }
    return (int) count;
  }

  private static int[] newGenerations(int sectors) {
    return inHeap(bytesOf(sectors), () -> new int[sectors]);
  }

  private static long bytesOf(int sectors) {
    return (long) sectors * Integer.BYTES;
  }

  private static <T> T inHeap(long bytes, Supplier<T> allocation) {
    return inHeap(bytes, Runtime.getRuntime().maxMemory(), allocation);
  }

  /**
   * Allocates, if the heap is large enough for that and an eighth more for the rest.
   *
   * @param bytes how much memory it takes
   * @param heapBytes how large the heap may become
   * @throws PlatterException of kind HOST_LACKS if the heap is too small
   */
  static <T> T inHeap(long bytes, long heapBytes, Supplier<T> allocation) {
    long needed = bytes + bytes / 8;
    if (needed > heapBytes) {
      throw heapTooSmall(needed, heapBytes, null);
    }
    try {
      return allocation.get();
    } catch (OutOfMemoryError e) {
      // The heap is large enough, but other objects take room, or there is no free piece of this
      // size.
      throw heapTooSmall(needed, heapBytes, e);
    }
  }

  private static PlatterException heapTooSmall(
      long needed, long heapBytes, @Nullable OutOfMemoryError cause) {
    // The serial collector gives two thirds of the heap to large objects.
    long enough = Math.max(needed, heapBytes) / 2 * 3 + 64 * MIB;
    return new PlatterException(
        PlatterException.Kind.HOST_LACKS,
        "--verify keeps 4 bytes per sector in memory: it needs "
            + (needed + MIB - 1) / MIB
            + " MiB of Java heap for this image, and the heap has at most "
            + heapBytes / MIB,
        "Raise it: PLATTER_JAVA_OPTS=-Xmx" + enough / MIB + "m, or use a smaller image",
        cause);
  }

  private MappedByteBuffer createState(Path file) {
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      if (channel.size() > 0 && !holdsState(channel, MAGIC) && !holdsState(channel, FIRST_MAGIC)) {
        throw PlatterException.badInput(
            file + " exists and is not a verify state: it will not be overwritten",
            "Choose another path for --verify-state");
      }
      channel.truncate(0);
      MappedByteBuffer map =
          channel.map(
              FileChannel.MapMode.READ_WRITE, 0, HEADER_BYTES + (long) sectors * Integer.BYTES);
      map.order(ByteOrder.LITTLE_ENDIAN);
      map.putInt(SECTORS_AT, sectors);
      map.putLong(RUN_AT, run.value());
      map.putLong(0, MAGIC);
      return map;
    } catch (IOException e) {
      // An error about the path is bad input; a file that does not fit is a failure.
      PlatterException.Kind kind =
          e instanceof FileSystemException
              ? PlatterException.Kind.BAD_INPUT
              : PlatterException.Kind.FAILED;
      throw new PlatterException(
          kind,
          "cannot write the verify state " + file + ": " + IoReason.of(e),
          "Choose another path",
          e);
    }
  }

  /**
   * Reads the stable generations that a killed run left behind.
   *
   * @throws PlatterException of kind BAD_INPUT if the file is no state file; of kind HOST_LACKS if
   *     the Java heap is too small for it
   */
  public static State readState(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      if (holdsState(channel, FIRST_MAGIC)) {
        throw PlatterException.badInput(
            file
                + " is a verify state of an earlier Platter: it does not say which run wrote the"
                + " image, so nothing can be verified with it",
            "Write the image again: platter bench IMAGE --rw write --verify --verify-state FILE");
      }
      if (!holdsState(channel, MAGIC)) {
        throw PlatterException.badInput(
            file + " is not a verify state", "Name the file that --verify-state has made");
      }
      MappedByteBuffer map = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
      map.order(ByteOrder.LITTLE_ENDIAN);
      int[] generations = newGenerations(map.getInt(SECTORS_AT));
      for (int i = 0; i < generations.length; i++) {
        generations[i] = map.getInt(HEADER_BYTES + i * Integer.BYTES);
      }
      return new State(new RunIdentity(map.getLong(RUN_AT)), generations);
    } catch (IOException e) {
      throw new PlatterException(
          PlatterException.Kind.BAD_INPUT,
          "cannot read the verify state " + file + ": " + IoReason.of(e),
          null,
          e);
    }
  }

  private static boolean holdsState(FileChannel channel, long magic) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
    return channel.read(header, 0) == header.capacity()
        && header.getLong(0) == magic
        && header.getInt(SECTORS_AT) >= 0
        && header.getInt(SECTORS_AT) <= MOST_SECTORS
        && channel.size() == HEADER_BYTES + (long) header.getInt(SECTORS_AT) * Integer.BYTES;
  }

  /** Notes that the whole disk holds {@code generation} of this run, for a prefilled image. */
  public void prefilled(int generation) {
    Arrays.fill(completed, generation);
    lastGeneration = Math.max(lastGeneration, generation);
  }

  /**
   * A number for the next write.
   *
   * @throws PlatterException of kind FAILED if there is none left
   */
  int nextGeneration() {
    if (lastGeneration == Integer.MAX_VALUE) {
      throw PlatterException.failed(
          "a run that is verified numbers its writes up to 2,147,483,647, and this one has got"
              + " there",
          "Make it shorter with --runtime");
    }
    return ++lastGeneration;
  }

  /** Reserves a range for a write; false if any of it is being written. */
  boolean reserve(int firstSector, int count) {
    int next = busy.nextSetBit(firstSector);
    if (next >= 0 && next < firstSector + count) {
      return false;
    }
    busy.set(firstSector, firstSector + count);
    return true;
  }

  /** Gives a reserved range back, whose contents have not changed. */
  void release(int firstSector, int count) {
    busy.clear(firstSector, firstSector + count);
  }

  /**
   * Notes that a reserved range was trimmed and may hold anything until it is written again.
   *
   * @throws IllegalStateException if there is a state file, which cannot record trims
   */
  void trimmed(int firstSector, int count) {
    if (stable != null) {
      throw new IllegalStateException("what is stable was trimmed");
    }
    release(firstSector, count);
    Arrays.fill(completed, firstSector, firstSector + count, 0);
  }

  /** A write has completed. */
  void completed(int firstSector, int count, int generation) {
    release(firstSector, count);
    Arrays.fill(completed, firstSector, firstSector + count, generation);
    if (stable == null) {
      return;
    }
    if (unstableLength == unstable.length) {
      unstable = Arrays.copyOf(unstable, unstable.length * 2);
    }
    unstable[unstableLength] = firstSector;
    unstable[unstableLength + 1] = count;
    unstable[unstableLength + 2] = generation;
    unstableLength += 3;
  }

  /**
   * Whether it is time for a flush, because notes of writes take memory until a flush covers them.
   */
  boolean wantsFlush() {
    return unstableLength >= 3 * MOST_UNSTABLE_WRITES;
  }

  /** A flush is about to be submitted: it covers what has completed so far. */
  void flushStarts() {
    int[] swap = flushing;
    flushing = unstable;
    flushingLength = unstableLength;
    unstable = swap;
    unstableLength = 0;
  }

  /** The flush has completed. */
  void flushCompleted() {
    if (stable != null) {
      for (int i = 0; i < flushingLength; i += 3) {
        for (int sector = flushing[i]; sector < flushing[i] + flushing[i + 1]; sector++) {
          stable.putInt(HEADER_BYTES + sector * Integer.BYTES, flushing[i + 2]);
        }
      }
    }
    flushingLength = 0;
  }

  /** The run of these writes. */
  public RunIdentity run() {
    return run;
  }

  /** Whether the ledger is an earlier run's, so that the disk may hold later writes of that run. */
  boolean isOfEarlierRun() {
    return earlierRun;
  }

  /** The generation of the last completed write to each sector; 0 where there was none. */
  public int[] completed() {
    return completed;
  }

  /**
   * As {@link #completed}, for a run that has ended. It is 0 also where a request is still in
   * flight, which may be carried out later.
   */
  public int[] completedAtEnd() {
    busy.stream().forEach(sector -> completed[sector] = 0);
    return completed;
  }
}
