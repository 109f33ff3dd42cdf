package dev.platter.aio.loop;

import dev.platter.aio.ring.Sqe;

/**
 * A one-shot poll that is armed again after each event. Arming looks at the descriptor first, so
 * readiness that a handler left undrained is reported again; a multishot poll would lose it.
 */
public final class FdWatch extends RingOp implements AioContext.Watch {
  private final AioContext context;
  private final int fd;
  private final int events;
  private final FdHandler handler;
  private boolean closed;
  private boolean disarmed;

  FdWatch(AioContext context, int fd, int events, FdHandler handler) {
    this.context = context;
    this.fd = fd;
    this.events = events;
    this.handler = handler;
  }

  @Override
  protected void prepare(Sqe sqe) {
    sqe.prepPollAdd(fd, events, false);
  }

  @Override
  protected void complete(int result, int cqeFlags) {
    if (closed || disarmed) {
      return;
    }
    handler.ready(result);
    if (!closed && result >= 0) {
      context.addSqe(this);
    }
  }

  @Override
  public void disarm() {
    if (inFlight()) {
      disarmed = true;
      context.cancel(this);
    }
  }

  @Override
  public void rearm() {
    if (disarmed) {
      disarmed = false;
      if (!closed && !inFlight()) {
        context.addSqe(this);
      }
    }
  }

  /** Stops watching, on the loop's thread or under its lock. Idempotent. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      context.forget(this);
      context.cancel(this);
    }
  }
}
