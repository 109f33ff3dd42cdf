package dev.platter.emulator.result.page;

import dev.platter.emulator.host.Scheduling;
import dev.platter.emulator.result.document.RequestStages;
import dev.platter.emulator.result.document.SchedulingFacts;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Why rows take the time that they take, in sentences: where it goes by stage, and in which stage a
 * row differs most from the row that it is compared with.
 *
 * @param rows of a result
 * @param each whether rows are not compared, and each has its own reasons
 */
record StageReasons(List<Row> rows, boolean each) {
  private static final double MOSTLY = 0.5;
  private static final int ENOUGH_REQUESTS = 10;

  /** The sentences: for each row that is compared with another, or for each row. */
  List<String> sentences() {
    List<String> sentences = new ArrayList<>();
    if (rows.stream().allMatch(row -> row.stages() == null)) {
      boolean guest = rows.stream().anyMatch(Row::seenByGuest);
      sentences.add(
          "Where the time went is not known: stages were not recorded; add "
              + (guest ? "`--report`." : "`--stages` or `--report`."));
      return sentences;
    }
    for (Row row : rows) {
      Row base = base(row);
      if (base != null || each || rows.size() == 1) {
        String at50 = reason(row, base, "p50");
        sentences.add(at50);
        String at99 = reason(row, base, "p99");
        // Where all requests wait for the same thing, once is enough.
        if (!mostly(row, "p50").equals(mostly(row, "p99"))
            || mostly(row, "p50").equals(Stages.KERNEL)) {
          sentences.add(at99);
        }
      }
    }
    sentences.removeIf(String::isEmpty);
    return sentences;
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
  static String mostly(Row row, String percentile) {
    RequestStages.Share share = share(row, percentile);
    if (share == null) {
      return "";
    }
    return share.stagesUs().entrySet().stream()
        .filter(part -> part.getValue() > MOSTLY * share.endToEndUs())
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse("");
  }

  /** Where the time of a row goes at a percentile, and where it differs from another's. */
  private static String reason(Row row, @Nullable Row base, String percentile) {
    Stages stages = row.stages();
    RequestStages.Share share = stages == null ? null : stages.at(percentile);
    if (stages == null || share == null || share.endToEndUs() <= 0) {
      return "";
    }
    StringBuilder text =
        new StringBuilder(row.seenByGuest() ? row.workload() + " in the guest: at " : "At ")
            .append(percentile)
            .append(" a request to ")
            .append(row.spoken())
            .append(row.seenByGuest() ? " takes the server " : " takes ")
            .append(Quantity.time(share.endToEndUs()));
    RequestStages.Share other = base == null ? null : share(base, percentile);
    if (base != null && other != null) {
      double more = share.endToEndUs() - other.endToEndUs();
      text.append(", ")
          .append(Quantity.time(Math.abs(more)))
          .append(more < 0 ? " less" : " more")
          .append(" than one to ")
          .append(base.spoken());
    }
    String most = mostly(row, percentile);
    double part = most.isEmpty() ? share.of(Stages.KERNEL) : share.of(most);
    if (part > 0) {
      text.append("; ")
          .append(Quantity.time(part))
          .append(" of it (")
          .append(Quantity.percent(part / share.endToEndUs()))
          .append(") ")
          .append(most.isEmpty() ? stages.where(Stages.KERNEL) : stages.where(most));
    }
    // The means of a few requests have no reasons.
    if (base != null
        && other != null
        && Math.min(share.requests(), other.requests()) >= ENOUGH_REQUESTS) {
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
      double whole = share.endToEndUs() + unseen;
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
      Row row, RequestStages.Share share, Row base, RequestStages.Share other, String stage) {
    boolean mine = share.of(stage) >= other.of(stage);
    Row longer = mine ? row : base;
    Row shorter = mine ? base : row;
    Stages stages = longer.stages();
    return ". The largest difference is "
        + (stages == null ? "in stage '" + stage + "'" : stages.where(stage))
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
      SchedulingFacts scheduling = one.scheduling();
      if (scheduling != null && scheduling.busy()) {
        Double stolen = scheduling.stolenShare();
        return ". Stages do not tell why: "
            + scheduling.threads().stream()
                .filter(thread -> thread.waitedShare() >= Scheduling.BUSY)
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

  private static String starved(SchedulingFacts.ThreadFacts thread, Row row) {
    return "this host had no CPU for "
        + thread.thread()
        + " of "
        + row.spoken()
        + " for "
        + Quantity.percent(thread.waitedShare())
        + " of the run";
  }

  private static RequestStages.@Nullable Share share(@Nullable Row row, String percentile) {
    Stages stages = row == null ? null : row.stages();
    return stages == null ? null : stages.at(percentile);
  }

  /** The stage in which two differ most. */
  private static String differing(RequestStages.Share share, RequestStages.Share other) {
    Set<String> keys = new LinkedHashSet<>(share.stagesUs().keySet());
    keys.addAll(other.stagesUs().keySet());
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
}
