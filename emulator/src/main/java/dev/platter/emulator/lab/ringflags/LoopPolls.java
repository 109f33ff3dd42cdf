package dev.platter.emulator.lab.ringflags;

import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.EventWatch;
import dev.platter.aio.loop.LoopStats;
import dev.platter.aio.ring.SetupFlag;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/**
 * Signals one of Platter's loops again and again from another thread, each time soon after the loop
 * has taken the last signal, while it busy-polls. The loop must take every signal, as soon as
 * possible.
 */
final class LoopPolls {
  /**
   * The loop's counters.
   *
   * @param signals how many signals were sent
   * @param taken how many signals the loop took
   * @param pollHits busy polls that ended because there was work
   * @param pollMisses busy polls that found nothing and slept
   * @param medianNanos the median time from just before a signal until the loop had taken it
   * @param maxNanos the longest such time
   */
  record Polled(
      int signals, int taken, long pollHits, long pollMisses, long medianNanos, long maxNanos) {}

  // Shorter than the busy poll, which grows to 32 us.
  private static final long GAP_NANOS = 10_000;
  // Long, because a lost signal is a finding, and a thread that waits for a CPU must not look like
  // one.
  private static final long PATIENCE_NANOS = 10_000_000_000L;

  private final Set<SetupFlag> flags;
  private final EventNotifier notifier = new EventNotifier();
  private final CompletableFuture<AioContext> ready = new CompletableFuture<>();
  private final AtomicInteger taken = new AtomicInteger();
  private volatile long takenNanos;
  private volatile boolean running = true;

  private LoopPolls(Set<SetupFlag> flags) {
    this.flags = flags;
  }

  /**
   * Runs the trial.
   *
   * @param flags of the loop's ring
   * @throws dev.platter.aio.PlatterException if the kernel refuses a ring
   */
  static Polled with(Set<SetupFlag> flags, int signals, BooleanSupplier interrupted) {
    LoopPolls polls = new LoopPolls(flags);
    try {
      return PinnedPair.run("loop-polls", polls::loop, () -> polls.signal(signals, interrupted));
    } finally {
      polls.notifier.close();
    }
  }

  private void loop() {
    AioConfig config = AioConfig.ioThread().withFlags(flags);
    try (AioContext loop = new AioContext("loop-polls", config, null)) {
      EventWatch _ = loop.watch(notifier, this::take);
      ready.complete(loop);
      while (running) {
        // The first turn arms the watch again and leaves nothing to submit, so the second turn
        // polls.
        loop.turn(false);
        if (running) {
          loop.turn(true);
        }
      }
    } catch (RuntimeException | Error e) {
      ready.completeExceptionally(e);
      throw e;
    }
  }

  private void take() {
    takenNanos = System.nanoTime();
    taken.incrementAndGet();
  }

  private Polled signal(int signals, BooleanSupplier interrupted) {
    AioContext loop = ready.join();
    try {
      return signal(loop, signals, interrupted);
    } finally {
      loop.newBottomHalf(() -> running = false).schedule();
    }
  }

  private Polled signal(AioContext loop, int signals, BooleanSupplier interrupted) {
    long[] nanos = new long[signals];
    int sent = 0;
    boolean alive = true;
    LoopStats.Snapshot before = loop.stats().snapshot();
    while (sent < signals && alive && !interrupted.getAsBoolean()) {
      PinnedPair.spin(GAP_NANOS);
      long signalled = System.nanoTime();
      notifier.signal();
      sent++;
      alive = awaitTaken(sent, signalled + PATIENCE_NANOS);
      nanos[sent - 1] = (alive ? takenNanos : System.nanoTime()) - signalled;
    }
    LoopStats.Snapshot stats = loop.stats().snapshot().since(before);
    Arrays.sort(nanos, 0, sent);
    return new Polled(
        sent,
        alive ? sent : sent - 1,
        stats.pollHits(),
        stats.pollMisses(),
        sent == 0 ? 0 : nanos[sent / 2],
        sent == 0 ? 0 : nanos[sent - 1]);
  }

  private boolean awaitTaken(int number, long deadlineNanos) {
    while (taken.get() < number) {
      if (System.nanoTime() - deadlineNanos >= 0) {
        return false;
      }
      Thread.onSpinWait();
    }
    return true;
  }
}
