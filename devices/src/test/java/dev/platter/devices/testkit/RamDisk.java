package dev.platter.devices.testkit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.block.meter.BlockMeter;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.memory.BufferPool;
import dev.platter.devices.memory.IoVector;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A disk in memory, for tests and fuzzers. Sparse, so it may claim any size. Requests complete
 * inside {@link #submit}, or after {@link #hold} when the test releases them, in any order.
 *
 * <p>It reaches memory only through the segments it was given: a transfer to any other address is a
 * bug in the device under test and throws AssertionError. Not thread-safe.
 */
public final class RamDisk implements BlockBackend {
  private static final int CHUNK_SHIFT = 16;
  private static final int CHUNK_BYTES = 1 << CHUNK_SHIFT;
  private static final int CHUNKS_PER_GROUP = 1 << 14;
  private static final byte[] HOLE = new byte[CHUNK_BYTES];

  /** Decides a request's fate. */
  @FunctionalInterface
  public interface Fault {
    /** Returns 0 to let the request run, or {@code -errno} to fail it. */
    int inject(BlockRequest request);
  }

  private Supplier<List<MemorySegment>> reachable;
  private final int blockSizeBytes;
  private final byte[] @Nullable [] @Nullable [] groups;
  private final List<LongConsumer> resizeListeners = new ArrayList<>();
  private final BlockMeter meter = new BlockMeter();
  private final List<BlockRequest> held = new ArrayList<>();
  private final Map<Operation, AtomicLong> counts = new EnumMap<>(Operation.class);
  private long sizeBytes;
  private boolean readOnly;
  private boolean writeCache = true;
  private boolean holding;
  private long forcedWrites;
  private int cutShort;
  private boolean cutsShort;
  private @Nullable Fault fault;

  /**
   * Creates a disk of zeroes.
   *
   * @param sizeBytes its size, a multiple of {@code blockSizeBytes}
   * @param blockSizeBytes its block size
   * @param reachable the host memory that requests may name, such as the RAM of a guest
   */
  public RamDisk(long sizeBytes, int blockSizeBytes, List<MemorySegment> reachable) {
    this(sizeBytes, blockSizeBytes, () -> reachable);
  }

  /**
   * Creates a disk of zeroes for a guest whose memory comes and goes.
   *
   * @param reachable the host memory that requests may name when they run
   */
  public RamDisk(long sizeBytes, int blockSizeBytes, Supplier<List<MemorySegment>> reachable) {
    this.sizeBytes = sizeBytes;
    this.blockSizeBytes = blockSizeBytes;
    this.reachable = reachable;
    for (Operation operation : Operation.values()) {
      counts.put(operation, new AtomicLong());
    }
    groups = new byte[(int) ((sizeBytes >> CHUNK_SHIFT) / CHUNKS_PER_GROUP) + 1][][];
  }

  /**
   * Lets requests name only these buffers, those of an AHCI controller, which never lends the
   * memory of its guest.
   */
  public void reachOnly(List<BufferPool> pools) {
    List<MemorySegment> buffers = pools.stream().map(BufferPool::segment).toList();
    reachable = () -> buffers;
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public int blockSizeBytes() {
    return blockSizeBytes;
  }

  @Override
  public boolean readOnly() {
    return readOnly;
  }

  @Override
  public boolean writeCache() {
    return writeCache;
  }

  /** Makes the disk refuse writes with {@code -EROFS}, or accept them again. */
  public void setReadOnly(boolean readOnly) {
    this.readOnly = readOnly;
  }

  /** Sets what {@link #writeCache} answers. */
  public void setWriteCache(boolean writeCache) {
    this.writeCache = writeCache;
  }

  /** Sets what decides over each request before it runs, or null for no faults. */
  public void setFault(@Nullable Fault fault) {
    this.fault = fault;
  }

  /**
   * Changes the size, up to the next GiB boundary above the first size, and tells the listeners.
   */
  public void resize(long newSizeBytes) {
    sizeBytes = newSizeBytes;
    for (LongConsumer listener : resizeListeners) {
      listener.accept(newSizeBytes);
    }
  }

  @Override
  public int sync() {
    return 0;
  }

  @Override
  public void addResizeListener(LongConsumer listener) {
    resizeListeners.add(listener);
  }

  @Override
  public void removeResizeListener(LongConsumer listener) {
    resizeListeners.remove(listener);
  }

  /** How many listeners would be told of a new size. */
  public int resizeListenerCount() {
    return resizeListeners.size();
  }

  /** Stays empty: see {@link #count}. */
  @Override
  public BlockMeter meter() {
    return meter;
  }

  /** From now on keeps requests until {@link #release}. */
  public void hold() {
    holding = true;
  }

  /** From now on completes requests inside {@link #submit}; those held stay held. */
  public void stopHolding() {
    holding = false;
  }

  /** How many requests are held. */
  public int heldCount() {
    return held.size();
  }

  /** A held request, by its place in the order of submission. */
  public BlockRequest held(int index) {
    return held.get(index);
  }

  /** Runs and completes one held request; memory is touched now, not at submission. */
  public void release(int index) {
    BlockRequest request = held.remove(index);
    request.finish(run(request));
  }

  /** Completes one held request with {@code -errno}, its data not transferred. */
  public void fail(int index, int errno) {
    held.remove(index).finish(-errno);
  }

  /** How many requests were to be cut short. */
  public int cutShort() {
    return cutShort;
  }

  @Override
  public void cutShort(BlockRequest request) {
    cutShort++;
    if (cutsShort && request.operation() == Operation.DISCARD && held.remove(request)) {
      request.finish(0);
    }
  }

  /** From now on discards that are held end when they are to be cut short. */
  public void cutDiscardsShort() {
    cutsShort = true;
  }

  /** Releases held requests, first come first served, until none is left. */
  public void releaseAll() {
    while (!held.isEmpty()) {
      release(0);
    }
  }

  /** How many requests of a kind have run, failed ones included. */
  public long count(Operation operation) {
    return counter(operation).get();
  }

  private AtomicLong counter(Operation operation) {
    return Objects.requireNonNull(counts.get(operation));
  }

  /** How many writes had force-unit-access set. */
  public long forcedWrites() {
    return forcedWrites;
  }

  @Override
  public void submit(BlockRequest request) {
    request.begin();
    if (holding) {
      held.add(request);
    } else {
      request.finish(run(request));
    }
  }

  private int run(BlockRequest request) {
    Operation operation = request.operation();
    counter(operation).incrementAndGet();
    if (request.forceUnitAccess()) {
      forcedWrites++;
    }
    if (fault != null) {
      int result = fault.inject(request);
      if (result != 0) {
        return result;
      }
    }
    long offset = request.offsetBytes();
    long length = request.lengthBytes();
    if (offset < 0
        || length < 0
        || length > sizeBytes - offset
        || offset % blockSizeBytes != 0
        || length % blockSizeBytes != 0) {
      return -Errno.EINVAL;
    }
    if (readOnly && operation != Operation.READ && operation != Operation.FLUSH) {
      return -Errno.EROFS;
    }
    switch (operation) {
      case READ -> transfer(request.vector(), offset, false);
      case WRITE -> transfer(request.vector(), offset, true);
      case DISCARD, WRITE_ZEROES -> zero(offset, length);
      case FLUSH -> {}
    }
    return 0;
  }

  private void transfer(IoVector vector, long offset, boolean toDisk) {
    long at = offset;
    for (int i = 0; i < vector.count(); i++) {
      long address = vector.base(i);
      long left = vector.length(i);
      while (left > 0) {
        MemorySegment segment = segmentOf(address);
        long inSegment = address - segment.address();
        int part = (int) Math.min(left, CHUNK_BYTES - (at & (CHUNK_BYTES - 1)));
        part = (int) Math.min(part, segment.byteSize() - inSegment);
        move(segment, inSegment, at, part, toDisk);
        address += part;
        at += part;
        left -= part;
      }
    }
  }

  private MemorySegment segmentOf(long hostAddress) {
    List<MemorySegment> segments = reachable.get();
    for (int i = 0; i < segments.size(); i++) {
      MemorySegment segment = segments.get(i);
      if (Long.compareUnsigned(hostAddress - segment.address(), segment.byteSize()) < 0) {
        return segment;
      }
    }
    throw new AssertionError("transfer outside guest memory: 0x" + Long.toHexString(hostAddress));
  }

  private void move(MemorySegment segment, long inSegment, long at, int length, boolean toDisk) {
    int inChunk = (int) (at & (CHUNK_BYTES - 1));
    byte[] chunk = chunk(at, toDisk);
    if (toDisk && chunk != null) {
      MemorySegment.copy(segment, JAVA_BYTE, inSegment, chunk, inChunk, length);
    } else {
      byte[] from = chunk == null ? HOLE : chunk;
      MemorySegment.copy(from, inChunk, segment, JAVA_BYTE, inSegment, length);
    }
  }

  private byte @Nullable [] chunk(long at, boolean create) {
    long index = at >> CHUNK_SHIFT;
    int groupIndex = (int) (index / CHUNKS_PER_GROUP);
    int inGroup = (int) (index % CHUNKS_PER_GROUP);
    byte[] @Nullable [] group = groups[groupIndex];
    if (group == null) {
      if (!create) {
        return null;
      }
      group = new byte[CHUNKS_PER_GROUP][];
      groups[groupIndex] = group;
    }
    byte[] chunk = group[inGroup];
    if (chunk == null && create) {
      chunk = new byte[CHUNK_BYTES];
      group[inGroup] = chunk;
    }
    return chunk;
  }

  private void zero(long offset, long length) {
    long at = offset;
    long end = offset + length;
    while (at < end) {
      int inChunk = (int) (at & (CHUNK_BYTES - 1));
      int part = (int) Math.min(end - at, CHUNK_BYTES - inChunk);
      byte[] chunk = chunk(at, false);
      if (chunk != null) {
        Arrays.fill(chunk, inChunk, inChunk + part, (byte) 0);
      }
      at += part;
    }
  }

  /** Sets the disk's contents from the host's side. */
  public void poke(long offsetBytes, byte[] data) {
    for (int i = 0; i < data.length; i++) {
      long at = offsetBytes + i;
      byte[] chunk = chunk(at, true);
      if (chunk != null) {
        chunk[(int) (at & (CHUNK_BYTES - 1))] = data[i];
      }
    }
  }

  /** The disk's contents as the host sees them. */
  public byte[] peek(long offsetBytes, int lengthBytes) {
    byte[] data = new byte[lengthBytes];
    for (int i = 0; i < lengthBytes; i++) {
      long at = offsetBytes + i;
      byte[] chunk = chunk(at, false);
      data[i] = chunk == null ? 0 : chunk[(int) (at & (CHUNK_BYTES - 1))];
    }
    return data;
  }

  /** Checks that nothing is held. */
  @Override
  public void close() {
    if (!held.isEmpty()) {
      throw new IllegalStateException(held.size() + " requests held");
    }
  }
}
