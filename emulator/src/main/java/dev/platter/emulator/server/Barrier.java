package dev.platter.emulator.server;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.LoopDrain;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Waits until nothing is in flight on some loops, which take nothing new meanwhile. A server that
 * is told to stop does not wait for it.
 */
final class Barrier implements AutoCloseable {
  private static final long LOOK_MILLIS = 20;

  private final List<LoopDrain> drains = new ArrayList<>();
  private final BooleanSupplier over;

  /**
   * Waits for no loop yet.
   *
   * @param over whether to wait no more; looked at often
   */
  Barrier(BooleanSupplier over) {
    this.over = over;
  }

  /**
   * Waits.
   *
   * @param nanos how long at most, in nanoseconds
   * @return whether nothing is in flight
   */
  boolean await(List<AioContext> loops, long nanos) {
    long start = System.nanoTime();
    for (AioContext loop : loops) {
      drains.add(LoopDrain.begin(loop));
    }
    for (LoopDrain drain : drains) {
      if (!await(drain, start, nanos)) {
        return false;
      }
    }
    return true;
  }

  private boolean await(LoopDrain drain, long start, long nanos) {
    try {
      while (true) {
        long left = nanos - (System.nanoTime() - start);
        long wait = Math.clamp(left, 0, TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS));
        if (drain.await(wait)) {
          return true;
        }
        if (left <= 0 || over.getAsBoolean()) {
          return false;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** How many requests were in flight at the beginning. */
  int begunWith() {
    return drains.stream().mapToInt(LoopDrain::begunWith).sum();
  }

  /** How many were when it looked last. */
  int inFlight() {
    return drains.stream().mapToInt(LoopDrain::inFlight).sum();
  }

  /** Guests go on. */
  @Override
  public void close() {
    drains.forEach(LoopDrain::close);
  }
}
