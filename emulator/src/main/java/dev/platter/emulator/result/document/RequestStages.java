package dev.platter.emulator.result.document;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where the time of a row's requests went. Times are microseconds.
 *
 * @param stages those that requests passed, in order of time
 * @param atP50 means over the requests at that percentile; null where there are too few requests
 * @param slowest the slowest requests, slowest first
 * @param stalls by cause, the cause that cost most first
 * @param unexplained long stages without a known cause
 * @param stallsUnmatched requests with a long stage that were not matched with all causes
 * @param timelines one for each run
 */
public record RequestStages(
    long requests,
    Percentiles endToEndUs,
    List<Stage> stages,
    @Nullable Share atP50,
    @Nullable Share atP99,
    List<SlowRequest> slowest,
    double stallThresholdUs,
    List<Stalls> stalls,
    List<Unexplained> unexplained,
    long stallsUnmatched,
    List<RunTimeline> timelines,
    @Nullable OutOfOrder outOfOrder,
    long incompleteRequests,
    long heldByQuiesce,
    @Nullable PauseSource pauses) {
  /**
   * A stage that requests passed.
   *
   * @param lane the thread that it is spent on, or that it is waited for
   * @param label what happens in it
   */
  public record Stage(
      @Required String stage, String lane, String label, Percentiles us, long requests) {}

  /**
   * The mean time of the requests at a percentile.
   *
   * @param stagesUs by the stage's name; they add up
   */
  public record Share(double endToEndUs, long requests, Map<String, Double> stagesUs) {
    /** A stage's time; 0 if the requests did not pass it. */
    public double of(String stage) {
      return stagesUs.getOrDefault(stage, 0.0);
    }
  }

  /** One of the slowest requests, and the stages that it passed, which add up. */
  public record SlowRequest(
      long run,
      double atUs,
      String operation,
      long offsetBytes,
      long lengthBytes,
      double endToEndUs,
      List<Step> stages,
      @Nullable Stall stall) {}

  /** A stage of one request. */
  public record Step(@Required String stage, double us) {}

  /** What one request waited for. */
  public record Stall(String cause, String stage, double us, String detail) {}

  /** The requests that stalled for a cause. */
  public record Stalls(
      @Required String cause, long requests, double totalUs, double maxUs, String what) {}

  /** The requests with a long stage of which the cause is not known. */
  public record Unexplained(String stage, long requests, double totalUs, double maxUs) {}

  /** A run's latencies by the time at which requests ended. */
  public record RunTimeline(
      long run,
      long bucketUs,
      double durationUs,
      List<Bucket> buckets,
      List<MarkedTime> marks,
      long marksOmitted) {}

  /** A part of a run in which requests ended. */
  public record Bucket(long atUs, long requests, double maxUs, @Nullable Double meanUs) {}

  /** What happened in the process meanwhile. */
  public record MarkedTime(@Required String kind, double atUs, double us, String detail) {}

  /** How many requests had a stamp that was moved between its neighbours, in all and by stage. */
  public record OutOfOrder(long requests, Map<String, Long> stages) {}

  /** Where the pauses of the JVM are known from, and how far their times may be off. */
  public record PauseSource(String source, double errorUs) {}
}
