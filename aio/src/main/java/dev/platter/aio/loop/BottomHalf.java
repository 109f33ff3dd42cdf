package dev.platter.aio.loop;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Work that any thread may schedule onto a loop. Scheduling it again before it has run does
 * nothing; it runs once per schedule, after which it may schedule itself again. On a loop that has
 * been closed it never runs.
 */
public final class BottomHalf {
  private final Consumer<BottomHalf> loop;
  private final Runnable body;
  final AtomicBoolean scheduled = new AtomicBoolean();
  @Nullable BottomHalf next;

  /**
   * Creates one.
   *
   * @param loop puts it into its loop's queue
   */
  BottomHalf(Consumer<BottomHalf> loop, Runnable body) {
    this.loop = loop;
    this.body = body;
  }

  /** Schedules it. Allocates nothing. */
  public void schedule() {
    if (scheduled.compareAndSet(false, true)) {
      loop.accept(this);
    }
  }

  void run() {
    body.run();
  }

  /** Tells a waiting thread that the bottom half will not run, because its loop died. */
  void abandon(Throwable cause) {
    if (body instanceof Invocation invocation) {
      invocation.abandon(cause);
    }
  }
}
