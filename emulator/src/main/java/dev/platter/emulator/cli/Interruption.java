package dev.platter.emulator.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * SIGINT and SIGTERM during a run: the workload is told to stop, drains what is in flight, and the
 * partial result, or the failure, is printed before the JVM goes down (its own exit code is then
 * 128 plus the signal's number). One at a time; it ends when the command line has said all it has
 * to say.
 */
final class Interruption implements BooleanSupplier {
  private static final long GRACE_SECONDS = 10;
  private static final AtomicReference<@Nullable Interruption> CURRENT = new AtomicReference<>();

  private final CountDownLatch finished = new CountDownLatch(1);
  private final Thread hook = new Thread(this::interrupt, "platter-interrupted");
  private volatile boolean interrupted;

  private Interruption() {}

  /** Begins to listen for signals. */
  static Interruption begin() {
    Interruption interruption = new Interruption();
    CURRENT.set(interruption);
    Runtime.getRuntime().addShutdownHook(interruption.hook);
    return interruption;
  }

  /** Lets a waiting signal end the process; does nothing if no run has begun. */
  static void end() {
    Interruption interruption = CURRENT.getAndSet(null);
    if (interruption == null) {
      return;
    }
    interruption.finished.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(interruption.hook);
    } catch (IllegalStateException e) {
      interruption.interrupted = true; // the signal has come, and the hook runs
    }
  }

  private void interrupt() {
    interrupted = true;
    try {
      // A disk that has gone silent must not make the process unkillable.
      boolean _ = finished.await(GRACE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether the run was interrupted. */
  @Override
  public boolean getAsBoolean() {
    return interrupted;
  }
}
