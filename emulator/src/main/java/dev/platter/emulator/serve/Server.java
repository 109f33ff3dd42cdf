package dev.platter.emulator.serve;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.BigLock;
import dev.platter.aio.loop.LoopStats;
import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.RawImage;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.export.EventLog.Level;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A server at work: loops, images, devices and a socket for each export.
 *
 * <p>{@link #close} goes from the outside in: each export stops accepting, disconnects its client
 * and waits for what that has in flight; then images are flushed and closed, IOThreads end, and
 * last the main loop.
 */
public final class Server implements AutoCloseable {
  private final ServeConfig config;
  private final EventLog log;
  private final Assembly assembly;
  private boolean closed;
  private boolean flushed = true;

  private Server(ServeConfig config, EventLog log, Assembly assembly) {
    this.config = config;
    this.log = log;
    this.assembly = assembly;
  }

  /**
   * Starts a server that takes no sockets from systemd.
   *
   * @throws PlatterException if anything is missing; nothing is left behind then
   */
  public static Server start(ServeConfig config, EventLog log) {
    return start(config, log, SystemdSockets.none());
  }

  /**
   * Starts a server. No socket is made before everything else is known to work.
   *
   * @param activated sockets for the exports that have none of their own
   * @throws PlatterException if anything is missing; nothing is left behind then
   */
  public static Server start(ServeConfig config, EventLog log, SystemdSockets activated) {
    return start(config, log, activated, new DeviceSessions());
  }

  static Server start(
      ServeConfig config, EventLog log, SystemdSockets activated, SessionFactory sessions) {
    FdBudget.check(config);
    Map<String, Integer> descriptors = activated.assign(config.exports());
    Assembly assembly = new Assembly(config, log, sessions);
    Server server = new Server(config, log, assembly);
    try {
      assembly.assemble();
      assembly.listen(descriptors);
      server.announce();
      assembly.open();
      return server;
    } catch (RuntimeException e) {
      server.abandon(e);
      throw e;
    }
  }

  private void abandon(RuntimeException cause) {
    closed = true;
    try {
      assembly.stopServing();
      assembly.takeApart();
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
    }
  }

  private void announce() {
    for (ExportConfig export : config.exports()) {
      List<RawImage> images = assembly.imagesOf(export);
      for (int i = 0; i < images.size(); i++) {
        log.event(Level.INFO, export.name(), "disk", describe(images.get(i), i));
      }
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("device", export.kind());
      fields.put("socket", export.endpoint().toString());
      log.event(Level.INFO, export.name(), "serving", fields);
    }
  }

  private static Map<String, Object> describe(RawImage image, int index) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("index", index);
    fields.put("image", image.path());
    fields.put("bytes", image.sizeBytes());
    fields.put("mode", image.readOnly() ? "readonly" : "writable");
    fields.put("cache", image.options().cache().toString());
    return fields;
  }

  // ---- what it has done ----------------------------------------------------------------------

  /**
   * What a loop has done so far.
   *
   * @param name the IOThread's, or "main-loop"
   */
  public record LoopUse(String name, LoopStats.Snapshot counts) {}

  /** The counters of the loops, the main loop first. */
  public List<LoopUse> loops() {
    List<LoopUse> uses = new ArrayList<>();
    for (AioContext loop : assembly.loops()) {
      uses.add(new LoopUse(loop.name(), loop.stats().snapshot()));
    }
    return uses;
  }

  /** What the big lock has cost so far. */
  public BigLock.Stats lockStats() {
    return assembly.mainLoop().lock().stats();
  }

  /** How the server was set up. */
  public ServeConfig config() {
    return config;
  }

  // ---- the end -------------------------------------------------------------------------------

  /** Whether all that {@link #close} has flushed is on stable storage. */
  public boolean flushed() {
    return flushed;
  }

  /**
   * Stops: disconnects clients, waits for what is in flight, flushes and closes. The caller does
   * not hold the big lock. Idempotent.
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    assembly.stopServing();
    for (ExportConfig export : config.exports()) {
      for (RawImage image : assembly.imagesOf(export)) {
        flush(export, image);
      }
    }
    assembly.takeApart();
  }

  private void flush(ExportConfig export, RawImage image) {
    int result = image.readOnly() ? 0 : image.sync();
    if (result < 0) {
      flushed = false;
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("image", image.path());
      fields.put("reason", Errno.name(result));
      log.event(Level.ERROR, export.name(), "flush-failed", fields);
    }
  }
}
