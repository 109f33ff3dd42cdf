package dev.platter.aio.loop;

import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Work that any thread may schedule onto a loop. Scheduling it again before it has run does
 * nothing; it runs once per schedule, after which it may schedule itself again.
 */
public final class BottomHalf {
  private final AioContext context;
  private final Runnable body;
  final AtomicBoolean scheduled = new AtomicBoolean();
  @Nullable BottomHalf next;

  BottomHalf(AioContext context, Runnable body) {
    this.context = context;
    this.body = body;
  }

  /** Schedules it. Allocates nothing. */
  public void schedule() {
    if (scheduled.compareAndSet(false, true)) {
      context.push(this);
    }
  }

  void run() {
    body.run();
  }
}
