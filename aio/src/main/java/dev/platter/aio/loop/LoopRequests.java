package dev.platter.aio.loop;

import dev.platter.aio.abi.IoUringAbi;
import dev.platter.aio.ring.CompletionQueue;
import dev.platter.aio.ring.Sqe;
import dev.platter.aio.ring.SubmissionQueue;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.trace.Timeline;
import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The requests of one ring: those that wait for room in its SQ, in order, and those in flight. For
 * the loop's thread, or holders of its lock; only the loop takes completions.
 */
final class LoopRequests {
  private SubmissionQueue sq;
  private CompletionQueue cq;
  private final LoopStats stats;
  private final OpTable ops;
  private final ArrayDeque<RingOp> waiting = new ArrayDeque<>();
  private int blockInFlight;
  private boolean open = true;
  // Requests with a timeline: in the SQ and not submitted yet, and how many are not completed.
  private final RingOp[] unsubmitted;
  private int unsubmittedCount;
  private int timelines;

  LoopRequests(LoopRing ring, LoopStats stats) {
    this.sq = ring.sq();
    this.cq = ring.cq();
    this.stats = stats;
    this.ops = new OpTable(2 * sq.entries());
    this.unsubmitted = new RingOp[sq.entries()];
  }

  /** Puts a request into the SQ, or behind those that wait for room in it. */
  void add(RingOp op) {
    if (op.inFlight()) {
      throw new IllegalStateException("request is in flight: " + op);
    }
    if (open && waiting.isEmpty() && sq.hasRoom()) {
      fill(op);
    } else {
      op.slot = RingOp.WAITING;
      waiting.addLast(op);
      if (open) {
        stats.sqFull.increment();
      }
      Timeline timeline = op.timeline();
      if (timeline != null) {
        timeline.waitsForRoom();
      }
    }
    if (op.isBlockIo()) {
      blockInFlight++;
      stats.blockSqesSubmitted.increment();
    }
  }

  private void fill(RingOp op) {
    Sqe sqe = sq.next();
    boolean prepared = false;
    try {
      op.prepare(sqe);
      prepared = true;
    } finally {
      if (!prepared) {
        // A half filled SQE must never be published.
        sq.takeBack();
      }
    }
    sqe.userData(ops.insert(op));
    if (op.timeline() != null) {
      timelines++;
      if (unsubmittedCount < unsubmitted.length) {
        unsubmitted[unsubmittedCount++] = op;
      }
    }
  }

  /** Whether any request in flight has a timeline. */
  boolean anyTimelines() {
    return timelines > 0;
  }

  /** Loop: what is in the SQ is about to be submitted. */
  void stampEntered(Timeline.Wake lastWake) {
    if (unsubmittedCount == 0) {
      return;
    }
    long now = System.nanoTime();
    for (int i = 0; i < unsubmittedCount; i++) {
      Timeline timeline = unsubmitted[i].timeline();
      if (timeline != null) {
        timeline.entered(now, lastWake);
      }
    }
    unsubmittedCount = 0;
  }

  /** Moves waiting requests into the SQ, as many as there is room for. */
  void fillWaiting() {
    while (!waiting.isEmpty() && sq.hasRoom()) {
      RingOp op = waiting.removeFirst();
      op.slot = RingOp.IDLE;
      boolean filled = false;
      try {
        fill(op);
        filled = true;
      } finally {
        if (!filled && op.isBlockIo()) {
          blockInFlight--;
        }
      }
    }
  }

  /** Whether any request waits for room in the SQ. */
  boolean anyWaiting() {
    return !waiting.isEmpty();
  }

  /**
   * The ring is closed, and nothing is in flight: requests that are added from here on wait for
   * another ring.
   */
  void ringClosed() {
    open = false;
  }

  /** There is another ring, of the same size. */
  void ringOpened(LoopRing ring) {
    sq = ring.sq();
    cq = ring.cq();
    open = true;
  }

  /** There will be no other ring: cancels the requests that wait for one. */
  void cancelWaiting() {
    for (RingOp op : List.copyOf(waiting)) {
      cancel(op);
    }
  }

  /** Whether nothing waits and nothing is in flight. */
  boolean isEmpty() {
    return waiting.isEmpty() && ops.inFlight() == 0;
  }

  /** Whether {@code op} is all that waits or is in flight. */
  boolean isOnly(RingOp op) {
    return op.inFlight() && waiting.size() + ops.inFlight() == 1;
  }

  /** How many block requests are in flight or waiting for room. */
  int blockInFlight() {
    return blockInFlight;
  }

  /**
   * Loop: takes what the CQ holds; returns whether that was anything.
   *
   * @param look when and how the loop came to look, for requests with a timeline
   */
  boolean takeCompletions(ReapTracing look) {
    boolean any = false;
    // The number is bounded, so that a ring that completes as fast as it is reaped cannot starve
    // other work.
    for (int i = 0; i < 2 * sq.entries() && cq.next(); i++) {
      long userData = cq.userData();
      int result = cq.result();
      int flags = cq.cqeFlags();
      cq.release();
      stats.cqesReaped.increment();
      any = true;
      RingOp op = ops.find(userData);
      if (op == null) {
        continue; // not one of ours: a message from another ring
      }
      if ((flags & IoUringAbi.CQE_F_MORE) == 0) {
        ops.remove(op);
        if (op.isBlockIo()) {
          blockInFlight--;
        }
        Timeline timeline = op.timeline();
        if (timeline != null) {
          timelines--;
          look.stamp(timeline);
        }
      }
      op.complete(result, flags);
    }
    return any;
  }

  /**
   * Takes back a request that waits for room; for a request in flight, makes a request that cancels
   * it.
   *
   * @return the request to add, or null if there is nothing to do
   */
  @Nullable RingOp cancel(RingOp op) {
    if (op.slot == RingOp.WAITING) {
      waiting.remove(op);
      op.slot = RingOp.IDLE;
      if (op.isBlockIo()) {
        blockInFlight--;
      }
      op.complete(-Errno.ECANCELED, 0);
      return null;
    }
    return op.inFlight() ? new CancelOp(ops.userDataOf(op)) : null;
  }

  /** Cancels one request by user_data. Not on any hot path. */
  private static final class CancelOp extends RingOp {
    private final long target;

    CancelOp(long target) {
      this.target = target;
    }

    @Override
    protected void prepare(Sqe sqe) {
      sqe.prepCancel(target);
    }

    @Override
    protected void complete(int result, int cqeFlags) {}
  }
}
