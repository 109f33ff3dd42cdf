package dev.platter.emulator.cli.shared;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * SIGINT, SIGTERM and SIGHUP during a run: the workload is told to stop, waits a while for what is
 * in flight, and the partial result, or the failure, is printed and written. Then the process exits
 * with 128 plus the signal's number. The second signal ends it at once. There is one interruption
 * at a time; it ends when the command line has told all its results.
 *
 * <p>The JVM goes down only after that: its shutdown hooks run side by side, and the flight
 * recorder's would take from the run what it still has to write.
 */
public final class Interruption implements BooleanSupplier {
  private static final long GRACE_SECONDS = 30;
  private static final int SIGNALLED = 128;
  private static final Map<String, Integer> NUMBERS = Map.of("HUP", 1, "INT", 2, "TERM", 15);
  private static final AtomicReference<@Nullable Interruption> CURRENT = new AtomicReference<>();

  private final CountDownLatch finished = new CountDownLatch(1);
  private final Thread hook = new Thread(this::exits, "platter-exits");
  private final Map<String, Object> before = new HashMap<>();
  private volatile boolean interrupted;
  private int exitCode;

  private Interruption() {}

  /** Begins to listen for signals. What the run needs at its end is there from now on. */
  public static Interruption begin() {
    RunningFiles.hold();
    RunningFiles.loadOwnClasses();
    Interruption interruption = new Interruption();
    CURRENT.set(interruption);
    Runtime.getRuntime().addShutdownHook(interruption.hook);
    try {
      for (String name : List.copyOf(NUMBERS.keySet())) {
        interruption.before.put(name, Signals.handle(name, _ -> interruption.signalled(name)));
      }
    } catch (IllegalStateException e) {
      return interruption; // -Xrs: they keep their default, and kill
    }
    return interruption;
  }

  /**
   * Lets the process end, now or later; does nothing if no run has begun.
   *
   * @param exitCode what it exits with, unless a signal has come
   * @return what it exits with
   */
  public static int end(int exitCode) {
    Interruption interruption = CURRENT.getAndSet(null);
    if (interruption == null) {
      return exitCode;
    }
    interruption.finished.countDown();
    interruption.before.forEach(Signals::restore);
    try {
      Runtime.getRuntime().removeShutdownHook(interruption.hook);
    } catch (IllegalStateException e) {
      interruption.interrupted = true; // something else ends the process, and the hook runs
    }
    return interruption.exitCode(exitCode);
  }

  private synchronized int exitCode(int otherwise) {
    return exitCode == 0 ? otherwise : exitCode;
  }

  private void signalled(String name) {
    boolean first;
    synchronized (this) {
      first = exitCode == 0;
      exitCode = SIGNALLED + NUMBERS.getOrDefault(name, 0);
    }
    interrupted = true;
    if (first) {
      // A disk that has gone silent must not make the process unkillable.
      awaitFinished();
    }
    if (finished.getCount() > 0) {
      finished.countDown();
      FailureHandler.haltLater(exitCode(0)); // hooks may wait for the same disk
      System.exit(exitCode(0));
    }
  }

  /** A thread has died, for example: what the run has made is removed first. */
  private void exits() {
    interrupted = true;
    awaitFinished();
  }

  private void awaitFinished() {
    try {
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
