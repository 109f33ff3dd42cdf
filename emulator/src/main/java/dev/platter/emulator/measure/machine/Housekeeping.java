package dev.platter.emulator.measure.machine;

import dev.platter.aio.loop.AioTimer;
import dev.platter.aio.loop.MainLoop;
import java.util.ArrayList;
import java.util.List;

/**
 * The main loop's own timer: about twice a second it looks after things that nothing announces.
 * Used from any thread that does not hold the big lock.
 */
public final class Housekeeping implements AutoCloseable {
  /** Time between two rounds. */
  public static final long PERIOD_NANOS = 499_000_000L;

  private final MainLoop mainLoop;
  private final List<Runnable> tasks = new ArrayList<>();
  private final AioTimer timer;
  private long deadlineNanos;
  private boolean closed;

  /** Starts the timer. */
  public Housekeeping(MainLoop mainLoop) {
    this.mainLoop = mainLoop;
    timer = mainLoop.context().newTimer(this::round);
    mainLoop
        .context()
        .invoke(() -> {
          deadlineNanos = System.nanoTime();
          armNext();
        });
  }

  private void round() {
    for (Runnable task : tasks) {
      task.run();
    }
    armNext();
  }

  private void armNext() {
    // Rounds that fell into a time when the loop was suspended are not made up for.
    deadlineNanos = Math.max(deadlineNanos, System.nanoTime() - PERIOD_NANOS) + PERIOD_NANOS;
    timer.armAt(deadlineNanos);
  }

  /** Runs {@code task} in every round, on the main loop. */
  public void add(Runnable task) {
    mainLoop.context().invoke(() -> tasks.add(task));
  }

  /** No task runs any more. Idempotent. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      mainLoop
          .context()
          .invoke(() -> {
            tasks.clear();
            timer.cancel();
          });
    }
  }
}
