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
 * loop's own enter. For an eventfd of this process the request is a read, whose completion both
 * reports and resets the counter. An eventfd of another process may be non-blocking, where a read
 * would fail instead of waiting; there the request is a multishot poll, which reports every write,
 * and the counter is not used.
 */
public final class EventWatch extends LoopWatch {
  private final EventNotifier notifier;
  private final EventHandler handler;
  // The collector frees this memory, and the context refers to this watch until the last CQE.
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
    // Drops a CQE that was already in the ring when the watch was closed.
    boolean armed = (cqeFlags & IoUringAbi.CQE_F_MORE) != 0;
    if (isClosed()) {
      if (!armed) {
        ended.countDown();
      }
      return;
    }
    if (!context.isWatching()) {
      missed |= result > 0; // the signal came before the cancellation
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
   * Waits, after {@link #close}, until the kernel has let go of the descriptor. If the descriptor
   * were closed earlier, the armed read could take bytes from another file that gets its number.
   * Any thread.
   */
  public void awaitEnd() {
    context.waitFor(ended);
  }
}
