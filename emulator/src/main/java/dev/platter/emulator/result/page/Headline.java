package dev.platter.emulator.result.page;

import dev.platter.emulator.result.document.RequestStages;
import dev.platter.emulator.result.page.RowComparison.Figure;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a result says, in sentences made of its figures: what was found, and then why. */
final class Headline {
  private static final Set<String> OTHERS = Set.of("not_scheduled", "gc_pause");

  private final List<Row> rows;
  private final List<String> sentences = new ArrayList<>();
  // Rows whose stalls a sentence about what was found has told already.
  private final Set<Row> told = new HashSet<>();

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
      return new Sentences(headline.sentences, List.of());
    }
    switch (schema) {
      case Schemas.BENCH -> headline.bench();
      case Schemas.GUEST -> headline.guest();
      case Schemas.SERVE -> {} // exports are not compared
      default -> headline.iotest();
    }
    return new Sentences(headline.sentences, headline.reasons(schema.equals(Schemas.SERVE)));
  }

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
    RowComparison contrast = RowComparison.of(row, whole, Figure.SECONDS, "");
    if (whole == null || contrast == null) {
      foundBesideYardstick(row);
      return;
    }
    boolean isSlower = contrast.isMore() && !contrast.isDoubtful();
    RowStalls stalls = isSlower ? RowStalls.of(row) : null;
    sentences.add(
        capital(row.spoken())
            + " "
            + contrast.words(whole.spoken())
            + (isSlower ? because(stalls) : "")
            + ".");
    if (stalls != null && stalls.worst() != null) {
      told.add(row);
    }
  }

  private void foundBesideYardstick(Row row) {
    String yardstick = row.kind().yardstick();
    Row base = yardstick == null ? null : Row.plain(rows, yardstick);
    found(row, base, Figure.SECONDS, row.kind().ratiosKey());
  }

  /** Why a row with something left out takes longer, in a clause. */
  private static String because(@Nullable RowStalls stalls) {
    if (stalls == null) {
      return "; stages were not recorded, so the reason is not known";
    }
    RequestStages.Stalls worst = stalls.worst();
    if (worst == null) {
      return stalls.unmatched() > 0
          ? "; the cause of "
              + Quantity.count((double) stalls.unmatched(), "stall")
              + " is not known, because this host was busy"
          : "; no stall explains it";
    }
    // What the host or the JVM did has nothing to do with what is left out.
    boolean other = OTHERS.contains(worst.cause());
    return (other ? "; but " : ", because ") + stalls.clause(worst);
  }

  /** A row by itself, or compared with another. */
  private void found(Row row, @Nullable Row base, Figure figure, String pairs) {
    if (figure.of(row) == null) {
      return;
    }
    RowComparison contrast = RowComparison.of(row, base, figure, pairs);
    sentences.add(
        capital(row.spoken())
            + " "
            + (base == null || contrast == null
                ? figure.alone(row) + RowComparison.runs(row, null)
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
    rows.forEach(row -> workloads.add(row.workload()));
    for (String workload : workloads) {
      Figure figure = workload.equals("iotest") ? Figure.SECONDS : Figure.LATENCY;
      List<Row> some = rows.stream().filter(row -> row.workload().equals(workload)).toList();
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
                + RowComparison.runs(row, null)
                + ".");
      }
    }
  }

  private void inGuest(Row row, @Nullable Row base, Figure figure, String pairs) {
    RowComparison contrast = RowComparison.of(row, base, figure, pairs);
    if (base != null && contrast != null) {
      sentences.add(
          row.workload()
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

  /** Why that is so: where the time goes, then what held up requests. */
  private List<String> reasons(boolean each) {
    List<String> reasons = new ArrayList<>(new StageReasons(rows, each).sentences());
    for (Row row : rows) {
      RowStalls stalls = RowStalls.of(row);
      if (stalls != null) {
        reasons.addAll(stalls.sentences(told.contains(row)));
      }
    }
    return reasons;
  }

  /** A clause as the beginning of a sentence. */
  static String capital(String text) {
    return text.isEmpty() ? text : Character.toUpperCase(text.charAt(0)) + text.substring(1);
  }
}
