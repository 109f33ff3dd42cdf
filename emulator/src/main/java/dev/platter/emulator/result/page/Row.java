package dev.platter.emulator.result.page;

import dev.platter.emulator.result.document.SchedulingFacts;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A row of a result: one device, or one variant of it.
 *
 * @param fields its keys
 * @param name what the page calls it; the same in every document that has such a row
 * @param style the class that gives it its colour and dashes
 * @param stages where the time went; null where that was not recorded
 * @param scheduling how the host treated it; null in older documents
 */
record Row(
    Fields fields,
    String name,
    String style,
    @Nullable Stages stages,
    @Nullable SchedulingFacts scheduling) {
  private static final double[] LATENCY_PERCENTILES = {50, 99, 99.9, 100};
  private static final String[] LATENCY_KEYS = {"p50", "p99", "p99_9", "max"};

  /**
   * A point of the curve of percentiles.
   *
   * @param path where the document has it
   */
  record Percentile(double percentile, double micros, String path) {}

  /** Reads what the row has of stages and scheduling. */
  Row(Fields fields, String name, String style) {
    this(
        fields, name, style, Stages.of(fields), fields.record("scheduling", SchedulingFacts.class));
  }

  /** The same row, with another name and another style. */
  Row as(String otherName, String otherStyle) {
    return new Row(fields, otherName, otherStyle, stages, scheduling);
  }

  /** The rows of a document or an experiment, in the order in which pages show devices. */
  static List<Row> of(List<Fields> objects) {
    return of(objects, workloads(objects) > 1);
  }

  /** How many workloads there are. */
  static long workloads(List<Fields> objects) {
    return objects.stream().map(fields -> fields.textOrEmpty("workload")).distinct().count();
  }

  /**
   * The rows of a document, in the same order.
   *
   * @param withWorkload whether a row's name says its workload, if it has one
   */
  static List<Row> of(List<Fields> objects, boolean withWorkload) {
    List<Fields> sorted = new ArrayList<>(objects);
    // Of a kind, what was first stays first; rows of other workloads are not mixed.
    List<String> workloads = objects.stream().map(one -> one.textOrEmpty("workload")).toList();
    sorted.sort(
        Comparator.comparingInt((Fields one) -> workloads.indexOf(one.textOrEmpty("workload")))
            .thenComparingInt(Row::place));
    List<String> styles = Colours.of(sorted.stream().map(Row::preferred).toList());
    List<Row> rows = new ArrayList<>();
    for (Fields fields : sorted) {
      rows.add(new Row(fields, name(fields, withWorkload), styles.get(rows.size())));
    }
    return rows;
  }

  /** Platter's devices before others', raw before SATA before virtio, plain ones first. */
  private static int place(Fields fields) {
    int device = NamedDevice.of(fields.textOrEmpty("device")).place();
    return (isPeer(fields) ? 8 : 0) + 2 * device + (switchedOff(fields).isEmpty() ? 0 : 1);
  }

  private static boolean isPeer(Fields fields) {
    return fields.textOrEmpty("backend").equals("qemu");
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

  private static int preferred(Fields fields) {
    List<String> off = switchedOff(fields);
    return off.isEmpty() || off.equals(List.of("notify"))
        ? Colours.preferred(fields.textOrEmpty("device"), isPeer(fields), !off.isEmpty())
        : Colours.ANY;
  }

  /** The name of the device, as the document has it. */
  String device() {
    return fields.textOrEmpty("device");
  }

  /** What a guest ran; empty where no guest measured. */
  String workload() {
    return fields.textOrEmpty("workload");
  }

  /** How pages show the device. */
  NamedDevice kind() {
    return NamedDevice.of(device());
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
    return switchedOff(fields);
  }

  private static List<String> switchedOff(Fields fields) {
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
    String backend = fields.text("backend");
    return (backend == null ? "" : (backend.equals("qemu") ? "QEMU" : "Platter") + "'s ")
        + kind().spoken()
        + (off.isEmpty() ? "" : " without " + String.join(" and ", off));
  }

  /** Whether one of its runs ended early, or runs of it are missing. */
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

  /** Whether the host had no CPU for its threads, as far as is known. */
  boolean hadBusyHost() {
    return scheduling != null && scheduling.busy();
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
