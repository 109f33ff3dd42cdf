package dev.platter.emulator.lab.punting;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Undoes something on the host exactly once: when it is closed, or, if the JVM is told to go
 * (SIGINT, SIGTERM) and whoever should close it does not do so within seconds, then. SIGKILL leaves
 * it undone.
 */
final class ExitGuard implements AutoCloseable {
  // Less than the command line's own grace, so that this still runs.
  private static final long GRACE_SECONDS = 7;

  private final Runnable undo;
  private final AtomicBoolean undone = new AtomicBoolean();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread hook = new Thread(this::jvmEnds, "platter-undo");

  ExitGuard(Runnable undo) {
    this.undo = undo;
    try {
      Runtime.getRuntime().addShutdownHook(hook);
    } catch (IllegalStateException e) {
      return; // the JVM is going down already: only its owner can undo it
    }
  }

  private void jvmEnds() {
    try {
      if (closed.await(GRACE_SECONDS, TimeUnit.SECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    undoOnce();
  }

  private void undoOnce() {
    if (undone.compareAndSet(false, true)) {
      undo.run();
    }
  }

  /** Undoes it, unless that is done. */
  @Override
  public void close() {
    try {
      undoOnce();
    } finally {
      closed.countDown();
      forgetHook();
    }
  }

  private void forgetHook() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      return; // the JVM is going down: the hook runs and finds nothing to do
    }
  }
}
