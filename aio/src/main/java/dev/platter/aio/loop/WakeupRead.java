package dev.platter.aio.loop;

import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.ring.Sqe;
import dev.platter.aio.sys.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The read on a loop's own eventfd. Its completion does nothing, because a wake-up only asks the
 * loop to be awake; a turn that may sleep arms the read again first.
 */
final class WakeupRead extends RingOp {
  private final EventNotifier notifier;
  // The collector frees this memory, and the context refers to this read until the last CQE.
  private final MemorySegment counter = Arena.ofAuto().allocate(Long.BYTES, Long.BYTES);

  WakeupRead(EventNotifier notifier) {
    this.notifier = notifier;
  }

  @Override
  protected void prepare(Sqe sqe) {
    sqe.prepRead(notifier.fd(), counter.address(), Long.BYTES, Sqe.CURRENT_POSITION);
  }

  @Override
  protected void complete(int result, int cqeFlags) {
    if (result < 0 && result != -Errno.ECANCELED && result != -Errno.EINTR) {
      throw new IllegalStateException(
          "reading the loop's eventfd failed with " + Errno.name(result));
    }
  }
}
