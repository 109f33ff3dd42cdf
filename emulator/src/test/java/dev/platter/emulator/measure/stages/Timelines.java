package dev.platter.emulator.measure.stages;

import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.meter.Operation;
import java.util.SplittableRandom;

/** Timelines for tests; times are microseconds after {@link #ORIGIN}. */
final class Timelines {
  /** Long before any JVM that runs tests can have booted, and no round number. */
  static final long ORIGIN = 987_654_321_012L;

  private static final Stamp[] STAMPS = Stamp.values();

  private Timelines() {}

  static long nanos(double micros) {
    return ORIGIN + Math.round(micros * 1000);
  }

  /** One stamp for each given time, in the order of the stations; NaN passes none. */
  static Timeline of(double... micros) {
    Timeline timeline = new Timeline();
    for (int i = 0; i < micros.length; i++) {
      if (!Double.isNaN(micros[i])) {
        timeline.stamp(STAMPS[i], nanos(micros[i]));
      }
    }
    return timeline;
  }

  /** A request whose every stage takes 1 us, but one. */
  static Timeline longStage(double at, Stamp end, double micros) {
    double[] stamps = new double[Stamp.COUNT];
    double now = at;
    for (int i = 0; i < stamps.length; i++) {
      if (i > 0) {
        now += STAMPS[i] == end ? micros : 1;
      }
      stamps[i] = now;
    }
    return of(stamps);
  }

  /** Any stamps: some are missing, some lie before the one before them. */
  static Timeline random(SplittableRandom random) {
    Timeline timeline = new Timeline();
    long at = ORIGIN + random.nextLong(1_000_000_000);
    for (Stamp stamp : STAMPS) {
      at += random.nextInt(10) == 0 ? random.nextLong(5_000_000) : random.nextLong(3_000);
      if (random.nextInt(5) > 0) {
        long disorder = random.nextInt(6) == 0 ? random.nextLong(-4_000, 4_000) : 0;
        timeline.stamp(stamp, at + disorder);
      }
    }
    return timeline;
  }

  static RequestRecord record(Timeline timeline) {
    return record(timeline, Operation.READ);
  }

  static RequestRecord record(Timeline timeline, Operation operation) {
    RequestRecord request = new RequestRecord();
    request.set(timeline, Stamp.SUBMITTED, operation, 4096, 512);
    return request;
  }
}
