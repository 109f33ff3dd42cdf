package dev.platter.emulator.result.page;

import dev.platter.emulator.host.Scheduling;
import dev.platter.emulator.result.page.Contrast.Figure;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
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
  private static final Set<String> OTHERS = Set.of("not_scheduled", "gc_pause");
  // A thread without a CPU is not mistaken for these.
  private static final Set<String> CERTAIN =
      Set.of("not_scheduled", "gc_pause", "not_notified", "sq_full");
  private static final int ENOUGH_REQUESTS = 10;

  private final List<Row> rows;
  private final List<String> sentences = new ArrayList<>();
  private final List<String> why = new ArrayList<>();
  // Rows whose stalls a sentence about what was found has told already.
  private final Set<Row> told = new HashSet<>();
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
    if (SweepChart.isSweep(rows)) {
      // Each depth has reasons of its own, which the stages show.
      headline.sweep();
      return new Sentences(headline.sentences, headline.why);
    }
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
    for (Row row : rows) {
      if (row.isAblated()) {
        ablated(row);
      }
    }
    for (Row row : rows) {
      if (!row.isAblated() && (row.kind().yardstick() != null || rows.size() == 1)) {
        foundBesideYardstick(row);
      }
    }
  }

  /** What leaving something out does, and why, in one sentence. */
  private void ablated(Row row) {
    Row whole = Row.plain(rows, row.device());
    Contrast contrast = Contrast.of(row, whole, Figure.SECONDS, "");
    if (whole == null || contrast == null) {
      foundBesideYardstick(row);
      return;
    }
    boolean isSlower = contrast.isMore() && !contrast.isDoubtful();
    Fields worst = isSlower ? worstStall(row) : null;
    sentences.add(
        capital(row.spoken())
            + " "
            + contrast.words(whole.spoken())
            + (isSlower ? because(row, worst) : "")
            + ".");
    if (worst != null) {
      told.add(row);
    }
  }

  private void foundBesideYardstick(Row row) {
    String yardstick = row.kind().yardstick();
    Row base = yardstick == null ? null : Row.plain(rows, yardstick);
    found(row, base, Figure.SECONDS, row.kind().ratiosKey());
  }

  /** Why a row with something left out takes longer, in a clause. */
  private static String because(Row row, @Nullable Fields worst) {
    if (row.stages() == null) {
      return "; stages were not recorded, so the reason is not known";
    }
    if (worst == null) {
      return unmatched(row) > 0
          ? "; the cause of "
              + Quantity.count(unmatched(row), "stall")
              + " is not known, because this host was busy"
          : "; no stall explains it";
    }
    // What the host or the JVM did has nothing to do with what is left out.
    boolean other = OTHERS.contains(worst.textOrEmpty("cause"));
    return (other ? "; but " : ", because ") + stalled(row, worst);
  }

  /** A row by itself, or compared with another. */
  private void found(Row row, @Nullable Row base, Figure figure, String pairs) {
    if (figure.of(row) == null) {
      return;
    }
    Contrast contrast = Contrast.of(row, base, figure, pairs);
    sentences.add(
        capital(row.spoken())
            + " "
            + (base == null || contrast == null
                ? figure.alone(row) + Contrast.runs(row, null)
                : contrast.words(named(base)))
            + ".");
  }

  /** What a sentence calls a row that another is compared with. */
  private static String named(Row row) {
    return row.kind().equals(NamedDevice.RING) ? "the ring itself" : row.spoken();
  }

  /** The most that each device makes, and what it makes with the fewest requests. */
  private void sweep() {
    Set<String> devices = new LinkedHashSet<>();
    rows.forEach(row -> devices.add(row.device()));
    for (String device : devices) {
      List<Row> some =
          rows.stream()
              .filter(row -> row.device().equals(device) && row.fields().has("iops.median"))
              .toList();
      if (some.isEmpty()) {
        continue;
      }
      Row most =
          Collections.max(
              some, Comparator.comparingDouble(row -> row.fields().numberOr0("iops.median")));
      Row least =
          Collections.min(
              some, Comparator.comparingDouble(row -> row.fields().numberOr0("iodepth")));
      sentences.add(
          capital(NamedDevice.of(device).spoken())
              + " makes at most "
              + atDepth(most)
              + (most.equals(least) ? "" : ", and " + atDepth(least))
              + ".");
    }
  }

  private static String atDepth(Row row) {
    Double micros = row.fields().number("latency_us.p50");
    return Quantity.COUNT.cell(row.fields().numberOr0("iops.median"))
        + " IOPS at depth "
        + Quantity.COUNT.cell(row.fields().numberOr0("iodepth"))
        + (micros == null ? "" : " (p50 " + Quantity.time(micros) + ")");
  }

  private void bench() {
    Row raw = Row.plain(rows, NamedDevice.RING.name());
    for (Row row : rows) {
      if (!row.equals(raw) || rows.size() == 1) {
        found(row, row.equals(raw) ? null : raw, Figure.IOPS, "iops_ratio_to_raw_pairs");
      }
    }
  }

  /** Platter's disks first: each against its yardstick and against QEMU's; then QEMU's own. */
  private void guest() {
    Set<String> workloads = new LinkedHashSet<>();
    rows.forEach(row -> workloads.add(row.fields().textOrEmpty("workload")));
    for (String workload : workloads) {
      Figure figure = workload.equals("iotest") ? Figure.SECONDS : Figure.LATENCY;
      List<Row> some =
          rows.stream()
              .filter(row -> row.fields().textOrEmpty("workload").equals(workload))
              .toList();
      for (boolean qemus : new boolean[] {false, true}) {
        for (Row row : some) {
          String yardstick = row.kind().yardstick();
          if (isQemus(row) == qemus && yardstick != null) {
            inGuest(row, of(some, qemus, yardstick), figure, row.kind().ratiosKey());
          }
        }
        for (Row row : some) {
          if (!qemus && !isQemus(row)) {
            inGuest(row, of(some, true, row.device()), figure, "ratio_to_qemu_pairs");
          }
        }
      }
      if (some.size() == 1) {
        Row row = some.getFirst();
        sentences.add(
            workload
                + " in the guest: "
                + row.spoken()
                + " "
                + figure.alone(row)
                + Contrast.runs(row, null)
                + ".");
      }
    }
  }

  private void inGuest(Row row, @Nullable Row base, Figure figure, String pairs) {
    Contrast contrast = Contrast.of(row, base, figure, pairs);
    if (base != null && contrast != null) {
      sentences.add(
          workload(row)
              + " in the guest: "
              + row.spoken()
              + " "
              + contrast.words(base.spoken())
              + ".");
    }
  }

  private static boolean isQemus(Row row) {
    return row.fields().textOrEmpty("backend").equals("qemu");
  }

  private static @Nullable Row of(List<Row> some, boolean qemus, String device) {
    return some.stream()
        .filter(row -> isQemus(row) == qemus && row.device().equals(device))
        .findFirst()
        .orElse(null);
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

  /**
   * What a row is compared with: its yardstick, or the ring if that is not here. A yardstick's
   * plain row has the ring, too, if no row here is to be compared with it; other rows have nothing.
   */
  private @Nullable Row base(Row row) {
    String yardstick = row.kind().yardstick();
    Row raw = Row.plain(rows, NamedDevice.RING.name());
    if (yardstick != null) {
      Row base = beside(row, yardstick);
      return base != null ? base : raw;
    }
    boolean measures =
        rows.stream().anyMatch(other -> row.device().equals(other.kind().yardstick()));
    return row.kind().isYardstick() && row.equals(beside(row, row.device())) && !measures
        ? raw
        : null;
  }

  /** The plain row of a device with the same workload and emulator; null if there is none. */
  private @Nullable Row beside(Row row, String device) {
    return rows.stream()
        .filter(other -> other.device().equals(device) && other.isPlain())
        .filter(other -> same(row, other, "workload") && same(row, other, "backend"))
        .findFirst()
        .orElse(null);
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
        new StringBuilder(row.seenByGuest() ? workload(row) + " in the guest: at " : "At ")
            .append(percentile)
            .append(" a request to ")
            .append(row.spoken())
            .append(row.seenByGuest() ? " takes the server " : " takes ")
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
      } else if (differs.equals(most) && share.of(differs) >= other.of(differs)) {
        text.append(", against ").append(Quantity.time(other.of(differs)));
      } else if (!differs.isEmpty()) {
        text.append(difference(row, share, base, other, differs));
      }
    }
    Double unseen = Stages.unseen(row, percentile);
    if (unseen != null) {
      double whole = share.endToEnd() + unseen;
      text.append(". The guest waits ")
          .append(Quantity.time(whole))
          .append(" for it: ")
          .append(Quantity.time(unseen))
          .append(" of that (")
          .append(Quantity.percent(unseen / whole))
          .append(") are ")
          .append(Stages.UNSEEN);
    }
    return text.append('.').toString();
  }

  /** In which stage two rows differ most, in the words of the one that has the time. */
  private static String difference(
      Row row, Stages.Share share, Row base, Stages.Share other, String stage) {
    boolean mine = share.of(stage) >= other.of(stage);
    Row longer = mine ? row : base;
    Row shorter = mine ? base : row;
    Stages stages = longer.stages();
    return ". The largest difference is "
        + (stages == null ? "in stage '" + stage + "'" : in(stages, stage))
        + ": "
        + Quantity.time((mine ? share : other).of(stage))
        + " of "
        + longer.spoken()
        + " against "
        + Quantity.time((mine ? other : share).of(stage))
        + " of "
        + shorter.spoken();
  }

  /** That the host had no CPU for one of two rows; empty if it had, as far as is known. */
  private static String busy(Row row, Row base) {
    for (Row one : List.of(row, base)) {
      if (one.fields().isTrue("scheduling.busy")) {
        Double stolen = one.fields().number("scheduling.stolen_share");
        return ". Stages do not tell why: "
            + one.fields().objects("scheduling.threads").stream()
                .filter(thread -> thread.numberOr0("waited_share") >= Scheduling.BUSY)
                .findFirst()
                .map(thread -> starved(thread, one))
                .orElse(
                    stolen == null
                        ? "this host was busy"
                        : "other virtual machines had "
                            + Quantity.percent(stolen)
                            + " of the CPU time (steal)");
      }
    }
    return "";
  }

  private static String starved(Fields thread, Row row) {
    return "this host had no CPU for "
        + thread.textOrEmpty("thread")
        + " of "
        + row.spoken()
        + " for "
        + Quantity.percent(thread.numberOr0("waited_share"))
        + " of the run";
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
      Fields worst = worstStall(row);
      if (worst != null && !told.contains(row)) {
        why.add(capital(stalled(row, worst)) + ".");
      }
      if (unmatched(row) > 0) {
        why.add(
            "The cause of "
                + Quantity.count(unmatched(row), "stall")
                + " of "
                + row.spoken()
                + (row.seenByGuest() ? " in " + workload(row) : "")
                + " is not known: this host was busy, and only the first"
                + " stalls of a run are matched with that.");
      }
      for (Fields unexplained : stages.unexplained()) {
        String stage = unexplained.textOrEmpty("stage");
        boolean known = stage.equals(KERNEL) && mostly(row, "at_p50").equals(KERNEL);
        if (!known && isNotable(stages, unexplained)) {
          why.add(
              requests(row, unexplained)
                  + " took longest "
                  + in(stages, stage)
                  + ", for up to "
                  + Quantity.time(unexplained.numberOr0("max_us"))
                  + ", and the cause is not known.");
        }
      }
    }
  }

  /** The cause that cost a row most; null if that is little of its time. */
  private static @Nullable Fields worstStall(Row row) {
    Stages stages = row.stages();
    Fields worst = null;
    if (stages != null) {
      for (Fields stall : stages.stalls()) {
        if (worst == null || stall.numberOr0("total_us") > worst.numberOr0("total_us")) {
          worst = stall;
        }
      }
      if (worst != null && !isNotable(stages, worst)) {
        worst = null;
      }
    }
    return worst != null && unmatched(row) > 0 && !CERTAIN.contains(worst.textOrEmpty("cause"))
        ? null
        : worst;
  }

  /** How many stalls of a row were not held against what a busy host did. */
  private static double unmatched(Row row) {
    Stages stages = row.stages();
    return stages != null && row.fields().isTrue("scheduling.busy") ? stages.unmatched() : 0;
  }

  private static boolean isNotable(Stages stages, Fields part) {
    double all =
        stages.fields().numberOr0("end_to_end_us.mean") * stages.fields().numberOr0("requests");
    return part.numberOr0("total_us") >= NOTABLE * all;
  }

  /** A cause, and how many requests it held up, in a clause. */
  private static String stalled(Row row, Fields stall) {
    return Causes.name(stall.textOrEmpty("cause"))
        + ": "
        + requests(row, stall)
        + " stalled, for up to "
        + Quantity.time(stall.numberOr0("max_us"));
  }

  private static String requests(Row row, Fields part) {
    Fields stages = row.fields().object("stages");
    return Quantity.count(part.numberOr0("requests"), "request")
        + " of "
        + Quantity.COUNT.cell(stages == null ? 0 : stages.numberOr0("requests"))
        + " to "
        + row.spoken()
        + (row.seenByGuest() ? " in " + workload(row) : "");
  }

  private static String workload(Row row) {
    return row.fields().textOrEmpty("workload");
  }

  private static String capital(String text) {
    return text.isEmpty() ? text : Character.toUpperCase(text.charAt(0)) + text.substring(1);
  }
}
