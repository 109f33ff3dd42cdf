package dev.platter.devices.testkit;

import dev.platter.aio.sys.ErrnoException;
import dev.platter.devices.ahci.AhciLoop;
import dev.platter.devices.block.BufferPool;
import java.util.ArrayDeque;

/**
 * A loop for a device without one: work that is put off is done at once, in turns that follow each
 * other, or when the test takes a turn.
 */
public final class ManualLoop implements AhciLoop {
  private final ArrayDeque<Once> due = new ArrayDeque<>();
  private boolean holding;
  private boolean turning;

  private final class Once implements Work {
    private final Runnable body;
    private boolean scheduled;

    Once(Runnable body) {
      this.body = body;
    }

    @Override
    public void schedule() {
      if (!scheduled) {
        scheduled = true;
        due.add(this);
        if (!holding) {
          turnAll();
        }
      }
    }
  }

  @Override
  public Work newWork(Runnable body) {
    return new Once(body);
  }

  @Override
  public BufferPool newPool(int chunks) throws ErrnoException {
    return new BufferPool(chunks);
  }

  /** From now on work waits for {@link #turn}. */
  public void hold() {
    holding = true;
  }

  /** Whether work is due. */
  public boolean isDue() {
    return !due.isEmpty();
  }

  /** Does the work that is due; what that schedules is due in the next turn. */
  public void turn() {
    for (int n = due.size(); n > 0; n--) {
      Once next = due.remove();
      next.scheduled = false;
      next.body.run();
    }
  }

  /** Takes turns until no work is due. */
  public void turnAll() {
    if (turning) {
      return; // scheduled in a turn: the loop below goes on
    }
    turning = true;
    try {
      while (isDue()) {
        turn();
      }
    } finally {
      turning = false;
    }
  }
}
