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
 * One of Platter's loops, which another thread signals again and again, each time soon after it has
 * taken the signal before: while it busy-polls. It must take every one, and the sooner the better.
 */
final class LoopPolls {
  /**
   * What the loop did.
   *
   * @param signals how many it was sent
   * @param taken how many it took
   * @param pollHits busy polls that ended because there was work
   * @param pollMisses busy polls that found nothing and slept
   * @param medianNanos from just before a signal until the loop had taken it
   * @param maxNanos the longest
   */
  record Polled(
      int signals, int taken, long pollHits, long pollMisses, long medianNanos, long maxNanos) {}

  // Within the busy poll, which grows to 32 us.
  private static final long GAP_NANOS = 10_000;
  // A lost signal is a finding: a thread that the scheduler keeps waiting must not look like one.
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
   * Tries it.
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
        // The first arms the watch again, which leaves nothing to submit: so the second polls.
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
