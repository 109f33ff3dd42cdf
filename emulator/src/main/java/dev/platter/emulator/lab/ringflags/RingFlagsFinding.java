package dev.platter.emulator.lab.ringflags;

import dev.platter.aio.ring.SetupFlag;
import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.FindingTable;
import dev.platter.emulator.lab.Verdict;
import dev.platter.emulator.text.Units;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Puts what the ring-flags experiment has measured into tables, sentences and a verdict. */
final class RingFlagsFinding {
  /** The flags that published figures show to pay off. */
  private static final Set<SetupFlag> PAY_OFF =
      Set.of(SetupFlag.COOP_TASKRUN, SetupFlag.TASKRUN_FLAG, SetupFlag.NO_SQARRAY);

  private final Finding finding;
  private final Map<SetupFlag, String> refused;
  private final List<String> seen = new ArrayList<>();
  private final LadderFinding ladder;
  private boolean polled;
  private long missed;

  /**
   * Begins.
   *
   * @param refused flags of the ladder that the kernel does not take, each with the reason
   */
  RingFlagsFinding(Finding finding, Map<SetupFlag, String> refused) {
    this.finding = finding;
    this.refused = refused;
    ladder = new LadderFinding(finding, refused);
    Map<String, String> reasons = new LinkedHashMap<>();
    refused.forEach((flag, reason) -> reasons.put(flag.name(), reason));
    finding.detail("refused_flags", reasons);
  }

  // ---- polling -------------------------------------------------------------------------------

  /** A ring's flags as tables name them. */
  static String name(Set<SetupFlag> flags) {
    return flags.isEmpty()
        ? "none"
        : String.join("|", new TreeSet<>(flags).stream().map(Enum::name).toList());
  }

  /** Says why polling was not tried. */
  void noPolling(String why) {
    seen.add(why);
  }

  /** Adds what was seen of completions in memory alone. */
  void taskWork(List<TaskWork.Seen> results) {
    FindingTable table =
        new FindingTable("What a thread sees that polls the ring's memory and makes no system call")
            .words("ring flags")
            .figures("tries", "")
            .figures("SQ_TASKRUN", "")
            .figures("CQE", "")
            .figures("nothing", "")
            .figures("CQE after entering", "")
            .figures("seen after p50", "us")
            .note(
                "A read of an eventfd that another thread signals, on another CPU. What was seen"
                    + " first: SQ_TASKRUN while the CQ was empty, the CQE, or nothing for "
                    + TaskWork.WINDOW_NANOS / 1_000
                    + " us. Then the ring is entered. With COOP_TASKRUN alone any interrupt of the"
                    + " CPU, such as the scheduler's tick, makes the CQE appear."
                    + disturbances(results));
    int flagTries = 0;
    int flagSeen = 0;
    int hiddenTries = 0;
    int hidden = 0;
    for (TaskWork.Seen result : results) {
      table.row(
          name(result.flags()),
          result.tries(),
          result.flagged(),
          result.completed(),
          result.nothing(),
          result.tries() - result.lost(),
          result.medianNanos() == 0 ? null : Units.rounded(result.medianNanos() / 1e3, 1));
      if (result.flags().contains(SetupFlag.TASKRUN_FLAG)) {
        // One that is lost is mostly one of those of which nothing was seen.
        missed += Math.max(result.lost(), result.nothing());
        flagTries += result.tries();
        flagSeen += result.flagged() + result.completed();
      } else {
        missed += result.lost();
      }
      if (isHidden(result.flags())) {
        hiddenTries += result.tries();
        hidden += result.nothing();
      }
    }
    finding.add(table);
    int tries = results.stream().mapToInt(TaskWork.Seen::tries).sum();
    if (tries == 0) {
      seen.add("No try at polling counts: the CPUs were busy.");
      return;
    }
    polled = true;
    if (flagTries > 0) {
      seen.add(
          "With TASKRUN_FLAG a thread that polls memory saw "
              + flagSeen
              + " of "
              + flagTries
              + " completions.");
      seen.add(
          "Without it "
              + hidden
              + " of "
              + hiddenTries
              + " stayed hidden until the ring was entered.");
    }
  }

