package dev.platter.emulator.measure.stages;

import dev.platter.aio.trace.Stamp;
import java.util.Arrays;

/**
 * Requests in bands of latency, 16 to the octave, each with the sums of its requests' stages. The
 * mean stages of requests of similar latency come from a band, and add up to their mean latency.
 */
final class PercentileBands {
  private static final Stamp[] STAMPS = Stamp.values();
  private static final int PER_OCTAVE_BITS = 4;
  private static final int PER_OCTAVE = 1 << PER_OCTAVE_BITS;
  // Enough for any positive long.
  private static final int BANDS = (Long.SIZE - PER_OCTAVE_BITS) * PER_OCTAVE;

  private final long[] counts = new long[BANDS];
  private final long[] sums = new long[BANDS * Stamp.COUNT];
  private long total;

  private static int band(long nanos) {
    if (nanos < PER_OCTAVE) {
      return (int) nanos;
    }
    int shift = Long.SIZE - 1 - Long.numberOfLeadingZeros(nanos) - PER_OCTAVE_BITS;
    return (shift + 1) * PER_OCTAVE + (int) (nanos >>> shift) - PER_OCTAVE;
  }

  void clear() {
    Arrays.fill(counts, 0);
    Arrays.fill(sums, 0);
    total = 0;
  }

  void add(RequestRecord request) {
    int band = band(request.endToEndNanos());
    counts[band]++;
    total++;
    int row = band * Stamp.COUNT;
    for (int i = 0; i < STAMPS.length; i++) {
      if (request.hasStage(STAMPS[i])) {
        sums[row + i] += request.stageNanos(STAMPS[i]);
      }
    }
  }

  void add(PercentileBands other) {
    for (int i = 0; i < counts.length; i++) {
      counts[i] += other.counts[i];
    }
    for (int i = 0; i < sums.length; i++) {
      sums[i] += other.sums[i];
    }
    total += other.total;
  }

  /**
   * The band that holds a percentile; -1 if there are no requests.
   *
   * @param percentile above 0, up to 100
   */
  int bandAt(double percentile) {
    long rank = Math.max(1, (long) Math.ceil(total * percentile / 100));
    long seen = 0;
    for (int band = 0; band < BANDS; band++) {
      seen += counts[band];
      if (counts[band] > 0 && seen >= rank) {
        return band;
      }
    }
    return -1;
  }

  /** How many requests a band has. */
  long count(int band) {
    return counts[band];
  }

  /** The sum of a stage over a band's requests. */
  long sumNanos(int band, Stamp end) {
    return sums[band * Stamp.COUNT + end.index()];
  }
}
