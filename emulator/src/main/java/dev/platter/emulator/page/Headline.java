package dev.platter.emulator.page;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a result says, and why, in sentences made of its figures. */
final class Headline {
  private static final double MOSTLY = 0.5;
  // Of the time of all requests; the table has all stalls.
  private static final double NOTABLE = 0.01;
  private static final String KERNEL = "kernel";
  private static final int ENOUGH_REQUESTS = 10;
  private static final int ENOUGH_RUNS = 2;

  private final List<Row> rows;
  private final List<String> sentences = new ArrayList<>();
  private final List<String> why = new ArrayList<>();
  // Whether rows are not compared, and each has its own reasons.
  private boolean each;

  private Headline(List<Row> rows) {
    this.rows = rows;
  }

  /**
   * What a result says.
   *
   * @param found what was found
   * @param reasons why it is so
   */
  record Sentences(List<String> found, List<String> reasons) {}

  /** The sentences about the rows of a result. */
  static Sentences of(String schema, List<Row> rows) {
    Headline headline = new Headline(rows);
    switch (schema) {
      case Schemas.BENCH -> headline.bench();
      case Schemas.GUEST -> headline.guest();
      case Schemas.SERVE -> headline.each = true;
      default -> headline.iotest();
    }
    headline.reasons();
    headline.stalls();
    return new Sentences(headline.sentences, headline.why);
  }

  // ---- what was found --------------------------------------------------------------------------

  private void iotest() {
    Row virtio = Row.plain(rows, "virtio");
    for (Row row : rows) {
      Double mine = row.fields().number("total_seconds.median");
      Double ratio = row.fields().number("ratio_to_virtio");
      if (mine == null || (!row.device().equals("ahci") && rows.size() > 1)) {
        continue;
      }
      if (virtio == null || ratio == null || row.equals(virtio)) {
        sentences.add(
            capital(row.spoken())
                + " takes "
                + Quantity.digits(mine)
                + " s"
                + runs(row, null)
                + ".");
      } else {
        sentences.add(
            capital(row.spoken())
                + " takes "
                + Quantity.digits(ratio)
                + " times virtio's time: "
                + Quantity.SECONDS.cell(mine)
                + " s against "
                + Quantity.SECONDS.cell(virtio.fields().numberOr0("total_seconds.median"))
                + " s"
                + runs(row, virtio)
                + overlap(row, virtio, "total_seconds")
                + ".");
      }
    }
  }

  private void bench() {
    Row raw = Row.plain(rows, "raw");
    for (Row row : rows) {
      Double iops = row.fields().number("iops.median");
      Double ratio = row.fields().number("iops_ratio_to_raw");
      if (iops == null || (row.equals(raw) && rows.size() > 1)) {
        continue;
      }
      if (raw == null || ratio == null || row.equals(raw)) {
        sentences.add(
            capital(row.spoken())
                + " makes "
                + Quantity.COUNT.cell(iops)
                + " IOPS"
                + runs(row, null)
                + ".");
      } else {
        sentences.add(
            capital(row.spoken())
                + " makes "
                + Quantity.digits(ratio)
                + " times the IOPS of the ring itself: "
                + Quantity.COUNT.cell(iops)
                + " against "
                + Quantity.COUNT.cell(raw.fields().numberOr0("iops.median"))
                + runs(row, raw)
                + overlap(row, raw, "iops")
                + ".");
      }
    }
  }

  private void guest() {
    Set<String> workloads = new LinkedHashSet<>();
    rows.forEach(row -> workloads.add(row.fields().textOrEmpty("workload")));
    for (String workload : workloads) {
      List<Row> some =
          rows.stream()
              .filter(row -> row.fields().textOrEmpty("workload").equals(workload))
              .toList();
      List<String> parts = new ArrayList<>();
      String measure = workload.equals("iotest") ? "time" : "median latency";
      for (Row row : some) {
        Double ratio = row.fields().number("ratio_to_virtio");
        if (row.device().equals("ahci") && ratio != null) {
          parts.add(
              row.spoken()
                  + " takes "
                  + Quantity.digits(ratio)
                  + " times the "
                  + measure
                  + " of its virtio");
        }
      }
      List<String> peers = new ArrayList<>();
      for (Row row : some) {
        Double ratio = row.fields().number("ratio_to_qemu");
        if (ratio != null) {
          peers.add(row.spoken() + " " + Quantity.digits(ratio));
        }
      }
      if (!peers.isEmpty()) {
        parts.add("to QEMU's own disks: " + String.join(", ", peers));
      }
      if (!parts.isEmpty()) {
        sentences.add(
            workload
                + " in the guest: "
                + String.join("; ", parts)
                + runs(some.getFirst(), null)
                + ".");
      }
    }
  }

