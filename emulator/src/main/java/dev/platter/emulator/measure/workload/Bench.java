package dev.platter.emulator.measure.workload;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.DiskDriver;
import dev.platter.emulator.measure.stages.Latencies;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Closed loops: each job keeps {@code depth} requests outstanding until the time is up, or fewer if
 * it has a rate or a think time. Completions are taken in the order in which they arrive. A new
 * request replaces each at once, or when its time has come, and one doorbell covers all requests
 * that follow one wake-up. All jobs run on the target's one thread.
 */
public final class Bench {
  private static final long LONGEST_WAIT_NANOS = 100_000_000L;

  /** The operations and their places. */
  public enum Pattern {
    READ(Operation.READ, false),
    WRITE(Operation.WRITE, false),
    RANDREAD(Operation.READ, true),
    RANDWRITE(Operation.WRITE, true),
    RW(null, false),
    RANDRW(null, true),
    TRIM(Operation.DISCARD, false),
    RANDTRIM(Operation.DISCARD, true);

    private final @Nullable Operation only;
    private final boolean random;

    Pattern(@Nullable Operation only, boolean random) {
      this.only = only;
      this.random = random;
    }

    /** As the command line and the JSON name it. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }

    /** The only operation of the pattern; null if the operation is drawn for each request. */
    @Nullable Operation only() {
      return only;
    }

    boolean random() {
      return random;
    }

    /** Whether reads and writes are mixed. */
    public boolean mixes() {
      return only == null;
    }

    /** Whether the pattern has reads, alone or among others. */
    public boolean reads() {
      return only == null || only == Operation.READ;
    }

    /** Whether the pattern has only trims. */
    public boolean trims() {
      return only == Operation.DISCARD;
    }

    /** Whether the pattern changes the image. */
    public boolean writes() {
      return only != Operation.READ;
    }
  }

  /**
   * The shares of operations in patterns that mix.
   *
   * @param readPercent how many of 100 requests that are no trims are reads; the others are writes
   * @param trimPercent how many of 100 requests are trims
   */
  public record Mix(int readPercent, int trimPercent) {
    /** As many reads as writes. */
    public static final Mix EVEN = new Mix(50, 0);
  }

  /**
   * The number of jobs, and their pace.
   *
   * @param count how many jobs there are, each with a depth of its own
   * @param thinkNanos how long the next request waits after a completion
   * @param requestsPerSecond the most requests that a job makes in a second; 0 for no limit
   */
  public record Jobs(int count, long thinkNanos, int requestsPerSecond) {
    /** One job without a pause or a rate. */
    public static final Jobs ONE = new Jobs(1, 0, 0);

    boolean paced() {
      return thinkNanos > 0 || requestsPerSecond > 0;
    }
  }

  /**
   * The workload's numbers.
   *
   * @param pattern what is done
   * @param minBytes smallest request; sizes are drawn evenly from its multiples up to the largest
   * @param maxBytes largest request
   * @param depth requests that each job has outstanding
   * @param warmUpNanos time before measuring begins
   * @param runtimeNanos time measured
   * @param flushEvery the number of a job's writes between two flushes; 0 for no flushes
   * @param seed of offsets and sizes
   * @param mix what patterns that mix are made of
   * @param jobs how many jobs there are, and their pace
   */
  public record Options(
      Pattern pattern,
      int minBytes,
      int maxBytes,
      int depth,
      long warmUpNanos,
      long runtimeNanos,
      int flushEvery,
      long seed,
      Mix mix,
      Jobs jobs) {}

  private final IoTarget target;
  private final Options options;
  private final @Nullable WriteLedger ledger;
  private final BooleanSupplier cancelled;
  private final CancelGrace patience;
  private final Outstanding outstanding;
  private final BenchJob[] jobs;
  private final int tagsPerJob;
  private final OperationTallies tallies = new OperationTallies();
  private final Operation[] operations;
  private final BenchRanges ranges;
  private int flushesOutstanding;
  // The measured part: when it begins and ends, and whether it has begun.
  private long begin;
  private long end;
  private boolean measuring;

  /**
   * Prepares a run.
   *
   * @param ledger the expected contents of sectors; null to verify nothing
   * @param cancelled asked all the time; a cancelled run drains and ends
   */
  public Bench(
      IoTarget target, Options options, @Nullable WriteLedger ledger, BooleanSupplier cancelled) {
    this(target, options, ledger, cancelled, new CancelGrace(cancelled));
  }

  Bench(
      IoTarget target,
      Options options,
      @Nullable WriteLedger ledger,
      BooleanSupplier cancelled,
      CancelGrace patience) {
    this.patience = patience;
    this.target = target;
    this.options = options;
    this.ledger = ledger;
    this.cancelled = cancelled;
    int count = options.jobs().count();
    this.tagsPerJob = Math.min(options.depth(), target.queueDepth() / count);
    if (tagsPerJob == 0) {
      throw PlatterException.badInput(
          count + " jobs are more than this disk takes requests at a time: " + target.queueDepth(),
          "Use fewer jobs, or another --device");
    }
    int depth = tagsPerJob * count;
    this.outstanding = new Outstanding(target, depth);
    this.jobs = new BenchJob[count];
    for (int job = 0; job < count; job++) {
      jobs[job] = new BenchJob(options, job, target.capacityBytes(), tagsPerJob);
    }
    this.operations = new Operation[depth];
    RequestSizes.check(target, options.minBytes(), options.maxBytes(), "--bs");
    this.ranges = new BenchRanges(target, options, ledger, depth);
  }

