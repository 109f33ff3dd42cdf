package dev.platter.emulator.server;

import dev.platter.aio.file.LockTimeout;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.export.EventLog.Level;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Tells the log, and whoever starts a server, what locks are waited for. */
final class LockEvents implements LockTimeout.Listener {
  private final EventLog log;
  private final StartListener also;

  LockEvents(EventLog log, StartListener also) {
    this.log = log;
    this.also = also;
  }

  @Override
  public void waiting(String path, long nanos) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("image", path);
    fields.put("holder", "requests of a process that has ended, or one that cannot be seen here");
    fields.put("at_most_milliseconds", TimeUnit.NANOSECONDS.toMillis(nanos));
    log.event(Level.WARNING, "", "waiting-for-lock", fields);
    also.waitsForLock(path, nanos);
  }

  @Override
  public void locked(String path, long nanos) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("image", path);
    fields.put("milliseconds", TimeUnit.NANOSECONDS.toMillis(nanos));
    log.event(Level.INFO, "", "locked", fields);
    also.hasLock(path);
  }
}