  private static String runs(Row row, @Nullable Row base) {
    double runs = row.fields().numberOr0("runs");
    if (row.partial() || (base != null && base.partial())) {
      return " (interrupted, so not to be relied on)";
    }
    if (base != null) {
      runs = Math.min(runs, base.fields().numberOr0("runs"));
    }
    return runs <= 1
        ? " (one run; take `--runs 5` before relying on it)"
        : " (medians of " + Quantity.COUNT.cell(runs) + " runs)";
  }

  /** Whether the runs of the two differ less than those of each. */
  private static String overlap(Row row, Row base, String key) {
    Double low = row.fields().number(key + ".min");
    Double high = row.fields().number(key + ".max");
    Double baseLow = base.fields().number(key + ".min");
    Double baseHigh = base.fields().number(key + ".max");
    if (low == null || high == null || baseLow == null || baseHigh == null) {
      return "";
    }
    boolean overlap = low <= baseHigh && baseLow <= high;
    return overlap && row.fields().numberOr0("runs") >= ENOUGH_RUNS
        ? "; their runs overlap, so this may be noise"
        : "";
  }

  // ---- why -------------------------------------------------------------------------------------

  private void reasons() {
    if (rows.stream().allMatch(row -> row.stages() == null)) {
      boolean guest = rows.stream().anyMatch(Row::seenByGuest);
      why.add(
          "Where the time went is not known: stages were not recorded; add "
              + (guest ? "`--report`." : "`--stages` or `--report`."));
      return;
    }
    for (Row row : rows) {
      Row base = base(row);
      if (base != null || each || rows.size() == 1) {
        String at50 = reason(row, base, "at_p50", "p50");
        why.add(at50);
        String at99 = reason(row, base, "at_p99", "p99");
        // Where all requests wait for the same thing, once is enough.
        if (!mostly(row, "at_p50").equals(mostly(row, "at_p99"))
            || mostly(row, "at_p50").equals(KERNEL)) {
          why.add(at99);
        }
      }
    }
    why.removeIf(String::isEmpty);
  }

  /** What a row is compared with: SATA with virtio, and virtio with the ring if that is all. */
  private @Nullable Row base(Row row) {
    Row virtio =
        rows.stream()
            .filter(other -> other.device().equals("virtio") && other.isPlain())
            .filter(other -> same(row, other, "workload") && same(row, other, "backend"))
            .findFirst()
            .orElse(null);
    Row raw = Row.plain(rows, "raw");
    if (row.device().equals("ahci")) {
      return virtio != null ? virtio : raw;
    }
    boolean sata = rows.stream().anyMatch(other -> other.device().equals("ahci"));
    return row.equals(virtio) && !sata ? raw : null;
  }

  private static boolean same(Row one, Row other, String key) {
    return one.fields().textOrEmpty(key).equals(other.fields().textOrEmpty(key));
  }

  /** The stage that takes most of the time, or nothing. */
  private static String mostly(Row row, String key) {
    Stages.Share share = share(row, key);
    if (share == null) {
      return "";
    }
    return share.micros().entrySet().stream()
        .filter(part -> part.getValue() > MOSTLY * share.endToEnd())
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse("");
  }

