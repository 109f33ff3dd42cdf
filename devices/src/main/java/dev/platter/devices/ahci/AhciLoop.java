package dev.platter.devices.ahci;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.AioTimer;
import dev.platter.aio.sys.ErrnoException;
import dev.platter.devices.memory.BufferPool;

/** The services that a controller needs of its loop. */
public interface AhciLoop {
  /** Work that a later turn of the loop does; until then other threads may take the big lock. */
  interface Work {
    /** Schedules the work once; a call has no effect while the work is already scheduled. */
    void schedule();
  }

  /** A one-shot timer. */
  interface Timer {
    /** Arms the timer for {@code nanos} from now, unless it is armed already. */
    void arm(long nanos);

    /** Cancels the timer. Without the big lock, only a timer that is not armed may be cancelled. */
    void cancel();
  }

  /** Makes work that runs {@code body} with the big lock held. */
  Work newWork(Runnable body);

  /** Makes a timer that runs {@code body} with the big lock held. */
  Timer newTimer(Runnable body);

  /**
   * Makes buffers for the loop's use.
   *
   * @param chunks how many chunks of {@link BufferPool#CHUNK_BYTES}
   * @throws ErrnoException if the kernel refuses the address space
   */
  BufferPool newPool(int chunks) throws ErrnoException;

  /** How long the calling thread has held the big lock, in nanoseconds. */
  long heldNanos();

  /** The services of a context. */
  static AhciLoop of(AioContext context) {
    return new AhciLoop() {
      @Override
      public Work newWork(Runnable body) {
        return context.newBottomHalf(body)::schedule;
      }

      @Override
      public Timer newTimer(Runnable body) {
        AioTimer timer = context.newTimer(body);
        return new Timer() {
          @Override
          public void arm(long nanos) {
            if (!timer.isArmed()) {
              timer.arm(nanos);
            }
          }

          @Override
          public void cancel() {
            if (timer.isArmed()) {
              timer.cancel();
            }
          }
        };
      }

      @Override
      public long heldNanos() {
        return context.lockHeldNanos();
      }

      @Override
      public BufferPool newPool(int chunks) throws ErrnoException {
        return new BufferPool(context, chunks);
      }
    };
  }
}
