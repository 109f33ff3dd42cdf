package dev.platter.aio.loop;

import dev.platter.aio.abi.IoUringAbi;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.ring.Sqe;
import dev.platter.aio.sys.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CountDownLatch;

/**
 * A request on an eventfd that stays armed, so that a wake-up costs no system call beyond the
 * loop's own enter. On our own it is a read, whose completion both reports and resets the counter.
 * One from another process may be non-blocking, and a read would fail instead of waiting: there it
 * is a multishot poll, which reports every write, and nobody needs the counter.
 */
public final class EventWatch extends LoopWatch {
  private final EventNotifier notifier;
  private final EventHandler handler;
  // Freed by the collector, and so not before the last CQE: the context refers to us till then.
  private final MemorySegment counter = Arena.ofAuto().allocate(Long.BYTES, Long.BYTES);
  private final CountDownLatch ended = new CountDownLatch(1);
  private boolean missed;

  EventWatch(AioContext context, EventNotifier notifier, EventHandler handler) {
    super(context);
    this.notifier = notifier;
    this.handler = handler;
  }

  EventHandler handler() {
    return handler;
  }

  @Override
  protected void prepare(Sqe sqe) {
    if (notifier.isForeign()) {
      sqe.prepPollAdd(notifier.fd(), LinuxAbi.POLLIN, true);
    } else {
      sqe.prepRead(notifier.fd(), counter.address(), Long.BYTES, Sqe.CURRENT_POSITION);
    }
  }

  @Override
  protected void complete(int result, int cqeFlags) {
    // A CQE that was already in the ring when the watch was closed ends here.
    boolean armed = (cqeFlags & IoUringAbi.CQE_F_MORE) != 0;
    if (isClosed()) {
      if (!armed) {
        ended.countDown();
      }
      return;
    }
    if (!context.isWatching()) {
      missed |= result > 0; // it came before it could be taken back
      return;
    }
    if (result < 0 && result != -Errno.EINTR) {
      throw new IllegalStateException("watching an eventfd failed with " + Errno.name(result));
    }
    if (!armed) {
      context.addSqe(this);
    }
    handler.ready();
  }

  @Override
  void arm() {
    super.arm();
    if (missed && !isClosed()) {
      missed = false;
      handler.ready();
    }
  }

  @Override
  public void close() {
    super.close();
    if (!inFlight()) {
      ended.countDown();
    }
  }

  /**
   * Waits, after {@link #close}, until the kernel has let go of the descriptor: closing it before
   * could let the armed read take bytes from whatever file gets its number next. Any thread.
   */
  public void awaitEnd() {
    context.waitFor(ended);
  }
}