  /** Where the time of a row goes at a percentile, and where it differs from another's. */
  private static String reason(Row row, @Nullable Row base, String key, String percentile) {
    Stages stages = row.stages();
    Stages.Share share = stages == null ? null : stages.at(key);
    if (stages == null || share == null || share.endToEnd() <= 0) {
      return "";
    }
    StringBuilder text =
        new StringBuilder("At ")
            .append(percentile)
            .append(" a request to ")
            .append(row.spoken())
            .append(" takes ")
            .append(Quantity.time(share.endToEnd()));
    Stages.Share other = base == null ? null : share(base, key);
    if (base != null && other != null) {
      double more = share.endToEnd() - other.endToEnd();
      text.append(", ")
          .append(Quantity.time(Math.abs(more)))
          .append(more < 0 ? " less" : " more")
          .append(" than one to ")
          .append(base.spoken());
    }
    String most = mostly(row, key);
    double part = most.isEmpty() ? share.of(KERNEL) : share.of(most);
    if (part > 0) {
      text.append("; ")
          .append(Quantity.time(part))
          .append(" of it (")
          .append(Quantity.percent(part / share.endToEnd()))
          .append(") ")
          .append(most.isEmpty() ? in(stages, KERNEL) : in(stages, most));
    }
    // The means of a few requests have no reasons.
    if (base != null
        && other != null
        && Math.min(share.fields().numberOr0("requests"), other.fields().numberOr0("requests"))
            >= ENOUGH_REQUESTS) {
      String differs = differing(share, other);
      String busy = busy(row, base);
      if (!busy.isEmpty()) {
        // Whatever lock or loop the time was spent on: the threads were not run.
        text.append(busy);
      } else if (differs.equals(most)) {
        text.append(", against ").append(Quantity.time(other.of(differs)));
      } else if (!differs.isEmpty()) {
        text.append(". The largest difference is ")
            .append(in(stages, differs))
            .append(": ")
            .append(Quantity.time(share.of(differs)))
            .append(" against ")
            .append(Quantity.time(other.of(differs)));
      }
    }
    return text.append('.').toString();
  }

  /** That the host had no CPU for one of two rows; empty if it had, as far as is known. */
  private static String busy(Row row, Row base) {
    for (Row one : List.of(row, base)) {
      if (one.fields().isTrue("scheduling.busy")) {
        List<Fields> threads = one.fields().objects("scheduling.threads");
        return ". Stages do not tell why: this host had no CPU "
            + (threads.isEmpty()
                ? "for it all the time"
                : "for "
                    + threads.getFirst().textOrEmpty("thread")
                    + " of "
                    + one.spoken()
                    + " for "
                    + Quantity.percent(threads.getFirst().numberOr0("waited_share"))
                    + " of the run");
      }
    }
    return "";
  }

  private static Stages.@Nullable Share share(@Nullable Row row, String key) {
    Stages stages = row == null ? null : row.stages();
    return stages == null ? null : stages.at(key);
  }

  /** The stage in which two differ most. */
  private static String differing(Stages.Share share, Stages.Share other) {
    Set<String> keys = new LinkedHashSet<>(share.micros().keySet());
    keys.addAll(other.micros().keySet());
    String most = "";
    double largest = 0;
    for (String key : keys) {
      double difference = Math.abs(share.of(key) - other.of(key));
      if (difference > largest) {
        largest = difference;
        most = key;
      }
    }
    return most;
  }

  private static String in(Stages stages, String key) {
    if (key.equals(KERNEL)) {
      return "in the kernel and the disk";
    }
    Stages.Stage stage = stages.stage(key);
    return "in stage '"
        + key
        + "'"
        + (stage == null || stage.label().isEmpty() ? "" : " (" + stage.label() + ")");
  }

  private void stalls() {
    for (Row row : rows) {
      Stages stages = row.stages();
      if (stages == null) {
        continue;
      }
      Fields worst = null;
      for (Fields stall : stages.stalls()) {
        if (worst == null || stall.numberOr0("total_us") > worst.numberOr0("total_us")) {
          worst = stall;
        }
      }
      double all =
          stages.fields().numberOr0("end_to_end_us.mean") * stages.fields().numberOr0("requests");
      if (worst != null && worst.numberOr0("total_us") >= NOTABLE * all) {
        why.add(
            Quantity.count(worst.numberOr0("requests"), "request")
                + " of "
                + Quantity.COUNT.cell(stages.fields().numberOr0("requests"))
                + " to "
                + row.spoken()
                + " stalled because "
                + Causes.name(worst.textOrEmpty("cause"))
                + ", for up to "
                + Quantity.time(worst.numberOr0("max_us"))
                + ".");
      }
    }
  }

  private static String capital(String text) {
    return text.isEmpty() ? text : Character.toUpperCase(text.charAt(0)) + text.substring(1);
  }
}
