package dev.platter.devices.ahci;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.AioTimer;
import dev.platter.aio.sys.ErrnoException;
import dev.platter.devices.memory.BufferPool;

/** What a controller needs of the loop that it runs on. */
public interface AhciLoop {
  /** Work that is put off to a later turn of the loop; until then others may have the big lock. */
  interface Work {
    /** Has it done once more; if it waits to be done already, that is the once. */
    void schedule();
  }

  /** Something that is done once, later. */
  interface Timer {
    /** Has it done in {@code nanos} from now, unless it is armed already. */
    void arm(long nanos);

    /** Has it not done. One that is not armed may be cancelled without the lock. */
    void cancel();
  }

  /** Makes work of the loop, which does {@code body} with the big lock held. */
  Work newWork(Runnable body);

  /** Makes a timer of the loop, which does {@code body} with the big lock held. */
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

  /** A real loop. */
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
