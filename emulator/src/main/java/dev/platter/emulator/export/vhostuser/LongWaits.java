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
 * Logs the begin and the end of a step that a front-end waits for too long. Such a step waits for
 * requests that use guest memory, and a stalled disk may keep them for any time. For the session's
 * thread; the thread that logs sleeps while no step runs.
 */
final class LongWaits {
  /**
   * Less than the time-outs of Linux, which calls a task hung after 120 s and retries a command
   * after 30 s.
   */
  static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);

  private static final ScheduledThreadPoolExecutor TELLER = teller();

  private final EventLog log;
  private final String export;
  private final long patienceNanos;

  /**
   * Creates a watch over waits.
   *
   * @param export the export's name in events
   * @param patienceNanos how long a wait may last before it is logged
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
        return null; // no thread could be started; the step runs unwatched
      }
    }

    private void tell(Level level, String event) {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("for", what);
      fields.put("milliseconds", TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begunNanos));
      log.event(level, export, event, fields);
    }

    /** Ends the step. */
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
