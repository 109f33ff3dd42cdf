package dev.platter.emulator.result.page;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A figure of rows by which two results are compared. */
enum Measure {
  /** How long the work took. */
  TIME("time", "total", "s", "total_seconds.median", "total_seconds", "total_seconds", false),
  /** Requests completed per second. */
  IOPS("iops", "IOPS", "", "iops.median", "iops", "iops", true),
  /** Bytes moved per second. */
  THROUGHPUT(
      "throughput", "throughput", "MiB/s", "bytes_per_second", "bytes_per_second", null, true),
  /** Half of the requests are no slower. */
  P50("p50", "p50", "us", "latency_us.p50", "latency_us.p50", "p50_us", false),
  /** All but one in a hundred. */
  P99("p99", "p99", "us", "latency_us.p99", "latency_us.p99", null, false),
  /** All but one in a thousand. */
  P99_9("p99.9", "p99.9", "us", "latency_us.p99_9", "latency_us.p99_9", null, false),
  /** The slowest request. */
  MAX("max", "max", "us", "latency_us.max", "latency_us.max", null, false),
  /** The mean of all requests. */
  MEAN("mean", "mean", "us", "latency_us.mean", "latency_us.mean", null, false),
  /** Processor time of Platter's process outside the kernel. */
  CPU_USER("cpu.user", "CPU user", "s", "cpu_seconds.user", "cpu_seconds.user", null, false),
  /** Processor time of Platter's process in the kernel. */
  CPU_SYS("cpu.sys", "CPU system", "s", "cpu_seconds.sys", "cpu_seconds.sys", null, false);

  private final String word;
  private final String title;
  private final String unit;
  private final String key;
  private final String sampleKey;
  private final @Nullable String spreadKey;
  private final boolean moreIsBetter;

  Measure(
      String word,
      String title,
      String unit,
      String key,
      String sampleKey,
      @Nullable String spreadKey,
      boolean moreIsBetter) {
    this.word = word;
    this.title = title;
    this.unit = unit;
    this.key = key;
    this.sampleKey = sampleKey;
    this.spreadKey = spreadKey;
    this.moreIsBetter = moreIsBetter;
  }

  /** The measure that a gate names so, or null. */
  static @Nullable Measure named(String word) {
    for (Measure measure : values()) {
      if (measure.word.equals(word.toLowerCase(Locale.ROOT))) {
        return measure;
      }
    }
    return null;
  }

  /** All names, for people. */
  static String names() {
    return String.join(", ", List.of(values()).stream().map(Measure::word).toList());
  }

  /** What gates and JSON call it. */
  String word() {
    return word;
  }

  /** A table's heading with the unit behind it, in ASCII. */
  String heading() {
    return unit.isEmpty() ? title : title + " " + unit;
  }

  /** A table's heading in a page. */
  String title() {
    return unit.isEmpty() ? title : title + ", " + unit.replace("us", "µs");
  }

  /** Where a row has it. */
  String key() {
    return key;
  }

  /** Where one of a row's samples has it. */
  String sampleKey() {
    return sampleKey;
  }

  /** Where a row has the least and the largest of its runs, if it does; else null. */
  @Nullable String spreadKey() {
    return spreadKey;
  }

  /** Whether a larger figure is the better one. */
  boolean moreIsBetter() {
    return moreIsBetter;
  }

  /** Whether it is one of the latencies of single requests. */
  boolean isLatency() {
    return sampleKey.startsWith("latency_us.");
  }

  /** How cells show it. */
  Quantity quantity() {
    return switch (this) {
      case TIME, CPU_USER, CPU_SYS -> Quantity.SECONDS;
      case IOPS -> Quantity.COUNT;
      case THROUGHPUT -> Quantity.MEBIBYTES;
      default -> Quantity.DIGITS;
    };
  }

  /** A figure with its unit, for sentences. */
  String spoken(double value) {
    return switch (this) {
      case TIME, CPU_USER, CPU_SYS -> Quantity.SECONDS.cell(value) + Quantity.NBSP + "s";
      case IOPS -> Quantity.COUNT.cell(value) + Quantity.NBSP + "IOPS";
      case THROUGHPUT -> Quantity.MEBIBYTES.cell(value) + Quantity.NBSP + "MiB/s";
      default -> Quantity.time(value);
    };
  }
}
