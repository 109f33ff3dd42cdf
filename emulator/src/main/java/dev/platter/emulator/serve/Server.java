package dev.platter.emulator.serve;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.BigLock;
import dev.platter.aio.loop.LoopStats;
import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.RawImage;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.trace.StageRun;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A server at work: loops, images, devices and a socket for each export.
 *
 * <p>{@link #close} goes from the outside in: each export stops accepting, disconnects its client
 * and waits for what that has in flight; then images are flushed and closed, IOThreads end, and
 * last the main loop.
 *
 * <p>{@link #quiesce} and {@link #resume} leave all of that in place but the loops' threads and
 * rings. Clients stay connected and are answered; what they ask of their disks waits.
 */
public final class Server implements AutoCloseable {
  // On kernels where a worker outlives its work it ends with the thread, which takes no time.
  private static final long WORKER_PATIENCE_MILLIS = 2_000;

  private final ServeConfig config;
  private final EventLog log;
  private final SessionFactory sessions;
  private final Assembly assembly;
  private boolean closed;
  private boolean flushed = true;
  // In the monitor: one thing at a time happens to the loops.
  private boolean quiesced;
  private long quiescedNanos;

  private Server(ServeConfig config, EventLog log, SessionFactory sessions, Assembly assembly) {
    this.config = config;
    this.log = log;
    this.sessions = sessions;
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
    return start(config, log, activated, false);
  }

  /**
   * Starts a server as {@link #start(ServeConfig, EventLog, SystemdSockets)} does.
   *
   * @param recordsStages whether to record the stages of each request's way, for {@link
   *     #takeStages}
   * @throws PlatterException if anything is missing; nothing is left behind then
   */
  public static Server start(
      ServeConfig config, EventLog log, SystemdSockets activated, boolean recordsStages) {
    return start(config, log, activated, new DeviceSessions(recordsStages));
  }

  static Server start(
      ServeConfig config, EventLog log, SystemdSockets activated, SessionFactory sessions) {
    FdBudget.check(config);
    Map<String, Integer> descriptors = activated.assign(config.exports());
    Assembly assembly = new Assembly(config, log, sessions);
    Server server = new Server(config, log, sessions, assembly);
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

  /**
   * Ends a part of an export's recording, and begins the next one. The caller does not hold the big
   * lock.
   *
   * @return what was recorded since the last time; null if stages are not recorded
   */
  public @Nullable StageRun takeStages(String export) {
    ExportStages stages = sessions.stages(export);
    return stages == null ? null : stages.take();
  }

  /** How the server was set up. */
  public ServeConfig config() {
    return config;
  }

  // ---- quiescing -----------------------------------------------------------------------------

  /**
   * Takes no more work from guests, waits for what is in flight, flushes, and closes all rings;
   * clients stay connected. The caller does not hold the big lock. On a server that is quiesced,
   * flushes and looks again what is left.
   *
   * @throws IllegalStateException if the server is closed
   */
  public synchronized Quiesced quiesce() {
    if (closed) {
      throw new IllegalStateException("the server is closed");
    }
    long start = System.nanoTime();
    int drained = assembly.suspendLoops();
    if (!quiesced) {
      quiesced = true;
      quiescedNanos = start;
    }
    boolean stable = flushAll();
    RingRemains remains = RingRemains.awaitNothing(WORKER_PATIENCE_MILLIS);
    Quiesced outcome =
        new Quiesced(drained, stable, remains.rings(), remains.workers(), millisSince(start));
    log.event(outcome.safe() ? Level.INFO : Level.WARNING, "", "quiesced", outcome.fields());
    return outcome;
  }

  /**
   * Goes on where {@link #quiesce} stopped. On a server that is not quiesced, or closed, does
   * nothing.
   *
   * @throws PlatterException if the kernel refuses a ring; it is still quiesced then
   */
  public synchronized void resume() {
    if (!quiesced || closed) {
      return;
    }
    long start = System.nanoTime();
    try {
      assembly.resumeLoops();
    } catch (PlatterException e) {
      // Some loops may have been at work in between.
      flushAll();
      RingRemains.awaitNothing(WORKER_PATIENCE_MILLIS);
      log.event(Level.ERROR, "", "resume-failed", Map.of("reason", String.valueOf(e.getMessage())));
      throw e;
    }
    quiesced = false;
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("milliseconds", millisSince(start));
    fields.put("quiesced_milliseconds", millisSince(quiescedNanos));
    log.event(Level.INFO, "", "resumed", fields);
  }

  private static long millisSince(long start) {
    return (System.nanoTime() - start) / 1_000_000;
  }

  // ---- the end -------------------------------------------------------------------------------

  /** Whether all that {@link #close} has flushed is on stable storage. */
  public boolean flushed() {
    return flushed;
  }

  /**
   * Disconnects clients and waits for what is in flight; no more are accepted. The caller does not
   * hold the big lock. Idempotent, and a part of {@link #close}.
   */
  public synchronized void stopServing() {
    if (!closed) {
      assembly.stopServing();
    }
  }

  /**
   * Stops: disconnects clients, waits for what is in flight, flushes and closes. The caller does
   * not hold the big lock. A server that is quiesced needs no ring for it. Idempotent.
   */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    assembly.stopServing();
    flushAll();
    assembly.takeApart();
  }

  private boolean flushAll() {
    boolean all = true;
    for (ExportConfig export : config.exports()) {
      for (RawImage image : assembly.imagesOf(export)) {
        all &= flush(export, image);
      }
    }
    return all;
  }

  private boolean flush(ExportConfig export, RawImage image) {
    int result = image.readOnly() ? 0 : image.sync();
    if (result < 0) {
      flushed = false;
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("image", image.path());
      fields.put("reason", Errno.name(result));
      log.event(Level.ERROR, export.name(), "flush-failed", fields);
    }
    return result >= 0;
  }
}
