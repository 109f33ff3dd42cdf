package dev.platter.emulator.workload;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.BlockRequest.Operation;
import dev.platter.devices.testkit.DiskDriver;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * A closed loop: keeps {@code depth} requests outstanding until the time is up. Completions are
 * taken in the order in which they arrive, each is replaced at once, and one doorbell covers what
 * one wake-up brought.
 */
public final class Bench {
  /** What is done where. */
  public enum Pattern {
    READ(Operation.READ, false),
    WRITE(Operation.WRITE, false),
    RANDREAD(Operation.READ, true),
    RANDWRITE(Operation.WRITE, true);

    private final Operation operation;
    private final boolean random;

    Pattern(Operation operation, boolean random) {
      this.operation = operation;
      this.random = random;
    }

    /** As the command line and the JSON name it. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }

    /** Whether it changes the image. */
    public boolean writes() {
      return operation == Operation.WRITE;
    }
  }

  /**
   * The workload's numbers.
   *
   * @param pattern what is done
   * @param minBytes smallest request; sizes are drawn evenly from its multiples up to the largest
   * @param maxBytes largest request
   * @param depth requests outstanding
   * @param warmUpNanos time before measuring begins
   * @param runtimeNanos time measured
   * @param flushEvery a flush after so many writes; 0 for none
   * @param seed of offsets and sizes
   */
  public record Options(
      Pattern pattern,
      int minBytes,
      int maxBytes,
      int depth,
      long warmUpNanos,
      long runtimeNanos,
      int flushEvery,
      long seed) {}

  private final IoTarget target;
  private final Options options;
  private final @Nullable WriteLedger ledger;
  private final @Nullable Verification read;
  private final BooleanSupplier cancelled;
  private final Outstanding outstanding;
  private final SplittableRandom random;
  private final Histogram latency = Latencies.newHistogram();
  private final Operation[] operations;
  private final long[] offsets;
  private final int[] lengths;
  private final int[] generations;
  private final long units;
  private long nextSequential;
  private int writesSinceFlush;
  private boolean flushOutstanding;
  private long requests;
  private long bytes;

  /**
   * Prepares a run.
   *
   * @param ledger what sectors hold, to verify; null not to
   * @param cancelled asked all the time; a cancelled run drains and ends
   */
  public Bench(
      IoTarget target, Options options, @Nullable WriteLedger ledger, BooleanSupplier cancelled) {
    this.target = target;
    this.options = options;
    this.ledger = ledger;
    this.read =
        ledger == null || options.pattern().writes()
            ? null
            : new Verification(ledger.run(), Verification.Rule.ANY_RUN);
    this.cancelled = cancelled;
    int depth = Math.min(options.depth(), target.queueDepth());
    this.outstanding = new Outstanding(target, depth);
    this.random = new SplittableRandom(options.seed());
    this.operations = new Operation[depth];
    this.offsets = new long[depth];
    this.lengths = new int[depth];
    this.generations = new int[depth];
    this.units = target.capacityBytes() / options.minBytes();
    RequestSizes.check(target, options.minBytes(), options.maxBytes(), "--bs");
    if (ledger != null
        && options.pattern().writes()
        && target.capacityBytes() < 2L * depth * options.maxBytes()) {
      // Verified writes must not overlap while in flight, and have to find a free place.
      throw PlatterException.badInput(
          "the image of "
              + target.capacityBytes()
              + " bytes is too small to verify "
              + depth
              + " writes of up to "
              + options.maxBytes()
              + " bytes in flight",
          "Use an image of twice the sum, or a smaller --bs or --iodepth");
    }
  }

  /**
   * Runs on the target's thread. When it returns nothing is in flight, and writes are flushed.
   *
   * @throws PlatterException of kind FAILED if a request fails
   */
  public RunResult run(Measurement measurement) {
    long now = System.nanoTime();
    long begin = now + options.warmUpNanos();
    long end = begin + options.runtimeNanos();
    boolean measuring = false;
    for (int tag = 0; tag < operations.length; tag++) {
      start(tag);
    }
    target.kick();
    while (now - end < 0 && !cancelled.getAsBoolean() && !foundWrong()) {
      if (!measuring && now - begin >= 0) {
        measuring = true;
        begin = now;
        measurement.begin();
        latency.reset();
        requests = 0;
        bytes = 0;
      }
      outstanding.await();
      while (outstanding.hasFinished()) {
        int tag = outstanding.take();
        finish(tag);
        start(tag);
      }
      target.kick();
      now = System.nanoTime();
    }
    if (measuring) {
      measurement.end();
    }
    if (!measuring) {
      // Cancelled while warming up: there is nothing to report.
      latency.reset();
      requests = 0;
      bytes = 0;
    }
    RunResult result =
        new RunResult(
            Math.max(1, now - begin), latency.copy(), requests, bytes, now - end < 0, read);
    drain();
    return result;
  }

