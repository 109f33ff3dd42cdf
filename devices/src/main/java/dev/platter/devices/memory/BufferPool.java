package dev.platter.devices.memory;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.Counter;
import dev.platter.aio.loop.LateTimer;
import dev.platter.aio.sys.ErrnoException;
import dev.platter.aio.sys.Mapping;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A fixed number of buffers of {@value #CHUNK_BYTES} bytes, page-aligned, for requests that cannot
 * use their own memory. The address space is reserved at once. The kernel gives memory when a chunk
 * is first touched, and gets it back when the chunk was idle for a while.
 *
 * <p>A request that finds no free chunk waits in order ({@link #await}), as a request without room
 * in the SQ does. A request that holds a chunk never waits for another: it can always finish and
 * give the chunk back, so that every waiter gets one. A pool is never shared by two guests.
 *
 * <p>For one loop: its thread, or the holders of its lock. Only the counts are for any thread.
 * Allocates nothing after its creation.
 */
public final class BufferPool implements AutoCloseable {
  /** Size of a chunk in bytes. */
  public static final int CHUNK_BYTES = 128 << 10;

  /** The result of {@link #take} if there is no free chunk. */
  public static final int NONE = -1;

  /**
   * The time after which an unused chunk gives its memory back, in nanoseconds. Long enough for the
   * timer's wake-ups not to matter: {@code --ablate notify} shows a loop without any.
   */
  private static final long IDLE_NANOS = 10_000_000_000L;

  /** A request that waits for a chunk; in at most one pool's queue at a time. */
  public abstract static class ChunkWaiter {
    private @Nullable ChunkWaiter previous;
    private @Nullable ChunkWaiter next;
    private boolean waiting;

    /** Creates a waiter that is in no queue. */
    protected ChunkWaiter() {}

    /**
     * The waiter gets {@code chunk}, which it gives back later. Runs in a call of {@link #give}.
     */
    protected abstract void granted(int chunk);

    /** Whether the waiter is in a queue. */
    public final boolean isWaiting() {
      return waiting;
    }
  }

  private final Mapping memory;
  private final long base;
  private final long idleNanos;
  private final @Nullable LateTimer trimmer;
  private final boolean[] taken;
  // Whether the kernel may have given memory for it.
  private final boolean[] touched;
  // While memory is given back: the chunks that lose theirs.
  private final boolean[] going;
  // A stack: the chunk that was given back last is taken first, and is still in the CPU's caches.
  private final int[] free;
  private int freeCount;
  // The number of chunks at the bottom of the stack that were free ever since the last trim.
  private int idle;
  private @Nullable ChunkWaiter first;
  private @Nullable ChunkWaiter last;
  private int timesGivenBack;
  private boolean granting;
  private boolean closed;
  private final Counter inUse = new Counter();
  private final Counter highWater = new Counter();
  private final Counter waiting = new Counter();
  private final Counter waits = new Counter();
  private final Counter resident = new Counter();

  /**
   * Reserves the address space of a pool that trims itself while its loop runs.
   *
   * @param context the loop that it is for
   * @param chunks how many chunks, at least 1
   * @throws ErrnoException if the kernel has no address space for it
   */
  public BufferPool(AioContext context, int chunks) throws ErrnoException {
    this(chunks, context, IDLE_NANOS);
  }

  /**
   * Reserves the address space of a pool whose owner calls {@link #trim} from time to time.
   *
   * @param chunks how many chunks, at least 1
   * @throws ErrnoException if the kernel has no address space for it
   */
  public BufferPool(int chunks) throws ErrnoException {
    this(chunks, null, IDLE_NANOS);
  }

  BufferPool(int chunks, @Nullable AioContext context, long idleNanos) throws ErrnoException {
    this.idleNanos = idleNanos;
    memory = Mapping.lazy((long) chunks * CHUNK_BYTES);
    base = memory.segment().address();
    trimmer = context == null ? null : new LateTimer(context, this::trimAndRepeat);
    taken = new boolean[chunks];
    touched = new boolean[chunks];
    going = new boolean[chunks];
    free = new int[chunks];
    for (int chunk = chunks - 1; chunk >= 0; chunk--) {
      free[freeCount++] = chunk;
    }
    idle = freeCount;
  }

  /** Number of chunks. */
  public int chunks() {
    return free.length;
  }

  /** All chunks, which follow each other. */
  public MemorySegment segment() {
    return memory.segment();
  }

  /** Host address of a chunk. */
  public long address(int chunk) {
    return base + (long) chunk * CHUNK_BYTES;
  }

  /**
   * Takes a chunk, whose contents are undefined.
   *
   * @return its number, or {@link #NONE}: all are taken, or others wait
   */
  public int take() {
    return first != null || freeCount == 0 ? NONE : pop();
  }

  private int pop() {
    int chunk = free[--freeCount];
    idle = Math.min(idle, freeCount);
    taken[chunk] = true;
    if (!touched[chunk]) {
      touched[chunk] = true;
      resident.increment();
    }
    inUse.increment();
    if (inUse.get() > highWater.get()) {
      highWater.increment();
    }
    return chunk;
  }

  /**
   * Gives a chunk back, or hands it to the first waiter. The kernel has no request on it any more.
   */
  public void give(int chunk) {
    if (!taken[chunk]) {
      throw new IllegalStateException("chunk " + chunk + " is free");
    }
    taken[chunk] = false;
    free[freeCount++] = chunk;
    inUse.add(-1);
    grant();
    if (trimmer != null && !trimmer.isArmed()) {
      trimmer.arm(idleNanos);
    }
  }

  private void grant() {
    if (granting) {
      return; // a waiter has given its chunk back at once: no recursion as deep as the queue
    }
    granting = true;
    try {
      while (first != null && freeCount > 0) {
        ChunkWaiter waiter = first;
        forget(waiter);
        waiter.granted(pop());
      }
    } finally {
      granting = false;
    }
  }

  /**
   * Queues a waiter, which holds no chunk of this pool.
   *
   * @throws IllegalStateException if it waits already, or need not: {@link #take} comes first
   */
  public void await(ChunkWaiter waiter) {
    if (waiter.waiting) {
      throw new IllegalStateException("waits already");
    }
    if (first == null && freeCount > 0) {
      throw new IllegalStateException("a chunk is free");
    }
    waiter.waiting = true;
    waiter.previous = last;
    if (last == null) {
      first = waiter;
    } else {
      last.next = waiter;
    }
    last = waiter;
    waiting.increment();
    waits.increment();
  }

  /** Takes a waiter out of the queue, if it is there. */
  public void cancel(ChunkWaiter waiter) {
    if (waiter.waiting) {
      forget(waiter);
    }
  }

  private void forget(ChunkWaiter waiter) {
    if (waiter.previous == null) {
      first = waiter.next;
    } else {
      waiter.previous.next = waiter.next;
    }
    if (waiter.next == null) {
      last = waiter.previous;
    } else {
      waiter.next.previous = waiter.previous;
    }
    waiter.previous = null;
    waiter.next = null;
    waiter.waiting = false;
    waiting.add(-1);
  }

  /**
   * Gives the memory of all chunks back that were not used since the last call. A pool with a loop
   * calls this itself, only while there is something to give back.
   *
   * @return whether a free chunk may still hold memory, so that another call is worth it
   */
  public boolean trim() {
    giveBack(idle);
    idle = freeCount;
    boolean more = false;
    for (int i = 0; i < freeCount && !more; i++) {
      more = touched[free[i]];
    }
    return more;
  }

  /** Gives the memory of all free chunks back, because their guest has gone. */
  public void trimAll() {
    giveBack(freeCount);
    idle = freeCount;
  }

  private void trimAndRepeat() {
    if (trim() && trimmer != null) {
      trimmer.arm(idleNanos);
    }
  }

  boolean isTrimming() {
    return trimmer != null && trimmer.isArmed();
  }

  /**
   * Gives the memory of chunks at the bottom of the stack back. Adjacent chunks go in one system
   * call, as this may run under the big lock.
   */
  private void giveBack(int count) {
    for (int i = 0; i < count; i++) {
      going[free[i]] = touched[free[i]];
    }
    int start = 0;
    while (start < going.length) {
      int end = start;
      while (end < going.length && going[end]) {
        going[end] = false;
        touched[end] = false;
        end++;
      }
      if (end > start) {
        memory.giveBack((long) start * CHUNK_BYTES, (long) (end - start) * CHUNK_BYTES);
        resident.add(start - end);
        timesGivenBack++;
      }
      start = end + 1;
    }
  }

  /** The number of system calls that have given memory back. */
  int timesGivenBack() {
    return timesGivenBack;
  }

  /** The number of chunks in use. */
  public long inUse() {
    return inUse.get();
  }

  /** The largest number of chunks that were in use at a time. */
  public long highWater() {
    return highWater.get();
  }

  /** The number of requests that wait for a chunk. */
  public long waiting() {
    return waiting.get();
  }

  /** The number of waits since the pool was made. */
  public long waits() {
    return waits.get();
  }

  /** The number of chunks that may hold memory now. */
  public long resident() {
    return resident.get();
  }

  /**
   * Unmaps the chunks; none is in use, and nothing waits. Idempotent.
   *
   * @throws IllegalStateException if one is taken
   */
  @Override
  public void close() {
    if (trimmer != null && trimmer.isArmed()) {
      trimmer.cancel();
    }
    closeAfterLoop();
  }

  /** As {@link #close}, when the loop has ended and its timers with it. Any thread. */
  public void closeAfterLoop() {
    if (closed) {
      return;
    }
    if (freeCount < free.length || first != null) {
      throw new IllegalStateException(
          (free.length - freeCount) + " chunks are taken, " + waiting.get() + " wait");
    }
    closed = true;
    memory.close();
  }
}
