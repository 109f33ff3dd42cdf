package dev.platter.devices.testkit;

import dev.platter.aio.sys.ErrnoException;
import dev.platter.devices.ahci.AhciLoop;
import dev.platter.devices.memory.BufferPool;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * A loop for a device without one: work that is put off is done at once, in turns that follow each
 * other, or when the test takes a turn.
 */
public final class ManualLoop implements AhciLoop {
  private final ArrayDeque<Once> due = new ArrayDeque<>();
  private final List<Alarm> alarms = new ArrayList<>();
  private boolean holding;
  private boolean turning;
  private long heldNanos;

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

  private static final class Alarm implements Timer {
    private final Runnable body;
    private long leftNanos;
    private boolean armed;

    Alarm(Runnable body) {
      this.body = body;
    }

    @Override
    public void arm(long nanos) {
      if (!armed) {
        armed = true;
        leftNanos = nanos;
      }
    }

    @Override
    public void cancel() {
      armed = false;
    }

    void pass(long nanos) {
      leftNanos -= nanos;
      if (armed && leftNanos <= 0) {
        armed = false;
        body.run();
      }
    }
  }

  @Override
  public long heldNanos() {
    return heldNanos;
  }

  /** Has the big lock held for so long, whenever somebody asks. */
  public void heldFor(long nanos) {
    heldNanos = nanos;
  }

  @Override
  public Work newWork(Runnable body) {
    return new Once(body);
  }

  @Override
  public Timer newTimer(Runnable body) {
    Alarm alarm = new Alarm(body);
    alarms.add(alarm);
    return alarm;
  }

  /** Has time pass for the timers. */
  public void pass(long nanos) {
    alarms.forEach(alarm -> alarm.pass(nanos));
  }

  @Override
  public BufferPool newPool(int chunks) throws ErrnoException {
    return new BufferPool(chunks);
  }

  /** From now on work waits for {@link #turn}. */
  public void hold() {
    holding = true;
  }

  /** From now on work is done at once again, first what is due. */
  public void release() {
    holding = false;
    turnAll();
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
