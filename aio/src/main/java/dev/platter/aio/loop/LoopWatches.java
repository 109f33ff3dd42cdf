package dev.platter.aio.loop;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The watches of a loop, and whether they are armed. The loop takes them back before it is
 * suspended, and arms them when it resumes. For the loop's thread, or holders of its lock.
 */
final class LoopWatches {
  private final List<LoopWatch> watches = new ArrayList<>();
  private final EventPollers pollers = new EventPollers();
  private boolean armed = true;
  private boolean closed;

  /** The watches that a busy poll asks for work. */
  EventPollers pollers() {
    return pollers;
  }

  /** Whether watches are to be armed. */
  boolean armed() {
    return armed;
  }

  /** Begins a watch, or closes it after {@link #refuse}; returns it. */
  <W extends LoopWatch> W add(W watch) {
    if (closed) {
      watch.close();
      return watch;
    }
    watches.add(watch);
    if (armed) {
      watch.arm();
    }
    if (watch instanceof EventWatch eventWatch) {
      pollers.add(eventWatch);
    }
    return watch;
  }

  void remove(LoopWatch watch) {
    watches.remove(watch);
    if (watch instanceof EventWatch eventWatch) {
      pollers.remove(eventWatch);
    }
  }

  /**
   * The loop is about to be suspended.
   *
   * @param cancel cancels a request that is armed
   */
  void takeBack(Consumer<RingOp> cancel) {
    armed = false;
    watches.forEach(cancel);
  }

  /** The loop has resumed. */
  void arm() {
    armed = true;
    List.copyOf(watches).forEach(LoopWatch::arm);
  }

  /** Watches that are still to come are closed at once. */
  void refuse() {
    closed = true;
  }

  /** Closes all, and those that are still to come. */
  void close() {
    refuse();
    List.copyOf(watches).forEach(LoopWatch::close);
  }
}
