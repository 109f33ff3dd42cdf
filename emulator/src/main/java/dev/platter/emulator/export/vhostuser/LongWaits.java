package dev.platter.emulator.export.vhostuser;

import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.export.EventLog.Level;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Tells the log that something a front-end waits for takes longer than guests bear, and when it is
 * over: what has guest memory in flight is waited for, and a disk that stalls does not say how
 * long. For the session's thread. The thread that tells sleeps while nobody waits.
 */
final class LongWaits {
  /** Linux finds a task hung after 120 s and asks for more attempts after 30; before either. */
  static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);

  private static final ScheduledThreadPoolExecutor TELLER = teller();

  private final EventLog log;
  private final String export;
  private final long patienceNanos;

  /**
   * Creates one.
   *
   * @param export what the export is called in events
   * @param patienceNanos how long a wait may be without a word
   */
  LongWaits(EventLog log, String export, long patienceNanos) {
    this.log = log;
    this.export = export;
    this.patienceNanos = patienceNanos;
  }

  private static ScheduledThreadPoolExecutor teller() {
    ScheduledThreadPoolExecutor executor =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().name("vhost-user-waits").daemon().factory());
    executor.setRemoveOnCancelPolicy(true);
    return executor;
  }

  /** A step that may wait. */
  final class Step implements AutoCloseable {
    private final String what;
    private final long begunNanos = System.nanoTime();
    private final @Nullable Future<?> telling;

    private Step(String what) {
      this.what = what;
      telling = tellLater();
    }

    private @Nullable Future<?> tellLater() {
      try {
        return TELLER.schedule(
            () -> tell(Level.WARNING, "client-waits"), patienceNanos, TimeUnit.NANOSECONDS);
      } catch (OutOfMemoryError e) {
        return null; // no thread to be had: what is to be done is done nevertheless
      }
    }

    private void tell(Level level, String event) {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("for", what);
      fields.put("milliseconds", TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begunNanos));
      log.event(level, export, event, fields);
    }

    /** It is over. */
    @Override
    public void close() {
      if (telling != null && !telling.cancel(false)) {
        tell(Level.INFO, "client-waited");
      }
    }
  }

  /** Begins a step. */
  Step begin(String what) {
    return new Step(what);
  }
}
