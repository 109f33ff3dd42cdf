package dev.platter.aio.loop;

/** What a loop has done so far. Written by the loop, readable from anywhere without stopping it. */
public final class LoopStats {
  final Counter turns = new Counter();
  final Counter enters = new Counter();
  final Counter sqesSubmitted = new Counter();
  final Counter blockSqesSubmitted = new Counter();
  final Counter cqesReaped = new Counter();
  final Counter sqFull = new Counter();
  final Counter pollHits = new Counter();
  final Counter pollMisses = new Counter();
  final Counter noIowaitWaits = new Counter();
  private final LoopWakeup wakeup;

  LoopStats(LoopWakeup wakeup) {
    this.wakeup = wakeup;
  }

  /**
   * A consistent-enough copy.
   *
   * @param turns turns of the loop
   * @param enters io_uring_enter calls
   * @param sqesSubmitted SQEs consumed by the kernel
   * @param blockSqes of those queued, how many were block I/O
   * @param cqesReaped CQEs taken
   * @param sqFull how often a request had to wait for room in the SQ
   * @param pollHits busy polls that found work
   * @param pollMisses busy polls that found none and slept
   * @param noIowaitWaits waits that were told not to count as I/O
   * @param notifiesSent wake-ups that wrote the eventfd
   * @param notifiesElided wake-ups of a loop that was awake: no system call
   */
  public record Snapshot(
      long turns,
      long enters,
      long sqesSubmitted,
      long blockSqes,
      long cqesReaped,
      long sqFull,
      long pollHits,
      long pollMisses,
      long noIowaitWaits,
      long notifiesSent,
      long notifiesElided) {
    /** What happened between {@code earlier} and this. */
    public Snapshot since(Snapshot earlier) {
      return new Snapshot(
          turns - earlier.turns,
          enters - earlier.enters,
          sqesSubmitted - earlier.sqesSubmitted,
          blockSqes - earlier.blockSqes,
          cqesReaped - earlier.cqesReaped,
          sqFull - earlier.sqFull,
          pollHits - earlier.pollHits,
          pollMisses - earlier.pollMisses,
          noIowaitWaits - earlier.noIowaitWaits,
          notifiesSent - earlier.notifiesSent,
          notifiesElided - earlier.notifiesElided);
    }

    /** The sum of two loops' counts. */
    public Snapshot plus(Snapshot other) {
      return new Snapshot(
          turns + other.turns,
          enters + other.enters,
          sqesSubmitted + other.sqesSubmitted,
          blockSqes + other.blockSqes,
          cqesReaped + other.cqesReaped,
          sqFull + other.sqFull,
          pollHits + other.pollHits,
          pollMisses + other.pollMisses,
          noIowaitWaits + other.noIowaitWaits,
          notifiesSent + other.notifiesSent,
          notifiesElided + other.notifiesElided);
    }
  }

  /** The counts now. */
  public Snapshot snapshot() {
    return new Snapshot(
        turns.get(),
        enters.get(),
        sqesSubmitted.get(),
        blockSqesSubmitted.get(),
        cqesReaped.get(),
        sqFull.get(),
        pollHits.get(),
        pollMisses.get(),
        noIowaitWaits.get(),
        wakeup.sent().get(),
        wakeup.elided().get());
  }
}
