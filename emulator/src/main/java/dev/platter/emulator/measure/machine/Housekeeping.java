package dev.platter.emulator.measure.machine;

import dev.platter.aio.loop.AioTimer;
import dev.platter.aio.loop.MainLoop;
import java.util.ArrayList;
import java.util.List;

/**
 * The main loop's own timer, which runs tasks about twice a second to find changes that no event
 * announces. Used from any thread that does not hold the big lock.
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
    // Rounds that were missed while the loop was suspended are skipped.
    deadlineNanos = Math.max(deadlineNanos, System.nanoTime() - PERIOD_NANOS) + PERIOD_NANOS;
    timer.armAt(deadlineNanos);
  }

  /** Runs {@code task} in every round, on the main loop. */
  public void add(Runnable task) {
    mainLoop.context().invoke(() -> tasks.add(task));
  }

  /** Stops the timer. Idempotent. */
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
