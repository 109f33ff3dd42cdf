package dev.platter.emulator.lab;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for a time, or until the user interrupts. */
public final class InterruptibleWait {
  private static final long SLICE_NANOS = 50_000_000;

  private InterruptibleWait() {}

  /**
   * Waits.
   *
   * @param deadlineNanos of {@link System#nanoTime}
   * @return whether the time has come; false if it was interrupted before
   */
  public static boolean until(long deadlineNanos, BooleanSupplier interrupted) {
    long left = deadlineNanos - System.nanoTime();
    while (left > 0) {
      if (interrupted.getAsBoolean()) {
        return false;
      }
      LockSupport.parkNanos(Math.min(left, SLICE_NANOS));
      left = deadlineNanos - System.nanoTime();
    }
    return true;
  }
}
