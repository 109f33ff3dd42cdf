package dev.platter.emulator.measure.workload;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/**
 * The time that a run that was told to end waits for its requests in flight. After it the run gives
 * up, so that a disk that does not answer cannot hold back the run's figures. For one thread.
 */
public final class CancelGrace implements BooleanSupplier {
  private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long LOOK_MILLIS = 200;

  private final BooleanSupplier cancelled;
  private final long longestNanos;
  private boolean told;
  private long toldNanos;

  /**
   * Creates the default time.
   *
   * @param cancelled whether the run was told to end
   */
  public CancelGrace(BooleanSupplier cancelled) {
    this(cancelled, LONGEST_NANOS);
  }

  /**
   * Creates a given time.
   *
   * @param longestNanos how long to wait after this object first sees that the run was told to end
   */
  public CancelGrace(BooleanSupplier cancelled, long longestNanos) {
    this.cancelled = cancelled;
    this.longestNanos = longestNanos;
  }

  /** Whether the time is over. */
  @Override
  public boolean getAsBoolean() {
    if (!told && cancelled.getAsBoolean()) {
      told = true;
      toldNanos = System.nanoTime();
    }
    return told && System.nanoTime() - toldNanos >= longestNanos;
  }

  /**
   * Waits for work on another thread.
   *
   * @param givenUp whether to stop waiting; asked from time to time
   * @return whether the work is complete
   * @throws RuntimeException that the work threw
   */
  public static boolean isComplete(CompletableFuture<?> what, BooleanSupplier givenUp) {
    while (true) {
      try {
        Object _ = what.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
        return true;
      } catch (TimeoutException e) {
        if (givenUp.getAsBoolean()) {
          return false;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      } catch (ExecutionException e) {
        if (e.getCause() instanceof RuntimeException cause) {
          throw cause;
        }
        throw new CompletionException(e.getCause());
      }
    }
  }
}
