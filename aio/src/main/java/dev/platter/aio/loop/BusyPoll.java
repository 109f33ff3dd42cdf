package dev.platter.aio.loop;

import dev.platter.aio.ring.CompletionQueue;
import org.jspecify.annotations.Nullable;

/**
 * The busy poll of a loop: before it sleeps, it spins as long as {@link AdaptivePolling} says, and
 * looks only in memory for completions, wake-ups and the work of watches. The loop gives its big
 * lock up meanwhile. For the loop's own thread.
 */
final class BusyPoll {
  private final LoopRing ring;
  private final AdaptivePolling polling;
  private final EventPollers pollers;
  private final LoopWakeup wakeup;
  private final LoopStats stats;
  private final ReapTracing look;
  private final @Nullable BigLock lock;

  BusyPoll(
      LoopRing ring,
      AdaptivePolling polling,
      EventPollers pollers,
      LoopWakeup wakeup,
      LoopStats stats,
      ReapTracing look,
      @Nullable BigLock lock) {
    this.ring = ring;
    this.polling = polling;
    this.pollers = pollers;
    this.wakeup = wakeup;
    this.stats = stats;
    this.look = look;
    this.lock = lock;
  }

  boolean enabled() {
    return polling.enabled();
  }

  AdaptivePolling polling() {
    return polling;
  }

  /**
   * Spins until there is work, and has the first watch with work do that work.
   *
   * @param start when the loop began to wait, by {@link System#nanoTime}
   * @param timeout nanoseconds to the first timer, or negative if there is none
   * @return whether there is something to do
   */
  boolean spin(long start, long timeout) {
    long budget = timeout < 0 ? polling.nanos() : Math.min(timeout, polling.nanos());
    if (budget == 0) {
      return false;
    }
    CompletionQueue cq = ring.cq();
    pollers.begin();
    EventWatch[] watches = pollers.watches();
    EventWatch found;
    boolean hit;
    if (lock != null) {
      lock.unlock();
    }
    try {
      do {
        found = EventPollers.firstWithWork(watches);
        hit = found != null || wakeup.isNotified() || !cq.isEmpty() || ring.needsAttention();
        if (!hit) {
          Thread.onSpinWait();
        }
      } while (!hit && System.nanoTime() - start < budget);
      look.polled(!cq.isEmpty());
    } finally {
      if (lock != null) {
        lock.lock();
      }
    }
    (hit ? stats.pollHits : stats.pollMisses).increment();
    if (found != null && !found.isClosed()) {
      found.handler().ready();
    }
    return hit;
  }

  /**
   * Looks once at the watches whose signals are off, in a turn that does not wait: a loop that is
   * never idle would otherwise never poll them.
   *
   * @return whether a watch had work
   */
  boolean lookOnce() {
    return pollers.begun() && pollers.lookOnce();
  }

  /** Turns the signals of watches on again, because the loop is about to sleep. */
  void end() {
    pollers.end();
  }
}
