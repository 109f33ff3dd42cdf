package dev.platter.aio.loop;

import dev.platter.aio.ring.Sqe;

/**
 * A one-shot poll that is armed again after each event. Each arming looks at the descriptor first,
 * so data that a handler left unread is reported again; a multishot poll would not report it.
 */
public final class FdWatch extends LoopWatch {
  private final int fd;
  private final int events;
  private final FdHandler handler;

  FdWatch(AioContext context, int fd, int events, FdHandler handler) {
    super(context);
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
    if (isClosed() || !context.isWatching()) {
      return;
    }
    handler.ready(result);
    if (result >= 0) {
      arm();
    }
  }
}
