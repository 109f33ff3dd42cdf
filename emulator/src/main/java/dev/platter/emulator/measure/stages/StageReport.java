package dev.platter.emulator.measure.stages;

import dev.platter.aio.trace.Stamp;
import dev.platter.emulator.measure.stages.StallJudge.Stall;
import dev.platter.emulator.result.document.Percentiles;
import dev.platter.emulator.result.document.RequestStages;
import dev.platter.emulator.text.Units;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** Makes the {@code stages} object of a row from the recorders of one device's runs. */
public final class StageReport {
  private static final Stamp[] STAMPS = Stamp.values();

  private StageReport() {}

  /**
   * As the JSON has it. Times are microseconds. The stages of one request, and the mean stages at a
   * percentile, are rounded so that they still add up.
   *
   * @param device the device that the requests went through
   * @param runs the device's runs, in order, whose recorders' writers are done
   * @param seen events in the process during all runs
   */
  public static RequestStages of(TracedDevice device, List<StageRun> runs, Observations seen) {
    StageMerge merge = new StageMerge(runs);
    StallSummary stalls = new StallSummary(device);
    List<RequestStages.RunTimeline> timelines = new ArrayList<>();
    long threshold = StallJudge.DEFAULT_THRESHOLD_NANOS;
    for (StageRun run : runs) {
      List<Stall> ofRun = new ArrayList<>();
      for (StageRecorder recorder : run.recorders()) {
        ofRun.addAll(stalls.add(recorder.stalls(), recorder.threads(), seen));
        threshold = recorder.thresholdNanos();
      }
      if (!run.recorders().isEmpty()) {
        timelines.add(TimelineReport.of(run, ofRun, seen));
      }
    }
    return new RequestStages(
        merge.endToEnd().getTotalCount(),
        distribution(merge.endToEnd(), merge.endToEndMaxNanos(), merge.endToEndSumNanos()),
        stages(device, merge),
        at(merge, 50),
        at(merge, 99),
        slowest(device, merge, threshold, seen),
        micros((double) threshold),
        stalls.byCause(),
        stalls.unexplained(),
        stalls.unmatched(),
        timelines,
        outOfOrder(merge),
        merge.incompleteRequests(),
        merge.heldByQuiesce(),
        new RequestStages.PauseSource(seen.source(), micros((double) seen.errorNanos())));
  }

  /** Nanoseconds as the JSON has them. */
  static double micros(double nanos) {
    return Units.rounded(nanos / 1e3, 2);
  }

  private static Percentiles distribution(Histogram nanos, long max, double sum) {
    long count = nanos.getTotalCount();
    return new Percentiles(
        percentile(nanos, 50, max),
        percentile(nanos, 99, max),
        percentile(nanos, 99.9, max),
        count == 0 ? null : Double.valueOf(micros((double) max)),
        count == 0 ? null : Double.valueOf(micros(sum / count)));
  }

  // The histogram's buckets end above the largest value that was recorded.
  private static @Nullable Double percentile(Histogram nanos, double percentile, long max) {
    if (!Latencies.supports(nanos.getTotalCount(), percentile)) {
      return null;
    }
    return micros((double) Math.min(max, nanos.getValueAtPercentile(percentile)));
  }

  private static List<RequestStages.Stage> stages(TracedDevice device, StageMerge merge) {
    List<RequestStages.Stage> list = new ArrayList<>();
    for (Stamp end : STAMPS) {
      Histogram nanos = merge.stage(end);
      if (nanos.getTotalCount() > 0) {
        list.add(
            new RequestStages.Stage(
                end.stage(),
                device.lane(end),
                device.label(end),
                distribution(nanos, merge.stageMaxNanos(end), merge.stageSumNanos(end)),
                nanos.getTotalCount()));
      }
    }
    return list;
  }

  private static RequestStages.@Nullable Share at(StageMerge merge, double percentile) {
    PercentileBands bands = merge.bands();
    int band = bands.bandAt(percentile);
    if (band < 0 || !Latencies.supports(merge.endToEnd().getTotalCount(), percentile)) {
      return null;
    }
    double count = (double) bands.count(band);
    Map<String, Double> stages = new LinkedHashMap<>();
    AddingUp sum = new AddingUp();
    for (Stamp end : STAMPS) {
      if (merge.stage(end).getTotalCount() > 0) {
        stages.put(end.stage(), sum.next(bands.sumNanos(band, end) / count));
      }
    }
    return new RequestStages.Share(sum.total(), bands.count(band), stages);
  }

  private static List<RequestStages.SlowRequest> slowest(
      TracedDevice device, StageMerge merge, long threshold, Observations seen) {
    List<RequestStages.SlowRequest> list = new ArrayList<>();
    for (StageMerge.Slow slow : merge.slowest()) {
      RequestRecord request = slow.request();
      List<RequestStages.Step> steps = new ArrayList<>();
      AddingUp sum = new AddingUp();
      for (Stamp end : STAMPS) {
        if (request.hasStage(end)) {
          steps.add(
              new RequestStages.Step(end.stage(), sum.next((double) request.stageNanos(end))));
        }
      }
      list.add(
          new RequestStages.SlowRequest(
              slow.run(),
              micros((double) (request.beginNanos() - slow.originNanos())),
              request.operationName(),
              request.offsetBytes(),
              request.lengthBytes(),
              sum.total(),
              steps,
              stall(device, slow, threshold, seen)));
    }
    return list;
  }

  private static RequestStages.@Nullable Stall stall(
      TracedDevice device, StageMerge.Slow slow, long threshold, Observations seen) {
    RequestRecord request = slow.request();
    Stall stall = StallJudge.judge(device, slow.threads(), request, threshold, seen);
    return stall == null
        ? null
        : new RequestStages.Stall(
            stall.cause().toString(),
            stall.stage().stage(),
            micros((double) stall.nanos()),
            StallText.detail(device, slow.threads(), stall, request, seen));
  }

  private static RequestStages.OutOfOrder outOfOrder(StageMerge merge) {
    Map<String, Long> stations = new LinkedHashMap<>();
    for (Stamp stamp : STAMPS) {
      if (merge.clampedAt(stamp) > 0) {
        stations.put(stamp.stage(), merge.clampedAt(stamp));
      }
    }
    return new RequestStages.OutOfOrder(merge.clampedRequests(), stations);
  }

  /**
   * Rounds to hundredths of a microsecond in a way that rounded numbers still add up: it rounds the
   * running sums.
   */
  private static final class AddingUp {
    private double exactNanos;
    private long hundredths;

    double next(double nanos) {
      long before = hundredths;
      exactNanos += nanos;
      hundredths = Math.round(exactNanos / 10);
      return (hundredths - before) / 100.0;
    }

    double total() {
      return hundredths / 100.0;
    }
  }
}
