package dev.platter.emulator.lab.lostwakeup;

import dev.platter.emulator.lab.Verdict;
import dev.platter.emulator.text.Units;

/**
 * The conclusions from the runs. The verdict counts requests, because a count does not depend on
 * the disk's speed or on other activity; times show the cost. Each limit has one side: a faster
 * case than expected contradicts nothing.
 *
 * @param deafRequests requests of the runs without the notification
 * @param deafStalls how many of these waited for a sleeping loop that was not notified
 * @param soundStalls the same of the ordinary runs, with the notification
 * @param off time without the notification to time with it
 * @param busy time without the notification, with other activity, to time with it
 */
record LostWakeups(long deafRequests, long deafStalls, long soundStalls, double off, double busy) {
  // A batch just before the loop's timer hardly waits.
  private static final double MOST = 0.5;
  private static final double BROUGHT_BACK = 0.8;

  /** The part of the fault's cost that other activity saves; 1 if there is no cost. */
  private double broughtBack() {
    return off > 1 ? (off - busy) / (off - 1) : 1;
  }

  private boolean waited() {
    return deafRequests > 0 && deafStalls >= MOST * deafRequests;
  }

  private boolean reproduced() {
    return waited() && off > 1;
  }

  /** The answer. */
  Verdict verdict() {
    if (soundStalls > 0) {
      return Verdict.AFFECTED;
    }
    return reproduced() && broughtBack() >= BROUGHT_BACK
        ? Verdict.NOT_AFFECTED
        : Verdict.INCONCLUSIVE;
  }

  /** The reason for the answer. */
  String reason() {
    return switch (verdict()) {
      case AFFECTED ->
          Units.count(soundStalls)
              + (soundStalls == 1 ? " request" : " requests")
              + " of the ordinary SATA disk waited for a sleeping loop that nobody told: Platter"
              + " has the fault itself.";
      case NOT_AFFECTED ->
          "The fault is there when it is asked for, and costs "
              + Units.ratio(off)
              + " times the time; Platter's addSqe, which always notifies, does not have it. The"
              + " host has no part in it.";
      default -> {
        if (reproduced()) {
          yield "Activity brought back only "
              + Math.round(100 * broughtBack())
              + " % of the time that the missing notification costs.";
        }
        if (waited()) {
          yield Units.count(deafStalls)
              + " of "
              + Units.count(deafRequests)
              + " requests waited for a sleeping loop, but the runs took no longer for that: "
              + Units.ratio(off)
              + " times the time.";
        }
        yield "Only "
            + Units.count(deafStalls)
            + " of "
            + Units.count(deafRequests)
            + " requests waited for a sleeping loop: something else kept it awake.";
      }
    };
  }
}
