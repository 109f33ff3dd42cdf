package dev.platter.aio.loop;

import dev.platter.aio.ring.Sqe;
import dev.platter.aio.trace.Timeline;
import org.jspecify.annotations.Nullable;

/**
 * One io_uring request, allocated once and reused: it fills an SQE when there is room for one and
 * takes the CQE. It is in flight from {@link AioContext#addSqe} until {@link #complete} (for
 * multishot requests: the last one).
 */
public abstract class RingOp {
  static final int IDLE = -1;
  static final int WAITING = -2;

  private final boolean blockIo;

  // IDLE, WAITING for room in the SQ, or the index in the context's table of requests in flight.
  int slot = IDLE;

  private @Nullable Timeline timeline;

  /** A request that is not block I/O: polls, timeouts, event notifications. */
  protected RingOp() {
    this(false);
  }

  /**
   * Creates a request.
   *
   * @param blockIo whether a thread that waits for it waits for I/O, as iowait and PSI mean it
   */
  protected RingOp(boolean blockIo) {
    this.blockIo = blockIo;
  }

  /** Fills the SQE, by one of its {@code prep} methods. Must not set user_data. */
  protected abstract void prepare(Sqe sqe);

  /**
   * Takes a completion, on the loop's thread. The request may be added again from here.
   *
   * @param result the CQE's result: {@code >= 0} or {@code -errno}
   * @param cqeFlags the CQE's flags
   */
  protected abstract void complete(int result, int cqeFlags);

  /** Whether it has been added and its (last) CQE has not been taken. */
  public final boolean inFlight() {
    return slot != IDLE;
  }

  /** Where loops stamp this request's way, or null. Set while it is not in flight. */
  protected final void setTimeline(@Nullable Timeline timeline) {
    this.timeline = timeline;
  }

  final @Nullable Timeline timeline() {
    return timeline;
  }

  final boolean isBlockIo() {
    return blockIo;
  }
}
