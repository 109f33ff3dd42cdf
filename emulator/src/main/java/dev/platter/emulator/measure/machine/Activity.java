package dev.platter.emulator.measure.machine;

import dev.platter.aio.loop.BottomHalf;
import dev.platter.aio.loop.MainLoop;
import dev.platter.aio.loop.Threads;
import java.util.concurrent.locks.LockSupport;

/**
 * Other activity in a machine, for comparisons: a thread that wakes the main loop again and again,
 * as the traffic of an emulated network card does.
 */
final class Activity implements AutoCloseable {
  private final BottomHalf wake;
  private final long periodNanos;
  private final Thread thread;
  private volatile boolean running = true;

  Activity(MainLoop mainLoop, long periodNanos) {
    this.periodNanos = periodNanos;
    wake = mainLoop.context().newBottomHalf(() -> {});
    thread = Thread.ofPlatform().name("activity").daemon().start(this::run);
  }

  private void run() {
    while (running) {
      wake.schedule();
      LockSupport.parkNanos(periodNanos);
    }
  }

  @Override
  public void close() {
    running = false;
    LockSupport.unpark(thread);
    Threads.joinUninterruptibly(thread);
  }
}
