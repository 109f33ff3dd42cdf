package dev.platter.emulator.measure.workload;

import dev.platter.devices.block.BlockRequest.Operation;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * One of the closed loops of {@link Bench}: its place in the sequence, its random numbers, its
 * pace. Its requests have tags of their own.
 */
final class BenchJob {
  private final Bench.Options options;
  private final long capacityBytes;
  private final SplittableRandom random;
  private final long[] nextSequential = new long[Operation.values().length];
  private final long intervalNanos;
  // Tags whose next request waits for its time, in the order in which they came free; beside each
  // the time.
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
    // Jobs in sequence each have a part of the disk to begin with.
    long units = capacityBytes / options.minBytes();
    long start = units / options.jobs().count() * index * options.minBytes();
    Arrays.fill(nextSequential, start);
  }

  // Seeds that differ by a constant may give one sequence, shifted: a generator that is split does
  // not.
  private static SplittableRandom randomOf(long seed, int index) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < index; i++) {
      random = random.split();
    }
    return random;
  }

  /** An operation's place in an array that has room for each. */
  @SuppressWarnings("EnumOrdinal") // the order is nobody's concern but that of these arrays
  static int index(Operation operation) {
    return operation.ordinal();
  }

  // ---- what and where --------------------------------------------------------------------------

  /** What the next request does. */
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

  /** From now on the rate counts. */
  void paceBegins(long nanos) {
    nextSlotNanos = nanos;
  }

  /** What a stall has held up until now is not made up for. */
  void forgiveArrears(long nanos) {
    nextSlotNanos = nextSlotNanos - nanos < 0 ? nanos : nextSlotNanos;
  }

  /** A tag is free; its next request may come after the job's think time. */
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
    // Behind a stall the job catches up, so that the rate holds in the mean.
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
