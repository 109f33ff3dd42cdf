package dev.platter.emulator.server;

import dev.platter.aio.file.LockTimeout;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.ThreadedLoop;
import dev.platter.aio.socket.QueueWatch;
import dev.platter.aio.socket.UnixListener;
import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.DiskDescription;
import dev.platter.devices.block.image.ForeignFormat;
import dev.platter.emulator.export.ClientSession;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.export.ExportServer;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ImageConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The parts of one export, made one after the other: images, device, socket, and the thread that
 * accepts clients. Whatever is there is taken apart the other way round. One thread at a time; only
 * {@link #view} is for any.
 */
final class ServedExport {
  private final ExportConfig config;
  private final Closers closers = new Closers();
  private final List<BlockBackend> images = new ArrayList<>();
  private List<AioContext> loops = List.of();
  private @Nullable ThreadedLoop own;
  private @Nullable ClientSession session;
  private @Nullable UnixListener listener;
  private @Nullable ExportServer server;
  private boolean ended;

  ServedExport(ExportConfig config) {
    this.config = config;
  }

  ExportConfig config() {
    return config;
  }

  String name() {
    return config.name();
  }

  List<BlockBackend> images() {
    return images;
  }

  /** The loops that its requests run on. */
  List<AioContext> loops() {
    return loops;
  }

  /** The loop that nobody else uses, if it has one. */
  @Nullable ThreadedLoop own() {
    return own;
  }

  // ---- making it -----------------------------------------------------------------------------

  void openImages(Images from, boolean besideOthers, LockTimeout timeout) {
    for (ImageConfig image : config.images()) {
      BlockBackend its = from.open(config, image, besideOthers, timeout);
      closers.push(() -> from.close(its, name()));
      images.add(its);
    }
  }

  /** Gives it a loop of its own; closed with the export. */
  <T extends ThreadedLoop> T own(T loop) {
    closers.push(loop::close);
    own = loop;
    return loop;
  }

  /**
   * Makes its device.
   *
   * @param itsLoops the loops that its requests run on
   */
  void device(ClientSession made, List<AioContext> itsLoops) {
    session = made;
    closers.push(made::close);
    loops = List.copyOf(itsLoops);
  }

  /** Has something done when it is taken apart, before what is there now. */
  void onClose(Runnable what) {
    closers.push(what);
  }

  void listen(UnixListener at) {
    closers.push(at::close);
    listener = at;
  }

  /** Lets clients in. */
  void open(QueueWatch queues, EventLog log) {
    if (session == null || listener == null) {
      throw new IllegalStateException("export " + name() + " is not complete");
    }
    server = new ExportServer(name(), listener, session, queues, log);
  }

  /** Tells of its disks, and that it is served. */
  void announce(EventLog log) {
    for (int i = 0; i < images.size(); i++) {
      BlockBackend image = images.get(i);
      DiskDescription its = image.description();
      Map<String, Object> disk = new LinkedHashMap<>();
      disk.put("index", i);
      disk.put("image", its.name());
      disk.put("bytes", image.sizeBytes());
      disk.put("mode", image.readOnly() ? "readonly" : "writable");
      disk.put("cache", its.cache().toString());
      log.event(Level.INFO, name(), "disk", disk);
      its.foreign().ifPresent(format -> tellOf(format, its.name(), log));
    }
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("device", config.kind().name());
    fields.put("socket", config.endpoint().toString());
    log.event(Level.INFO, name(), "serving", fields);
  }

  private void tellOf(ForeignFormat format, String image, EventLog log) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("image", image);
    fields.put("format", format.toString());
    fields.put("remedy", format.remedy(image) + "; or say format=raw if it is a raw disk");
    log.event(Level.WARNING, name(), "foreign-format", fields);
  }

  // ---- what it is ----------------------------------------------------------------------------

  /** For any thread, once it is open. */
  ExportView view() {
    ExportServer clients = server;
    return new ExportView(
        name(),
        config.kind(),
        config.endpoint().toString(),
        images,
        clients != null && clients.connected(),
        clients == null ? -1 : clients.clientPid(),
        clients != null && clients.hasWaiting(),
        clients == null ? 0 : clients.connections(),
        clients == null ? 0 : clients.droppedConnections(),
        loops.stream().map(AioContext::name).distinct().toList());
  }

  /** Makes what has completed stable; tells of what cannot be. */
  boolean flush(EventLog log) {
    boolean all = true;
    for (BlockBackend image : images) {
      int result = image.readOnly() ? 0 : image.sync();
      if (result < 0) {
        all = false;
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("image", image.description().name());
        fields.put("reason", Errno.name(result));
        log.event(Level.ERROR, name(), "flush-failed", fields);
      }
    }
    return all;
  }

  // ---- the end -------------------------------------------------------------------------------

  /** Begins to stop unless a client is served; whether it does. */
  boolean stopUnlessConnected() {
    return server == null || server.stopUnlessConnected();
  }

  /** Begins to stop, and waits for nothing. */
  void disconnect() {
    if (server != null) {
      server.disconnect();
    }
  }

  /** Stops serving: no client is left, and nothing in flight. The caller has no big lock. */
  void stopServing() {
    if (server != null) {
      server.close();
    }
  }

  /**
   * Stops serving, and makes what has completed stable, once.
   *
   * @param tellAfterNanos how long that may take before the log is told
   * @return whether it is stable
   */
  boolean end(EventLog log, long tellAfterNanos) {
    if (ended) {
      return true; // or told already
    }
    ended = true;
    try (SlowWait _ = SlowWait.begin(log, name(), "stop", this::inFlight, tellAfterNanos)) {
      stopServing();
      return flush(log);
    }
  }

  /** How many requests its disks have in flight. Any thread, without waiting. */
  long inFlight() {
    return images.stream().mapToLong(image -> image.meter().usage().inFlight()).sum();
  }

  /** Closes whatever there is. */
  void takeApart() {
    ended = true;
    closers.closeAll();
  }
}
