package dev.platter.emulator.lab.iowq;

import dev.platter.emulator.lab.Verdict;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How many workers two threads had over time: a thread that lives on when its ring is closed, and a
 * thread that ends with its ring. Times are in seconds since the first sample.
 *
 * @param samples in order of time
 * @param closed when both rings were closed and the second thread ended; null if it was interrupted
 *     before
 * @param ended when the first thread ended too; null if it was interrupted before
 */
record WorkerLife(List<WorkerCount> samples, @Nullable Double closed, @Nullable Double ended) {
  /** An idle worker times out after 5 s; a worker that is older than this stays for good. */
  static final double FOR_GOOD_SECONDS = 5.5;

  /**
   * One sample.
   *
   * @param living workers of the thread that lives on
   * @param ending workers of the thread that ends
   */
  record WorkerCount(double seconds, int living, int ending) {}

  WorkerLife {
    samples = List.copyOf(samples);
  }

  /** The most workers that the first thread had. */
  int most() {
    return samples.stream().mapToInt(WorkerCount::living).max().orElse(0);
  }

  /** The last sample before {@code seconds}; null if there is none. */
  @Nullable WorkerCount lastBefore(double seconds) {
    WorkerCount last = null;
    for (WorkerCount sample : samples) {
      if (sample.seconds() < seconds) {
        last = sample;
      }
    }
    return last;
  }

  /** The last sample with the rings closed and the first thread alive; null if there is none. */
  @Nullable WorkerCount lastClosed() {
    if (closed == null) {
      return null;
    }
    WorkerCount last = lastBefore(ended == null ? Double.MAX_VALUE : ended);
    return last == null || last.seconds() < closed ? null : last;
  }

  /** How long after the rings were closed the living thread had no worker; null if never. */
  @Nullable Double secondsToExit() {
    WorkerCount last = lastClosed();
    if (closed == null || last == null) {
      return null;
    }
    Double since = null;
    for (WorkerCount sample : samples) {
      if (sample.seconds() >= closed && sample.seconds() <= last.seconds()) {
        if (sample.living() > 0) {
          since = null;
        } else if (since == null) {
          since = sample.seconds();
        }
      }
    }
    return since == null ? null : since - closed;
  }

  /** Whether the thread that lives on had a worker just before the rings were closed. */
  boolean hadWorkerBeforeClose() {
    WorkerCount before = closed == null ? null : lastBefore(closed);
    return before != null && before.living() > 0;
  }

  /** Whether the kernel keeps a worker of a thread without a ring. */
  Verdict verdict() {
    WorkerCount last = lastClosed();
    if (closed == null || last == null || !hadWorkerBeforeClose()) {
      return Verdict.INCONCLUSIVE;
    }
    if (last.living() == 0) {
      return Verdict.NOT_AFFECTED;
    }
    return last.seconds() - closed >= FOR_GOOD_SECONDS ? Verdict.AFFECTED : Verdict.INCONCLUSIVE;
  }
}