  /**
   * Runs on the target's thread. At the return nothing is in flight and writes are flushed, unless
   * a request has failed or the disk has not answered a run that was told to end. The result then
   * has the earlier figures, the requests in flight and the failure.
   */
  public RunResult run(MeasurementListener measurement) {
    PlatterException failure = failureOf(() -> keepBusy(measurement));
    long now = System.nanoTime();
    if (measuring) {
      measurement.end();
    } else {
      // Ended while warming up: there is nothing to report.
      resetCounts();
    }
    RunResult result = result(Math.max(1, now - begin), now - end < 0);
    if (failure == null) {
      failure = failureOf(this::drain);
    }
    result = result.leaving(outstanding.unanswered());
    return failure == null ? result : result.endedBy(failure);
  }

  private static @Nullable PlatterException failureOf(Runnable part) {
    try {
      part.run();
      return null;
    } catch (PlatterException e) {
      return e;
    }
  }

  private void keepBusy(MeasurementListener measurement) {
    boolean paced = options.jobs().paced();
    long now = System.nanoTime();
    begin = now + options.warmUpNanos();
    end = begin + options.runtimeNanos();
    for (BenchJob job : jobs) {
      job.paceBegins(now);
    }
    for (int tag = 0; tag < operations.length; tag++) {
      next(tag, paced);
    }
    startDue();
    target.kick();
    while (now - end < 0 && !cancelled.getAsBoolean() && !ranges.foundWrong()) {
      if (!measuring && now - begin >= 0) {
        measuring = true;
        begin = now;
        measurement.begin();
        resetCounts();
        for (BenchJob job : jobs) {
          job.forgiveArrears(now);
        }
      }
      if (paced) {
        awaitNext(now, measuring ? end : begin);
      } else {
        boolean _ = outstanding.await(cancelled);
      }
      while (outstanding.hasFinished()) {
        int tag = outstanding.take();
        finish(tag);
        next(tag, paced);
      }
      if (paced) {
        startDue();
      }
      target.kick();
      now = System.nanoTime();
    }
  }

  private RunResult result(long elapsedNanos, boolean partial) {
    List<Long> ofJobs = new ArrayList<>();
    for (BenchJob job : jobs) {
      ofJobs.add(job.requests());
    }
    return tallies.result(elapsedNanos, partial, ofJobs, ranges.verification());
  }

  private void resetCounts() {
    tallies.reset();
    for (BenchJob job : jobs) {
      job.resetCount();
    }
  }

  private void drain() {
    finishAll();
    if (options.pattern().writes() && outstanding.count() == 0) {
      startFlush(0);
      target.kick();
      finishAll();
    }
  }

  private void finishAll() {
    while (outstanding.awaitNext(patience)) {
      finish(outstanding.take());
    }
  }

  // ---- when requests start ---------------------------------------------------------------------

  private void next(int tag, boolean paced) {
    if (paced) {
      jobOf(tag).becomesIdle(tag, System.nanoTime());
    } else {
      start(tag);
    }
  }

  private void startDue() {
    long now = System.nanoTime();
    for (BenchJob job : jobs) {
      while (job.hasIdle() && job.dueNanos() - now <= 0) {
        start(job.takeIdle());
      }
    }
  }

  /**
   * Waits until a request has finished or is due, but only so long that a signal is handled soon.
   */
  private void awaitNext(long now, long end) {
    long until = now + LONGEST_WAIT_NANOS;
    until = end - until < 0 ? end : until;
    for (BenchJob job : jobs) {
      if (job.hasIdle() && job.dueNanos() - until < 0) {
        until = job.dueNanos();
      }
    }
    outstanding.awaitUntil(until);
  }

  private void start(int tag) {
    BenchJob job = jobOf(tag);
    if (wantsFlush(job)) {
      startFlush(tag);
      return;
    }
    Operation operation = job.drawOperation();
    ranges.choose(job, tag, operation);
    operations[tag] = operation;
    if (operation == Operation.WRITE) {
      job.writeStarts();
      ranges.fill(tag);
    }
    outstanding.submit(tag, operation, ranges.offset(tag), ranges.length(tag));
  }

  private boolean wantsFlush(BenchJob job) {
    if (ledger == null) {
      return job.wantsFlush();
    }
    // The ledger follows one flush at a time.
    return flushesOutstanding == 0 && (job.wantsFlush() || ledger.wantsFlush());
  }

  private void startFlush(int tag) {
    jobOf(tag).flushStarts();
    flushesOutstanding++;
    if (ledger != null) {
      ledger.flushStarts();
    }
    operations[tag] = Operation.FLUSH;
    outstanding.submit(tag, Operation.FLUSH, 0, 0);
  }

  private BenchJob jobOf(int tag) {
    return jobs[tag / tagsPerJob];
  }

  // ---- how they end ----------------------------------------------------------------------------

  private void finish(int tag) {
    Operation operation = operations[tag];
    if (outstanding.status(tag) != DiskDriver.OK) {
      throw PlatterException.failed(
          operation
              + (operation == Operation.FLUSH
                  ? ""
                  : " of " + ranges.length(tag) + " bytes at " + ranges.offset(tag))
              + " failed with device status "
              + outstanding.status(tag),
          null);
    }
    BenchJob job = jobOf(tag);
    OperationTallies.Tally tally = tallies.of(operation);
    tally.requests++;
    if (operation == Operation.FLUSH) {
      job.flushEnds();
      flushesOutstanding--;
      if (ledger != null) {
        ledger.flushCompleted();
      }
      Latencies.record(tally.latency, outstanding.latencyNanos(tag));
      return;
    }
    ranges.completed(tag, operation);
    outstanding.record(tally.latency, tag);
    tally.bytes += ranges.length(tag);
    job.requestEnds();
  }
}
