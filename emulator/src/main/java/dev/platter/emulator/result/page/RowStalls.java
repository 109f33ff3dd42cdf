package dev.platter.emulator.result.page;

import dev.platter.emulator.result.document.RequestStages;
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
  RequestStages.@Nullable Stalls worst() {
    RequestStages.Stalls worst = null;
    for (RequestStages.Stalls stalls : stages.recorded().stalls()) {
      if (worst == null || stalls.totalUs() > worst.totalUs()) {
        worst = stalls;
      }
    }
    boolean known =
        worst != null
            && isNotable(worst.totalUs())
            && (unmatched() == 0 || CERTAIN.contains(worst.cause()));
    return known ? worst : null;
  }

  /** How many stalls were not held against what a busy host did. */
  long unmatched() {
    return row.hadBusyHost() ? stages.recorded().stallsUnmatched() : 0;
  }

  private boolean isNotable(double totalMicros) {
    Double mean = stages.recorded().endToEndUs().mean();
    return totalMicros >= NOTABLE * (mean == null ? 0 : mean) * stages.recorded().requests();
  }

  /** A cause, and how many requests it held up, in a clause. */
  String clause(RequestStages.Stalls stalls) {
    return StallCauses.name(stalls.cause())
        + ": "
        + requests(stalls.requests())
        + " stalled, for up to "
        + Quantity.time(stalls.maxUs());
  }

  private String requests(long some) {
    return Quantity.count((double) some, "request")
        + " of "
        + Quantity.COUNT.cell((double) stages.recorded().requests())
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
    RequestStages.Stalls worst = told ? null : worst();
    if (worst != null) {
      sentences.add(Headline.capital(clause(worst)) + ".");
    }
    if (unmatched() > 0) {
      sentences.add(
          "The cause of "
              + Quantity.count((double) unmatched(), "stall")
              + " of "
              + row.spoken()
              + inGuest()
              + " is not known: this host was busy, and only the first"
              + " stalls of a run are matched with that.");
    }
    for (RequestStages.Unexplained unexplained : stages.recorded().unexplained()) {
      String stage = unexplained.stage();
      boolean known =
          stage.equals(Stages.KERNEL) && StageReasons.mostly(row, "p50").equals(Stages.KERNEL);
      if (!known && isNotable(unexplained.totalUs())) {
        sentences.add(
            requests(unexplained.requests())
                + " took longest "
                + stages.where(stage)
                + ", for up to "
                + Quantity.time(unexplained.maxUs())
                + ", and the cause is not known.");
      }
    }
    return sentences;
  }
}