  private boolean foundWrong() {
    return read != null && read.wrong() > 0;
  }

  private void drain() {
    while (outstanding.count() > 0) {
      outstanding.await();
      finish(outstanding.take());
    }
    if (options.pattern().writes()) {
      startFlush(0);
      target.kick();
      outstanding.await();
      finish(outstanding.take());
    }
  }

  private void start(int tag) {
    if (options.flushEvery() > 0 && writesSinceFlush >= options.flushEvery() && !flushOutstanding) {
      startFlush(tag);
      return;
    }
    Operation operation = options.pattern().operation;
    chooseRange(tag, operation);
    operations[tag] = operation;
    if (operation == Operation.WRITE) {
      writesSinceFlush++;
      if (ledger != null) {
        generations[tag] = ledger.nextGeneration();
        SectorPattern.fill(
            target.buffer(tag), offsets[tag], lengths[tag], ledger.run(), generations[tag]);
      }
    }
    outstanding.submit(tag, operation, offsets[tag], lengths[tag]);
  }

  private void startFlush(int tag) {
    flushOutstanding = true;
    writesSinceFlush = 0;
    if (ledger != null) {
      ledger.flushStarts();
    }
    operations[tag] = Operation.FLUSH;
    outstanding.submit(tag, Operation.FLUSH, 0, 0);
  }

  /** Draws until the range is free of writes in flight: which of two overlapping wins is open. */
  private void chooseRange(int tag, Operation operation) {
    do {
      int length = drawLength();
      long last = target.capacityBytes() - length;
      long offset;
      if (options.pattern().random) {
        offset =
            random.nextLong(Math.min(units, last / options.minBytes() + 1)) * options.minBytes();
      } else {
        offset = nextSequential > last ? 0 : nextSequential;
        nextSequential = offset + length;
      }
      offsets[tag] = offset;
      lengths[tag] = length;
    } while (ledger != null && operation == Operation.WRITE && !reserve(tag));
  }

  private boolean reserve(int tag) {
    return ledger == null || ledger.reserve(firstSector(tag), sectorCount(tag));
  }

  private int drawLength() {
    int choices = options.maxBytes() / options.minBytes();
    return choices == 1 ? options.minBytes() : (1 + random.nextInt(choices)) * options.minBytes();
  }

  private int firstSector(int tag) {
    return (int) (offsets[tag] / SectorPattern.SECTOR);
  }

  private int sectorCount(int tag) {
    return lengths[tag] / SectorPattern.SECTOR;
  }

  private void finish(int tag) {
    if (outstanding.status(tag) != DiskDriver.OK) {
      throw PlatterException.failed(
          operations[tag]
              + " of "
              + lengths[tag]
              + " bytes at "
              + offsets[tag]
              + " failed with device status "
              + outstanding.status(tag),
          null);
    }
    switch (operations[tag]) {
      case FLUSH -> {
        flushOutstanding = false;
        if (ledger != null) {
          ledger.flushCompleted();
        }
        return; // not counted: throughput is that of the transfers
      }
      case WRITE -> {
        if (ledger != null) {
          ledger.completed(firstSector(tag), sectorCount(tag), generations[tag]);
        }
      }
      default -> {
        if (ledger != null && read != null) {
          check(tag, ledger, read);
        }
      }
    }
    outstanding.record(latency, tag);
    requests++;
    bytes += lengths[tag];
  }

  private void check(int tag, WriteLedger known, Verification found) {
    for (int at = 0; at < lengths[tag]; at += SectorPattern.SECTOR) {
      long offset = offsets[tag] + at;
      int wanted = known.completed()[(int) (offset / SectorPattern.SECTOR)];
      found.check(target.buffer(tag), at, offset, wanted);
    }
  }
}
