package dev.platter.devices.block.meter;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;

/**
 * What metering adds to a request on the loop, in nanoseconds of CPU time: medians of batches.
 * Compiled and run by metrics-cost, beside this file, in the package of what it measures.
 */
public final class LoopMeterCost {
  private static final int BATCH = 500_000;
  private static final int BATCHES = 41;
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
  private static final Operation[] OPERATIONS = {Operation.READ, Operation.WRITE};

  private LoopMeterCost() {}

  private interface Batch {
    long run(LoopMeter meter);
  }

  /** One request after the other, of two kinds, as a loop would have them. */
  private static long metered(LoopMeter meter) {
    for (int i = 0; i < BATCH; i++) {
      meter.finished(OPERATIONS[i & 1], 4096, 0, meter.begun());
    }
    return meter.usage().inFlight();
  }

  private static long clock(LoopMeter meter) {
    long sum = 0;
    for (int i = 0; i < BATCH; i++) {
      sum += System.nanoTime() - System.nanoTime();
    }
    return sum;
  }

  private static double nanos(Batch batch, LoopMeter meter) {
    double[] each = new double[BATCHES];
    long kept = 0;
    for (int i = 0; i < 2 * BATCHES; i++) {
      long start = THREADS.getCurrentThreadCpuTime(); // what others take is not ours
      kept += batch.run(meter);
      // The first half warms up.
      each[i % BATCHES] = (THREADS.getCurrentThreadCpuTime() - start) / (double) BATCH;
    }
    if (kept == 42) {
      System.err.println("the compiler must not leave the work out");
    }
    Arrays.sort(each);
    return each[BATCHES / 2];
  }

  /** Prints one line: counters, counters and latencies, two looks at the clock. */
  public static void main(String[] args) {
    double counters = nanos(LoopMeterCost::metered, new LoopMeter(false));
    double latencies = nanos(LoopMeterCost::metered, new LoopMeter(true));
    double clock = nanos(LoopMeterCost::clock, new LoopMeter(false));
    System.out.printf("%.1f %.1f %.1f%n", counters, latencies, clock);
  }
}
