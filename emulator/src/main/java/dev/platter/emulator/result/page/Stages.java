package dev.platter.emulator.result.page;

import dev.platter.emulator.result.document.RequestStages;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where the time of a row's requests went.
 *
 * @param fields the row's {@code stages}
 * @param recorded the same as a record
 */
record Stages(Fields fields, RequestStages recorded) {
  /** Of a row; null where they were not recorded. */
  static @Nullable Stages of(Fields row) {
    Fields fields = row.object("stages");
    RequestStages recorded = row.record("stages", RequestStages.class);
    return fields == null || recorded == null ? null : new Stages(fields, recorded);
  }

  /** The stage that the kernel and the disk have. */
  static final String KERNEL = "kernel";

  /** The stages in order of time. */
  static final List<String> ORDER =
      List.of(
          "driver",
          "exit",
          "dispatch",
          "device",
          "queue",
          KERNEL,
          "reap",
          "finish",
          "interrupt",
          "guest");

  /**
   * A stage that was passed.
   *
   * @param key its name in JSON, such as {@code queue}
   * @param lane the thread that it is spent on, or that it is waited for
   * @param label what happens in it
   */
  record Stage(String key, String lane, String label, Fields fields) {}

  /**
   * The time of the requests at a percentile, by stage.
   *
   * @param micros by the stage's name, in order of time
   */
  record Share(Fields fields, double endToEnd, Map<String, Double> micros) {
    /** A stage's time; 0 if it was not passed. */
    double of(String stage) {
      return micros.getOrDefault(stage, 0.0);
    }
  }

  /** What a server does not see of its guest's time. */
  static final String UNSEEN = "guest, VMM and traps";

  /**
   * How much longer a guest waits at a percentile than its server has the request: what the guest's
   * driver, the virtual machine monitor and the traps between them take. Both are percentiles of
   * the same requests, taken at two places.
   *
   * @param row a row
   * @param percentile {@code p50} or {@code p99}
   * @return microseconds; null where no guest measured, or where that is not more
   */
  static @Nullable Double unseen(Row row, String percentile) {
    Stages stages = row.stages();
    Share share = stages == null ? null : stages.at("at_" + percentile);
    Double whole = row.seenByGuest() ? row.fields().number("latency_us." + percentile) : null;
    return share == null || whole == null || whole <= share.endToEnd()
        ? null
        : Double.valueOf(whole - share.endToEnd());
  }

  /** Where time goes: the guest's own, the device's, waiting for a thread, or the kernel's. */
  static String style(String key) {
    return switch (key) {
      case "driver" -> "guest1";
      case "exit" -> "guest2";
      case "guest" -> "guest3";
      case "dispatch" -> "wait1";
      case "queue" -> "wait2";
      case "reap" -> "wait3";
      case "device" -> "work1";
      case "finish" -> "work2";
      case "interrupt" -> "work3";
      case KERNEL -> "kernel1";
      default -> "other1";
    };
  }

  /** The stages, in order of time. */
  List<Stage> all() {
    return fields.objects("stages").stream()
        .map(stage ->
            new Stage(
                stage.required("stage"),
                stage.textOrEmpty("lane"),
                stage.textOrEmpty("label"),
                stage))
        .toList();
  }

  /** The stage of a name, or null. */
  @Nullable Stage stage(String key) {
    return all().stream().filter(stage -> stage.key().equals(key)).findFirst().orElse(null);
  }

  /** Where a request is in a stage, for sentences: {@code in stage 'queue' (what happens)}. */
  String where(String key) {
    if (key.equals(KERNEL)) {
      return "in the kernel and the disk";
    }
    Stage stage = stage(key);
    return "in stage '"
        + key
        + "'"
        + (stage == null || stage.label().isEmpty() ? "" : " (" + stage.label() + ")");
  }

  /**
   * The time at a percentile, or null.
   *
   * @param key {@code at_p50} or {@code at_p99}
   */
  @Nullable Share at(String key) {
    Fields at = fields.object(key);
    Fields micros = at == null ? null : at.object("stages_us");
    if (at == null || micros == null) {
      return null;
    }
    Map<String, Double> map = new LinkedHashMap<>();
    for (String stage : micros.keys()) {
      map.put(stage, micros.numberOr0(stage));
    }
    Double total = at.number("end_to_end_us");
    return new Share(
        at,
        total == null ? map.values().stream().mapToDouble(Double::doubleValue).sum() : total,
        map);
  }

  /** The stalls, by cause. */
  List<Fields> stalls() {
    return fields.objects("stalls");
  }
}
