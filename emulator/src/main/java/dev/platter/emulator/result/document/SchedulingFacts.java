package dev.platter.emulator.result.document;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Whether the host had a CPU for the threads that do the requests; null is what is not known. */
public record SchedulingFacts(
    double seconds,
    boolean busy,
    @Nullable Double waitedShare,
    List<ThreadFacts> threads,
    @Nullable Double stolenShare,
    @Nullable Double pressureShare,
    @Nullable Double otherCpus,
    @Nullable Double loadAverage) {
  /** A thread's part of the time. */
  public record ThreadFacts(
      String thread, double ranSeconds, double waitedSeconds, double waitedShare) {}
}
