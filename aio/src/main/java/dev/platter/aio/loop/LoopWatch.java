package dev.platter.aio.loop;

/** A request that stays armed, while its loop watches, until it is closed. */
abstract sealed class LoopWatch extends RingOp permits EventWatch, FdWatch {
  final AioContext context;
  private boolean closed;

  LoopWatch(AioContext context) {
    this.context = context;
  }

  final boolean isClosed() {
    return closed;
  }

  /**
   * Adds the request. An event since {@link LoopWatches#takeBack} is reported now or by the
   * request's completion.
   */
  void arm() {
    if (!closed) {
      context.addSqe(this);
    }
  }

  /** Stops watching, on the loop's thread or under its lock. Idempotent. */
  public void close() {
    if (!closed) {
      closed = true;
      context.forget(this);
      context.cancel(this);
    }
  }
}
