package dev.platter.emulator.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * SIGINT and SIGTERM during a run: the workload is told to stop, drains what is in flight, and the
 * partial result is printed before the JVM goes down (its own exit code is then 128 plus the
 * signal's number). Lives for the length of one run.
 */
final class Interruption implements AutoCloseable, BooleanSupplier {
  private static final long GRACE_SECONDS = 10;

  private final CountDownLatch finished = new CountDownLatch(1);
  private final Thread hook = new Thread(this::interrupt, "platter-interrupted");
  private volatile boolean interrupted;

  Interruption() {
    Runtime.getRuntime().addShutdownHook(hook);
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

  /** The run is over and its result printed. */
  @Override
  public void close() {
    finished.countDown();
    if (!interrupted) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        interrupted = true; // the signal came just now; the hook has nothing to wait for
      }
    }
  }
}
