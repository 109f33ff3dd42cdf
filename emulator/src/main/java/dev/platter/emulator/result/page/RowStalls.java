package dev.platter.emulator.result.page;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What held up requests of a row, in words.
 *
 * @param stages the row's own
 */
record RowStalls(Row row, Stages stages) {
  // Of the time of all requests; the table has all stalls.
  private static final double NOTABLE = 0.01;
  // A thread without a CPU is not mistaken for these.
  private static final Set<String> CERTAIN =
      Set.of("not_scheduled", "gc_pause", "not_notified", "sq_full");

  /** Of a row; null if its stages were not recorded. */
  static @Nullable RowStalls of(Row row) {
    Stages stages = row.stages();
    return stages == null ? null : new RowStalls(row, stages);
  }

  /** The cause that cost the row most; null if that is little of its time. */
  @Nullable Fields worst() {
    Fields worst = null;
    for (Fields stall : stages.stalls()) {
      if (worst == null || stall.numberOr0("total_us") > worst.numberOr0("total_us")) {
        worst = stall;
      }
    }
    boolean known =
        worst != null
            && isNotable(worst)
            && (unmatched() == 0 || CERTAIN.contains(worst.textOrEmpty("cause")));
    return known ? worst : null;
  }

  /** How many stalls were not held against what a busy host did. */
  double unmatched() {
    return row.fields().isTrue("scheduling.busy") ? stages.unmatched() : 0;
  }

  private boolean isNotable(Fields part) {
    double all =
        stages.fields().numberOr0("end_to_end_us.mean") * stages.fields().numberOr0("requests");
    return part.numberOr0("total_us") >= NOTABLE * all;
  }

  /** A cause, and how many requests it held up, in a clause. */
  String clause(Fields stall) {
    return Causes.name(stall.textOrEmpty("cause"))
        + ": "
        + requests(stall)
        + " stalled, for up to "
        + Quantity.time(stall.numberOr0("max_us"));
  }

  private String requests(Fields part) {
    return Quantity.count(part.numberOr0("requests"), "request")
        + " of "
        + Quantity.COUNT.cell(stages.fields().numberOr0("requests"))
        + " to "
        + row.spoken()
        + inGuest();
  }

  private String inGuest() {
    return row.seenByGuest() ? " in " + row.workload() : "";
  }

  /**
   * What is worth telling.
   *
   * @param told whether the worst cause has been told already
   */
  List<String> sentences(boolean told) {
    List<String> sentences = new ArrayList<>();
    Fields worst = told ? null : worst();
    if (worst != null) {
      sentences.add(Headline.capital(clause(worst)) + ".");
    }
    if (unmatched() > 0) {
      sentences.add(
          "The cause of "
              + Quantity.count(unmatched(), "stall")
              + " of "
              + row.spoken()
              + inGuest()
              + " is not known: this host was busy, and only the first"
              + " stalls of a run are matched with that.");
    }
    for (Fields unexplained : stages.unexplained()) {
      String stage = unexplained.textOrEmpty("stage");
      boolean known =
          stage.equals(Stages.KERNEL) && StageReasons.mostly(row, "at_p50").equals(Stages.KERNEL);
      if (!known && isNotable(unexplained)) {
        sentences.add(
            requests(unexplained)
                + " took longest "
                + stages.where(stage)
                + ", for up to "
                + Quantity.time(unexplained.numberOr0("max_us"))
                + ", and the cause is not known.");
      }
    }
    return sentences;
  }
}