  private static boolean isHidden(Set<SetupFlag> flags) {
    return !flags.isEmpty() && !flags.contains(SetupFlag.TASKRUN_FLAG);
  }

  private static String disturbances(List<TaskWork.Seen> results) {
    int disturbed = results.stream().mapToInt(TaskWork.Seen::disturbed).sum();
    return disturbed == 0
        ? ""
        : " Not counted: "
            + disturbed
            + " tries in which the scheduler kept the polling thread from running.";
  }

  /** Adds what Platter's loop made of it. */
  void loopPolls(Map<Set<SetupFlag>, LoopPolls.Polled> results) {
    FindingTable table =
        new FindingTable("What Platter's loop takes of signals that arrive while it busy-polls")
            .words("ring flags")
            .figures("signals", "")
            .figures("taken", "")
            .figures("poll hits", "")
            .figures("poll misses", "")
            .figures("p50", "us")
            .figures("max", "us")
            .note(
                "From the signal until the loop has taken it. Without TASKRUN_FLAG the loop enters"
                    + " the ring at the end of each poll, because memory does not tell: nothing is"
                    + " lost, but late.");
    long signals = 0;
    long taken = 0;
    for (Map.Entry<Set<SetupFlag>, LoopPolls.Polled> entry : results.entrySet()) {
      LoopPolls.Polled result = entry.getValue();
      table.row(
          name(entry.getKey()),
          result.signals(),
          result.taken(),
          result.pollHits(),
          result.pollMisses(),
          Units.rounded(result.medianNanos() / 1e3, 1),
          Units.rounded(result.maxNanos() / 1e3, 1));
      signals += result.signals();
      taken += result.taken();
    }
    missed += signals - taken;
    finding.add(table);
    seen.add("Platter's loop took " + taken + " of " + signals + " signals.");
  }

  /** Adds what the ladder has measured. */
  void ladder(FlagLadder measured) {
    ladder.add(measured);
  }

  // ---- the answer ----------------------------------------------------------------------------

  /** The finding with its verdict. */
  Finding finish() {
    List<String> sentences = new ArrayList<>(ladder.sentences());
    sentences.addAll(seen);
    finding.seen(String.join(" ", sentences));
    TreeSet<SetupFlag> lacking = new TreeSet<>(refused.keySet());
    lacking.retainAll(PAY_OFF);
    if (missed > 0) {
      finding
          .verdict(Verdict.AFFECTED, "polling missed " + missed + " completions")
          .remedy(
              "Do not poll: --poll-max 0. Please report it with the kernel's version, because it"
                  + " should not happen on any.");
    } else if (!lacking.isEmpty()) {
      finding
          .verdict(
              Verdict.AFFECTED,
              "this kernel refuses flags that others have measured a gain from: "
                  + String.join(", ", lacking.stream().map(Enum::name).toList()))
          .remedy(
              "Run Linux "
                  + lacking.last().sinceKernel()
                  + " or newer. Platter asks for each flag by itself, and does without those that"
                  + " the kernel refuses.");
    } else if (ladder.rounds() == 0) {
      finding.verdict(Verdict.INCONCLUSIVE, "no round of the ladder was complete");
    } else {
      finding.verdict(
          Verdict.NOT_AFFECTED,
          (refused.isEmpty()
                  ? "the kernel takes all of the flags"
                  : "the kernel takes the flags that pay off")
              + ", which Platter asks for by itself"
              + (polled ? ", and polling missed no completion" : "")
              + ladder.untold());
      remedyForLosses();
    }
    return finding;
  }

  private void remedyForLosses() {
    if (ladder.showsLoss()) {
      finding.remedy(
          "Some flags cost here: compare with platter bench --ring-flags on the workload that"
              + " matters before drawing conclusions.");
    }
  }
}
