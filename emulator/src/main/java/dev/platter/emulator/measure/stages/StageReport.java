package dev.platter.emulator.measure.stages;

import dev.platter.aio.trace.Stamp;
import dev.platter.emulator.measure.stages.StallJudge.Stall;
import dev.platter.emulator.text.Units;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** The {@code stages} object of a row: from the recorders of one device's runs. */
public final class StageReport {
  private static final Stamp[] STAMPS = Stamp.values();

  private StageReport() {}

  /**
   * As the JSON has it. Times are microseconds. The stages of one request, and the mean stages at a
   * percentile, are rounded so that they still add up.
   *
   * @param device what the requests' way led through
   * @param runs the device's runs, in order; their recorders' writers are done
   * @param seen what was going on in the process during all of them
   */
  public static Map<String, @Nullable Object> toMap(
      TracedDevice device, List<StageRun> runs, Observations seen) {
    StageMerge merge = new StageMerge(runs);
    StallSummary stalls = new StallSummary(device);
    List<Map<String, @Nullable Object>> timelines = new ArrayList<>();
    long threshold = StallJudge.DEFAULT_THRESHOLD_NANOS;
    for (StageRun run : runs) {
      List<Stall> ofRun = new ArrayList<>();
      for (StageRecorder recorder : run.recorders()) {
        ofRun.addAll(stalls.add(recorder.stalls(), recorder.threads(), seen));
        threshold = recorder.thresholdNanos();
      }
      if (!run.recorders().isEmpty()) {
        timelines.add(TimelineReport.toMap(run, ofRun, seen));
      }
    }
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("requests", merge.endToEnd().getTotalCount());
    map.put(
        "end_to_end_us",
        distribution(merge.endToEnd(), merge.endToEndMaxNanos(), merge.endToEndSumNanos()));
    map.put("stages", stages(device, merge));
    map.put("at_p50", at(merge, 50));
    map.put("at_p99", at(merge, 99));
    map.put("slowest", slowest(device, merge, threshold, seen));
    map.put("stall_threshold_us", micros((double) threshold));
    map.put("stalls", stalls.toList());
    map.put("unexplained", stalls.unexplained());
    map.put("stalls_unmatched", stalls.unmatched());
    map.put("timelines", timelines);
    map.put("out_of_order", outOfOrder(merge));
    map.put("incomplete_requests", merge.incompleteRequests());
    map.put("held_by_quiesce", merge.heldByQuiesce());
    Map<String, @Nullable Object> pauses = new LinkedHashMap<>();
    pauses.put("source", seen.source());
    pauses.put("error_us", micros((double) seen.errorNanos()));
    map.put("pauses", pauses);
    return map;
  }

  /** Nanoseconds as the JSON has them. */
  static double micros(double nanos) {
    return Units.rounded(nanos / 1e3, 2);
  }

  private static Map<String, @Nullable Object> distribution(Histogram nanos, long max, double sum) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    long count = nanos.getTotalCount();
    map.put("p50", percentile(nanos, 50, max));
    map.put("p99", percentile(nanos, 99, max));
    map.put("p99_9", percentile(nanos, 99.9, max));
    map.put("max", count == 0 ? null : Double.valueOf(micros((double) max)));
    map.put("mean", count == 0 ? null : Double.valueOf(micros(sum / count)));
    return map;
  }

  // The histogram's buckets end above the largest value that was recorded.
  private static @Nullable Double percentile(Histogram nanos, double percentile, long max) {
    if (!Latencies.supports(nanos.getTotalCount(), percentile)) {
      return null;
    }
    return micros((double) Math.min(max, nanos.getValueAtPercentile(percentile)));
  }

  private static List<Map<String, @Nullable Object>> stages(TracedDevice device, StageMerge merge) {
    List<Map<String, @Nullable Object>> list = new ArrayList<>();
    for (Stamp end : STAMPS) {
      Histogram nanos = merge.stage(end);
      if (nanos.getTotalCount() > 0) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("stage", end.stage());
        map.put("lane", device.lane(end));
        map.put("label", device.label(end));
        map.put("us", distribution(nanos, merge.stageMaxNanos(end), merge.stageSumNanos(end)));
        map.put("requests", nanos.getTotalCount());
        list.add(map);
      }
    }
    return list;
  }

  private static @Nullable Map<String, @Nullable Object> at(StageMerge merge, double percentile) {
    PercentileBands bands = merge.bands();
    int band = bands.bandAt(percentile);
    if (band < 0 || !Latencies.supports(merge.endToEnd().getTotalCount(), percentile)) {
      return null;
    }
    double count = (double) bands.count(band);
    Map<String, @Nullable Object> stages = new LinkedHashMap<>();
    AddingUp sum = new AddingUp();
    for (Stamp end : STAMPS) {
      if (merge.stage(end).getTotalCount() > 0) {
        stages.put(end.stage(), sum.next(bands.sumNanos(band, end) / count));
      }
    }
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("end_to_end_us", sum.total());
    map.put("requests", bands.count(band));
    map.put("stages_us", stages);
    return map;
  }

  private static List<Map<String, @Nullable Object>> slowest(
      TracedDevice device, StageMerge merge, long threshold, Observations seen) {
    List<Map<String, @Nullable Object>> list = new ArrayList<>();
    for (StageMerge.Slow slow : merge.slowest()) {
      RequestRecord request = slow.request();
      List<Map<String, @Nullable Object>> stages = new ArrayList<>();
      AddingUp sum = new AddingUp();
      for (Stamp end : STAMPS) {
        if (request.hasStage(end)) {
          Map<String, @Nullable Object> stage = new LinkedHashMap<>();
          stage.put("stage", end.stage());
          stage.put("us", sum.next((double) request.stageNanos(end)));
          stages.add(stage);
        }
      }
      Map<String, @Nullable Object> map = new LinkedHashMap<>();
      map.put("run", slow.run());
      map.put("at_us", micros((double) (request.beginNanos() - slow.originNanos())));
      map.put("operation", request.operationName());
      map.put("offset_bytes", request.offsetBytes());
      map.put("length_bytes", request.lengthBytes());
      map.put("end_to_end_us", sum.total());
      map.put("stages", stages);
      map.put("stall", stall(device, slow, threshold, seen));
      list.add(map);
    }
    return list;
  }

  private static @Nullable Map<String, @Nullable Object> stall(
      TracedDevice device, StageMerge.Slow slow, long threshold, Observations seen) {
    RequestRecord request = slow.request();
    Stall stall = StallJudge.judge(device, slow.threads(), request, threshold, seen);
    if (stall == null) {
      return null;
    }
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("cause", stall.cause().toString());
    map.put("stage", stall.stage().stage());
    map.put("us", micros((double) stall.nanos()));
    map.put("detail", StallText.detail(device, slow.threads(), stall, request, seen));
    return map;
  }

  private static Map<String, @Nullable Object> outOfOrder(StageMerge merge) {
    Map<String, @Nullable Object> stations = new LinkedHashMap<>();
    for (Stamp stamp : STAMPS) {
      if (merge.clampedAt(stamp) > 0) {
        stations.put(stamp.stage(), merge.clampedAt(stamp));
      }
    }
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("requests", merge.clampedRequests());
    map.put("stages", stations);
    return map;
  }

  /** Rounds to hundredths of a microsecond so that what is rounded adds up: it rounds the sums. */
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
