package dev.platter.emulator.server;

import dev.platter.aio.loop.Threads;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.export.EventLog.Level;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells the log if something takes long because a disk does not answer, and again when it is over.
 * Begun before what may wait, closed after it, by one thread.
 */
final class SlowWait implements AutoCloseable {
  private final EventLog log;
  private final String export;
  private final String what;
  private final LongSupplier inFlight;
  private final long patienceNanos;
  private final long startNanos = System.nanoTime();
  private final CountDownLatch over = new CountDownLatch(1);
  private final @Nullable Thread watcher;
  private volatile boolean told;

  private SlowWait(
      EventLog log, String export, String what, LongSupplier inFlight, long patienceNanos) {
    this.log = log;
    this.export = export;
    this.what = what;
    this.inFlight = inFlight;
    this.patienceNanos = patienceNanos;
    watcher = watcher();
  }

  /**
   * Begins to watch.
   *
   * @param export whose disks are waited for; "" for all
   * @param what is waiting, in a word: "remove"
   * @param inFlight how many requests are waited for; asked on another thread
   */
  static SlowWait begin(
      EventLog log, String export, String what, LongSupplier inFlight, long patienceNanos) {
    return new SlowWait(log, export, what, inFlight, patienceNanos);
  }

  private @Nullable Thread watcher() {
    try {
      return Thread.ofPlatform().daemon().name("slow-" + what).start(this::watch);
    } catch (OutOfMemoryError e) {
      return null; // no thread to be had: what is to be done is done nevertheless
    }
  }

  private void watch() {
    try {
      if (over.await(patienceNanos, TimeUnit.NANOSECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      return; // nobody does
    }
    told = true;
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("operation", what);
    fields.put("in_flight", inFlight.getAsLong());
    fields.put("milliseconds", millis());
    log.event(Level.WARNING, export, "waiting-for-disk", fields);
  }

  private long millis() {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos);
  }

  @Override
  public void close() {
    over.countDown();
    if (watcher != null) {
      Threads.joinUninterruptibly(watcher);
    }
    if (told) {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("operation", what);
      fields.put("milliseconds", millis());
      log.event(Level.INFO, export, "disk-answered", fields);
    }
  }
}
