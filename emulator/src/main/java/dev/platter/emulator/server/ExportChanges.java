package dev.platter.emulator.server;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.LockTimeout;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.Resizable;
import dev.platter.devices.block.image.Preallocation;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.server.config.Endpoint;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.FdBudget;
import dev.platter.emulator.server.config.MemoryBudget;
import dev.platter.emulator.server.config.ServeConfig;
import dev.platter.emulator.server.config.ServerOptions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Adds, removes and resizes exports of a running server. Each change holds the lock of its export
 * alone, so a disk that does not answer holds up only its own export (ADR 029). Any thread that
 * does not hold the big lock.
 */
final class ExportChanges {
  private final ServeConfig config;
  private final EventLog log;
  private final ServerOptions options;
  private final Assembly assembly;
  private final ChangeLocks locks;
  private final Flushes flushes;
  private final Quiescence quiescence;
  // Of exports that are being added; in its own monitor.
  private final List<ExportConfig> coming = new ArrayList<>();

  /** Changes the exports of a server that was started with {@code config}. */
  ExportChanges(
      ServeConfig config,
      EventLog log,
      ServerOptions options,
      Assembly assembly,
      ChangeLocks locks,
      Flushes flushes,
      Quiescence quiescence) {
    this.config = config;
    this.log = log;
    this.options = options;
    this.assembly = assembly;
    this.locks = locks;
    this.flushes = flushes;
    this.quiescence = quiescence;
  }

  private ChangeLocks.Held lockOf(String export) {
    return locks.acquire(export, locks::isStopping);
  }

  private void checkAtWork(String what) {
    locks.checkOpen();
    if (quiescence.holdsGuests()) {
      throw PlatterException.failed(
          "cannot " + what + " while the server is quiesced", "Resume it first");
    }
  }

  /** Does what {@link Server#addExport} says. */
  ExportView add(ExportConfig added) {
    if (!(added.endpoint() instanceof Endpoint.SocketPath)) {
      throw PlatterException.badInput(
          "export " + added.name() + " has no socket= to be made",
          "Add socket=PATH; sockets that are inherited or systemd's are for the start");
    }
    try (ChangeLocks.Held _ = lockOf(added.name())) {
      checkAtWork("add an export");
      announce(added);
      try {
        ServedExport export = assembly.prepare(added, timeout());
        export.announce(log);
        assembly.open(export);
        return export.view();
      } finally {
        synchronized (coming) {
          coming.remove(added);
        }
      }
    }
  }

  /** Checks one that is to come with those that are there and those that are coming. */
  private void announce(ExportConfig added) {
    synchronized (coming) {
      List<ExportConfig> all = new ArrayList<>(coming);
      assembly.exports().forEach(export -> all.add(export.config()));
      Set<String> ids = new HashSet<>();
      config.ioThreads().forEach(ioThread -> ids.add(ioThread.id()));
      ServeConfig.checkAddition(added, all, ids);
      all.add(added);
      FdBudget.check(ids.size(), all);
      MemoryBudget.check(ids.size(), all, options.memoryLimitBytes());
      coming.add(added);
    }
  }

  private LockTimeout timeout() {
    return new LockTimeout(
        options.lockWaitNanos(), locks::isStopping, new LockEvents(log, StartListener.NOBODY));
  }

  /** Does what {@link Server#removeExport} says. */
  boolean remove(String name, boolean force) {
    try (ChangeLocks.Held _ = lockOf(name)) {
      locks.checkOpen();
      ServedExport export = assembly.export(name);
      if (force) {
        export.disconnect();
      } else if (!export.stopUnlessConnected()) {
        throw PlatterException.failed(
            "export " + name + " has a client: pid " + export.view().clientPid(),
            "Have it leave first, or force the removal");
      }
      boolean stable;
      try (SlowWait _ =
          SlowWait.begin(log, name, "remove", export::inFlight, options.tellAfterNanos())) {
        export.stopServing();
        stable = flushes.flush(List.of(export));
        assembly.remove(export);
      }
      log.event(Level.INFO, name, "removed", Map.of("flushed", stable));
      return stable;
    }
  }

  /** Does what {@link Server#resize} says. */
  ResizeResult resize(String name, int disk, long bytes, @Nullable Preallocation preallocation) {
    try (ChangeLocks.Held _ = lockOf(name)) {
      return resizeInTurn(name, disk, bytes, preallocation);
    }
  }

  private ResizeResult resizeInTurn(
      String name, int disk, long bytes, @Nullable Preallocation preallocation) {
    checkAtWork("resize an image");
    ServedExport export = assembly.export(name);
    List<BlockBackend> images = export.images();
    if (disk < 0 || disk >= images.size()) {
      throw PlatterException.badInput(
          "export " + name + " has no disk " + disk,
          images.size() == 1 ? "Its only one is 0" : "They are 0 to " + (images.size() - 1));
    }
    BlockBackend image = images.get(disk);
    String path = image.description().name();
    Resizable size =
        image
            .resizable()
            .orElseThrow(() ->
                PlatterException.badInput(
                    path + " has a fixed size", "Serve another, and have the guest copy it"));
    long before = size.currentSizeBytes();
    Preallocation how;
    try {
      how = size.grow(bytes, preallocation);
    } finally {
      // Also after a failure: the size may be the new one.
      long now = size.currentSizeBytes();
      assembly.mainLoop().context().invoke(() -> size.resizeTo(now));
    }
    boolean atPowerOn = export.config().kind().seesSizeAtPowerOn();
    return new ResizeResult(path, before, image.sizeBytes(), how, atPowerOn);
  }
}
