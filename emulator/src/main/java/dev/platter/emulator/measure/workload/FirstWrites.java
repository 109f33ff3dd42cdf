package dev.platter.emulator.measure.workload;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.DiskDriver;
import dev.platter.emulator.measure.stages.Latencies;
import java.util.function.BooleanSupplier;
import org.HdrHistogram.Histogram;

/**
 * Writes each piece of a disk once, in order, so that on a fresh image every write is the first to
 * its blocks. Keeps {@code depth} writes outstanding.
 */
public final class FirstWrites {
  private final IoTarget target;
  private final int pieceBytes;
  private final BooleanSupplier cancelled;
  private final Outstanding outstanding;
  private final int depth;
  private final Histogram latency = Latencies.newHistogram();

  /**
   * Prepares a run.
   *
   * @param pieceBytes size of a write; the disk's size is a multiple of it
   * @param depth writes outstanding
   * @param cancelled asked all the time; a cancelled run drains and ends
   */
  public FirstWrites(IoTarget target, int pieceBytes, int depth, BooleanSupplier cancelled) {
    this.target = target;
    this.pieceBytes = pieceBytes;
    this.cancelled = cancelled;
    this.depth = Math.min(depth, target.queueDepth());
    this.outstanding = new Outstanding(target, this.depth);
    RequestSizes.check(target, pieceBytes, pieceBytes, "the write's size");
    for (int tag = 0; tag < this.depth; tag++) {
      target.buffer(tag).asSlice(0, pieceBytes).fill((byte) 0x5a);
    }
  }

  /**
   * Runs on the target's thread. At the return nothing is in flight, unless the disk has not
   * answered a run that was told to end.
   *
   * @throws PlatterException of kind FAILED if a write fails
   */
  public RunResult run(MeasurementListener measurement) {
    long pieces = target.capacityBytes() / pieceBytes;
    long next = 0;
    long done = 0;
    measurement.begin();
    long start = System.nanoTime();
    for (int tag = 0; tag < depth && next < pieces; tag++) {
      submit(tag, next++);
    }
    target.kick();
    CancelGrace patience = new CancelGrace(cancelled);
    while (outstanding.count() > 0 && outstanding.await(patience)) {
      while (outstanding.hasFinished()) {
        int tag = outstanding.take();
        check(tag);
        outstanding.record(latency, tag);
        done++;
        if (next < pieces && !cancelled.getAsBoolean()) {
          submit(tag, next++);
        }
      }
      target.kick();
    }
    long elapsed = System.nanoTime() - start;
    measurement.end();
    return new RunResult(elapsed, latency, done, done * pieceBytes, done < pieces)
        .leaving(outstanding.unanswered());
  }

  private void submit(int tag, long piece) {
    outstanding.submit(tag, Operation.WRITE, piece * pieceBytes, pieceBytes);
  }

  private void check(int tag) {
    if (outstanding.status(tag) != DiskDriver.OK) {
      throw PlatterException.failed(
          "a write of "
              + pieceBytes
              + " bytes failed with device status "
              + outstanding.status(tag),
          null);
    }
  }
}
