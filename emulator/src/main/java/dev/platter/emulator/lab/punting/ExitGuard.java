package dev.platter.emulator.lab.punting;

import dev.platter.aio.PlatterException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Undoes a change of the host exactly once: when the guard is closed, or, after SIGINT or SIGTERM,
 * by a hook if its owner does not close it within seconds. After SIGKILL the change stays.
 */
final class ExitGuard implements AutoCloseable {
  // Less than the command line's own grace, so that the hook still runs.
  private static final long GRACE_SECONDS = 7;
  private static final long UNDO_SECONDS = 5;

  private final Runnable undo;
  private final AtomicBoolean undone = new AtomicBoolean();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final CountDownLatch wanted = new CountDownLatch(1);
  private final Thread hook = new Thread(this::jvmEnds, "platter-undo-hook");

  /**
   * Undoes the change for the hook, because the hook's thread sees the host's mounts and not those
   * of the owner.
   */
  private final Thread helper =
      Thread.ofPlatform().name("platter-undo").daemon().unstarted(this::whenWanted);

  private final long graceMillis;

  /**
   * Guards a change.
   *
   * @param undo undoes the change; runs on a thread with the caller's mounts
   */
  ExitGuard(Runnable undo) {
    this(undo, TimeUnit.SECONDS.toMillis(GRACE_SECONDS));
  }

  /** For tests: with another grace. */
  ExitGuard(Runnable undo, long graceMillis) {
    this.undo = undo;
    this.graceMillis = graceMillis;
    helper.start();
    try {
      Runtime.getRuntime().addShutdownHook(hook);
    } catch (IllegalStateException e) {
      return; // the JVM goes down already: only the owner can undo it
    }
  }

  /** Runs in the hook. Throws nothing, because an exception in a hook would block the JVM's end. */
  void jvmEnds() {
    try {
      if (closed.await(graceMillis, TimeUnit.MILLISECONDS)) {
        return;
      }
      wanted.countDown();
      helper.join(TimeUnit.SECONDS.toMillis(UNDO_SECONDS));
    } catch (InterruptedException e) {
      wanted.countDown();
      Thread.currentThread().interrupt();
    }
  }

  private void whenWanted() {
    try {
      wanted.await();
      undoOnce();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      // There is no caller left for an exception.
      System.err.println("platter: " + e.getMessage());
      if (e instanceof PlatterException known && known.remedy() != null) {
        System.err.println("  try: " + known.remedy());
      }
    }
  }

  private void undoOnce() {
    if (undone.compareAndSet(false, true)) {
      undo.run();
    }
  }

  /** Undoes the change, unless that is done. */
  @Override
  public void close() {
    try {
      undoOnce();
    } finally {
      closed.countDown();
      wanted.countDown(); // the helper ends and finds nothing to do
      forgetHook();
    }
  }

  private void forgetHook() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      return; // the JVM goes down: the hook runs and finds nothing to do
    }
  }
}
