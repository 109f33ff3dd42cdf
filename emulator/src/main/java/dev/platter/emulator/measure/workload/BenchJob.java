package dev.platter.emulator.measure.workload;

import dev.platter.devices.block.meter.Operation;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * One of the closed loops of {@link Bench}, with its place in the sequence, its random numbers, its
 * pace, and its own tags for requests.
 */
final class BenchJob {
  private final Bench.Options options;
  private final long capacityBytes;
  private final SplittableRandom random;
  private final long[] nextSequential = new long[Operation.values().length];
  private final long intervalNanos;
  // Tags whose next request waits for its time, in the order in which they came free, each beside
  // that time.
  private final int[] idle;
  private final long[] readyNanos;
  private int idleHead;
  private int idleCount;
  private long nextSlotNanos;
  private int writesSinceFlush;
  private boolean flushOutstanding;
  private long requests;

  /**
   * Makes a job.
   *
   * @param index which job, from 0
   * @param depth how many tags it has
   */
  BenchJob(Bench.Options options, int index, long capacityBytes, int depth) {
    this.options = options;
    this.capacityBytes = capacityBytes;
    this.random = randomOf(options.seed(), index);
    this.idle = new int[depth];
    this.readyNanos = new long[depth];
    int rate = options.jobs().requestsPerSecond();
    this.intervalNanos = rate == 0 ? 0 : 1_000_000_000L / rate;
    // Each sequential job begins in a part of the disk of its own.
    long units = capacityBytes / options.minBytes();
    long start = units / options.jobs().count() * index * options.minBytes();
    Arrays.fill(nextSequential, start);
  }

  // Seeds that differ by a constant may give the same sequence, shifted. A split generator does
  // not.
  private static SplittableRandom randomOf(long seed, int index) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < index; i++) {
      random = random.split();
    }
    return random;
  }

  /** An operation's place in an array that has room for each. */
  @SuppressWarnings("EnumOrdinal") // only these arrays depend on the order
  static int index(Operation operation) {
    return operation.ordinal();
  }

  // ---- what and where --------------------------------------------------------------------------

  /** Draws the next request's operation. */
  Operation drawOperation() {
    Operation only = options.pattern().only();
    if (only != null) {
      return only;
    }
    if (options.mix().trimPercent() > 0 && random.nextInt(100) < options.mix().trimPercent()) {
      return Operation.DISCARD;
    }
    return random.nextInt(100) < options.mix().readPercent() ? Operation.READ : Operation.WRITE;
  }

  /** The next request's length in bytes. */
  int drawLength() {
    int choices = options.maxBytes() / options.minBytes();
    return choices == 1 ? options.minBytes() : (1 + random.nextInt(choices)) * options.minBytes();
  }

  /** The next request's place in bytes. */
  long drawOffset(Operation operation, int length) {
    long last = capacityBytes - length;
    if (options.pattern().random()) {
      long units = capacityBytes / options.minBytes();
      return random.nextLong(Math.min(units, last / options.minBytes() + 1)) * options.minBytes();
    }
    long next = nextSequential[index(operation)];
    long offset = next > last ? 0 : next;
    nextSequential[index(operation)] = offset + length;
    return offset;
  }

  // ---- when ------------------------------------------------------------------------------------

  /** Begins the rate. */
  void paceBegins(long nanos) {
    nextSlotNanos = nanos;
  }

  /** Skips the requests that a stall has delayed until now. */
  void forgiveArrears(long nanos) {
    nextSlotNanos = nextSlotNanos - nanos < 0 ? nanos : nextSlotNanos;
  }

  /** Frees a tag, whose next request may come after the job's think time. */
  void becomesIdle(int tag, long nanos) {
    int at = (idleHead + idleCount++) % idle.length;
    idle[at] = tag;
    readyNanos[at] = nanos + options.jobs().thinkNanos();
  }

  boolean hasIdle() {
    return idleCount > 0;
  }

  /** When the next request is due; there must be an idle tag. */
  long dueNanos() {
    long ready = readyNanos[idleHead];
    return intervalNanos == 0 || nextSlotNanos - ready < 0 ? ready : nextSlotNanos;
  }

  /** Takes the tag of the request that is due. */
  int takeIdle() {
    int tag = idle[idleHead];
    idleHead = (idleHead + 1) % idle.length;
    idleCount--;
    // After a stall the job catches up, so that the mean rate holds.
    nextSlotNanos += intervalNanos;
    return tag;
  }

  // ---- flushes and counts ----------------------------------------------------------------------

  void writeStarts() {
    writesSinceFlush++;
  }

  boolean wantsFlush() {
    return options.flushEvery() > 0
        && writesSinceFlush >= options.flushEvery()
        && !flushOutstanding;
  }

  void flushStarts() {
    flushOutstanding = true;
    writesSinceFlush = 0;
  }

  void flushEnds() {
    flushOutstanding = false;
  }

  void requestEnds() {
    requests++;
  }

  void resetCount() {
    requests = 0;
  }

  long requests() {
    return requests;
  }
}
