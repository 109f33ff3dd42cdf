package dev.platter.emulator.measure.workload;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/**
 * Whether a run that was told to end has waited long enough for what is in flight: a disk that does
 * not answer must not keep its figures back. For one thread.
 */
public final class CancelGrace implements BooleanSupplier {
  private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long LOOK_MILLIS = 200;

  private final BooleanSupplier cancelled;
  private final long longestNanos;
  private boolean told;
  private long toldNanos;

  /**
   * Begins.
   *
   * @param cancelled whether the run was told to end
   */
  public CancelGrace(BooleanSupplier cancelled) {
    this(cancelled, LONGEST_NANOS);
  }

  /**
   * With a length of its own.
   *
   * @param longestNanos how long to wait from when this first sees that the run was told to end
   */
  public CancelGrace(BooleanSupplier cancelled, long longestNanos) {
    this.cancelled = cancelled;
    this.longestNanos = longestNanos;
  }

  /** Whether it is over. */
  @Override
  public boolean getAsBoolean() {
    if (!told && cancelled.getAsBoolean()) {
      told = true;
      toldNanos = System.nanoTime();
    }
    return told && System.nanoTime() - toldNanos >= longestNanos;
  }

  /**
   * Waits for something that is done on another thread.
   *
   * @param givenUp whether to wait no more; asked from time to time
   * @return whether it is complete
   * @throws RuntimeException that it has failed of
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
