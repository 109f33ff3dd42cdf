package dev.platter.emulator.page;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A row of a result: one device, or one variant of it.
 *
 * @param fields its keys
 * @param name what the page calls it; the same in every document that has such a row
 * @param style the class that gives it its colour and dashes
 */
record Row(Fields fields, String name, String style) {
  private static final int STYLES = 6;
  private static final double[] LATENCY_PERCENTILES = {50, 99, 99.9, 100};
  private static final String[] LATENCY_KEYS = {"p50", "p99", "p99_9", "max"};

  /**
   * A point of the curve of percentiles.
   *
   * @param path where the document has it
   */
  record Percentile(double percentile, double micros, String path) {}

  /** The rows of a document or an experiment. */
  static List<Row> of(List<Fields> objects) {
    return of(objects, workloads(objects) > 1);
  }

  /** How many workloads there are. */
  static long workloads(List<Fields> objects) {
    return objects.stream().map(fields -> fields.textOrEmpty("workload")).distinct().count();
  }

  /**
   * The rows of a document.
   *
   * @param withWorkload whether a row's name says its workload, if it has one
   */
  static List<Row> of(List<Fields> objects, boolean withWorkload) {
    List<Row> rows = new ArrayList<>();
    Set<Integer> taken = new HashSet<>();
    for (Fields fields : objects) {
      String name = name(fields, withWorkload);
      int style = preferred(fields);
      while (taken.contains(style)) {
        style = style % STYLES + 1;
      }
      taken.add(style);
      if (taken.size() == STYLES) {
        taken.clear();
      }
      rows.add(new Row(fields, name, "s" + style));
    }
    return rows;
  }

  private static String name(Fields fields, boolean withWorkload) {
    String label = fields.text("label");
    if (label != null) {
      return label;
    }
    String device = fields.required("device");
    String backend = fields.text("backend");
    String workload = fields.text("workload");
    return (workload == null || !withWorkload ? "" : workload + ", ")
        + (backend == null ? "" : backend + " ")
        + device
        + (fields.isFalse("notify") ? " (notify off)" : "");
  }

  /** Devices keep their colours from chart to chart and page to page. */
  private static int preferred(Fields fields) {
    return switch (fields.textOrEmpty("device")) {
      case "virtio" -> 1;
      case "ahci" -> fields.isFalse("notify") ? 4 : 2;
      case "raw" -> 3;
      default -> 5;
    };
  }

  /** The device's kind. */
  String device() {
    return fields.textOrEmpty("device");
  }

  /** Whether it is a device as it normally is, with nothing switched off. */
  boolean isPlain() {
    String label = fields.text("label");
    return switchedOff().isEmpty() && (label == null || label.equals(device()));
  }

  /** Whether something is switched off for comparison. */
  boolean isAblated() {
    return !switchedOff().isEmpty();
  }

  /** What is switched off for comparison, in words. */
  private List<String> switchedOff() {
    List<String> off =
        fields.texts("ablated").stream().map(what -> what.replace('_', ' ')).toList();
    return off.isEmpty() && fields.isFalse("notify") ? List.of("notify") : off;
  }

  /** What a sentence calls it. */
  String spoken() {
    List<String> off = switchedOff();
    if (off.isEmpty() && fields.has("label") && !isPlain()) {
      return "'" + name + "'";
    }
    String spoken = device().equals("ahci") ? "SATA" : device();
    String backend = fields.text("backend");
    return (backend == null ? "" : (backend.equals("qemu") ? "QEMU" : "Platter") + "'s ")
        + spoken
        + (off.isEmpty() ? "" : " without " + String.join(" and ", off));
  }

  /** Whether it was interrupted, or runs of it are missing. */
  boolean partial() {
    return fields.isTrue("partial");
  }

  /** Who took the latencies in {@code latency_us}: a program in a guest, or Platter's own. */
  boolean seenByGuest() {
    return fields.has("workload");
  }

  /** Whether a whole curve of percentiles was recorded. */
  boolean hasCurve() {
    return !fields.list("percentiles_us").isEmpty();
  }

  /** The recorded curve. */
  List<Percentile> curve() {
    List<Percentile> points = new ArrayList<>();
    for (double[] pair : fields.pairs("percentiles_us")) {
      points.add(
          new Percentile(
              pair[0], pair[1], fields.pathTo("percentiles_us[" + points.size() + "][1]")));
    }
    return points;
  }

  /** The few percentiles that every row has. */
  List<Percentile> summary() {
    List<Percentile> points = new ArrayList<>();
    for (int i = 0; i < LATENCY_KEYS.length; i++) {
      String key = "latency_us." + LATENCY_KEYS[i];
      Double micros = fields.number(key);
      if (micros != null) {
        points.add(new Percentile(LATENCY_PERCENTILES[i], micros, fields.pathTo(key)));
      }
    }
    return points;
  }

  /** Where the time went, or null where that was not recorded. */
  @Nullable Stages stages() {
    Fields stages = fields.object("stages");
    return stages == null ? null : new Stages(stages);
  }

  /** The row that another is compared with, or null. */
  static @Nullable Row plain(List<Row> rows, String device) {
    return rows.stream()
        .filter(row -> row.device().equals(device) && row.isPlain())
        .findFirst()
        .orElse(null);
  }

  /** The name for a class or key. */
  static String slug(String text) {
    return text.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
  }
}
