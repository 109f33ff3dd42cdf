package dev.platter.emulator.measure.workload;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.DiskDriver;
import dev.platter.emulator.measure.stages.Latencies;
import java.util.function.BooleanSupplier;
import org.HdrHistogram.Histogram;

/**
 * The workload that made the lost wake-up visible: sequential reads in batches, with a pause before
 * each batch is submitted and after each completion is processed, like a program that works on its
 * data. Benchmarks without such pauses keep the loop awake and hide the fault.
 */
public final class Iotest {
  /**
   * The workload's numbers.
   *
   * @param totalBytes how much is read, a multiple of the chunk
   * @param chunkBytes size of one read
   * @param batch reads submitted at a time
   * @param batchDelayNanos pause before each batch
   * @param completionDelayNanos pause after each completion
   */
  public record Options(
      long totalBytes, int chunkBytes, int batch, long batchDelayNanos, long completionDelayNanos) {
    /** How many reads in all. */
    public long chunks() {
      return totalBytes / chunkBytes;
    }
  }

  private final IoTarget target;
  private final Options options;
  private final BooleanSupplier cancelled;
  private final CancelGrace patience;
  private final Outstanding outstanding;
  private final Histogram latency = Latencies.newHistogram();
  // How many chunks have been read.
  private long read;

  /**
   * Prepares a run.
   *
   * @param cancelled asked before each batch and pause; a cancelled run stops after its batch
   */
  public Iotest(IoTarget target, Options options, BooleanSupplier cancelled) {
    this(target, options, cancelled, new CancelGrace(cancelled));
  }

  Iotest(IoTarget target, Options options, BooleanSupplier cancelled, CancelGrace patience) {
    this.patience = patience;
    this.target = target;
    this.options = options;
    this.cancelled = cancelled;
    this.outstanding = new Outstanding(target, options.batch());
    RequestSizes.check(target, options.chunkBytes(), options.chunkBytes(), "--chunk");
  }

  /**
   * Runs on the target's thread. If a read fails, or the disk does not answer a run that was told
   * to end, the result has the earlier figures, the requests in flight and the failure.
   */
  public RunResult run(MeasurementListener measurement) {
    measurement.begin();
    long start = System.nanoTime();
    PlatterException failure = null;
    try {
      batches();
    } catch (PlatterException e) {
      failure = e;
    }
    long elapsed = System.nanoTime() - start;
    measurement.end();
    RunResult result =
        new RunResult(elapsed, latency, read, read * options.chunkBytes(), read < options.chunks());
    result = result.leaving(outstanding.unanswered());
    return failure == null ? result : result.endedBy(failure);
  }

  private void batches() {
    long chunks = options.chunks();
    while (read < chunks && !cancelled.getAsBoolean()) {
      batch(read, (int) Math.min(options.batch(), chunks - read));
    }
  }

  private void batch(long first, int count) {
    target.pause(options.batchDelayNanos());
    for (int tag = 0; tag < count; tag++) {
      // An image smaller than the total is read again from its start.
      long chunk = (first + tag) % (target.capacityBytes() / options.chunkBytes());
      outstanding.submit(tag, Operation.READ, chunk * options.chunkBytes(), options.chunkBytes());
    }
    target.kick();
    while (outstanding.awaitNext(patience)) {
      int tag = outstanding.take();
      if (outstanding.status(tag) != DiskDriver.OK) {
        throw PlatterException.failed(
            "a read failed with device status " + outstanding.status(tag), null);
      }
      outstanding.record(latency, tag);
      read++;
      if (!cancelled.getAsBoolean()) {
        target.pause(options.completionDelayNanos());
      }
    }
  }
}
