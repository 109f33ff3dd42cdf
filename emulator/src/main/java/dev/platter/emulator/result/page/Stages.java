package dev.platter.emulator.result.page;

import dev.platter.emulator.result.document.RequestStages;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the time of a row's requests went.
 *
 * @param path the name of the row's {@code stages} in its document
 */
record Stages(String path, RequestStages recorded) {
  /** Of a row; null where they were not recorded. */
  static @Nullable Stages of(Fields row) {
    RequestStages recorded = row.record("stages", RequestStages.class);
    return recorded == null ? null : new Stages(row.pathTo("stages"), recorded);
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
    RequestStages.Share share = stages == null ? null : stages.at(percentile);
    Double whole = row.seenByGuest() ? row.fields().number("latency_us." + percentile) : null;
    return share == null || whole == null || whole <= share.endToEndUs()
        ? null
        : Double.valueOf(whole - share.endToEndUs());
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

  /** The stage of a name, or null. */
  RequestStages.@Nullable Stage stage(String name) {
    return recorded.stages().stream()
        .filter(stage -> stage.stage().equals(name))
        .findFirst()
        .orElse(null);
  }

  /** Where a request is in a stage, for sentences: {@code in stage 'queue' (what happens)}. */
  String where(String key) {
    if (key.equals(KERNEL)) {
      return "in the kernel and the disk";
    }
    RequestStages.Stage stage = stage(key);
    return "in stage '"
        + key
        + "'"
        + (stage == null || stage.label().isEmpty() ? "" : " (" + stage.label() + ")");
  }

  /**
   * The time at a percentile, or null.
   *
   * @param percentile {@code p50} or {@code p99}
   */
  RequestStages.@Nullable Share at(String percentile) {
    return percentile.equals("p50") ? recorded.atP50() : recorded.atP99();
  }

  /** The full name of a key of the time at a percentile. */
  String pathAt(String percentile, String key) {
    return path + ".at_" + percentile + "." + key;
  }
}
