package dev.platter.emulator.server;

import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.BlockListener;
import dev.platter.devices.block.meter.Operation;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.export.EventLog.Level;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Tells the log what the host does to one image. A disk that is gone fails each request of a guest:
 * of its errors a few are told at once, then one every {@link #PAUSE_NANOS}, with the number of
 * those that were not. Any thread.
 */
final class ImageEvents implements BlockListener {
  /** How many errors are told one after the other. */
  static final int BURST = 5;

  /** Time between two that are told after that, and until the next burst. */
  static final long PAUSE_NANOS = 10_000_000_000L;

  private final EventLog log;
  private final String export;
  private final String image;
  private final LongSupplier clock;
  private int burst;
  private long untold;
  private long lastNanos;

  ImageEvents(EventLog log, String export, String image) {
    this(log, export, image, System::nanoTime);
  }

  ImageEvents(EventLog log, String export, String image, LongSupplier clock) {
    this.log = log;
    this.export = export;
    this.image = image;
    this.clock = clock;
    this.lastNanos = clock.getAsLong() - PAUSE_NANOS;
  }

  private Map<String, Object> fields(Operation operation, long offsetBytes, long lengthBytes) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("image", image);
    fields.put("operation", operation.name().toLowerCase(Locale.ROOT));
    if (operation != Operation.FLUSH) {
      fields.put("offset", offsetBytes);
      fields.put("length", lengthBytes);
    }
    return fields;
  }

  @Override
  public void failed(Operation operation, long offsetBytes, long lengthBytes, int errno) {
    Map<String, Object> fields = fields(operation, offsetBytes, lengthBytes);
    fields.put("reason", Errno.name(errno));
    synchronized (this) {
      long now = clock.getAsLong();
      if (now - lastNanos >= PAUSE_NANOS) {
        burst = untold == 0 ? 0 : BURST;
      } else if (burst >= BURST) {
        untold++;
        return;
      }
      burst++;
      lastNanos = now;
      fields.put("untold", untold);
      untold = 0;
    }
    log.event(Level.ERROR, export, "io-error", fields);
  }

  @Override
  public void slow(
      Operation operation, long offsetBytes, long lengthBytes, long seconds, long requests) {
    Map<String, Object> fields = fields(operation, offsetBytes, lengthBytes);
    fields.put("seconds", seconds);
    fields.put("requests", requests);
    log.event(Level.WARNING, export, "io-slow", fields);
  }

  @Override
  public void noLongerSlow(long seconds, long requests) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("image", image);
    fields.put("seconds", seconds);
    fields.put("requests", requests);
    log.event(Level.INFO, export, "io-slow-ended", fields);
  }

  @Override
  public void flushFailed(int errno) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("image", image);
    fields.put("reason", Errno.name(errno));
    log.event(Level.ERROR, export, "flush-failed", fields);
  }

  @Override
  public void discardRefused(long offsetBytes, long lengthBytes, int errno) {
    Map<String, Object> fields = fields(Operation.DISCARD, offsetBytes, lengthBytes);
    fields.put("reason", Errno.name(errno));
    log.event(Level.WARNING, export, "discard-refused", fields);
  }
}
