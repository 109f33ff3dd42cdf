package dev.platter.emulator.server.control;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.BigLock;
import dev.platter.aio.loop.LoopStats;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.meter.BlockError;
import dev.platter.devices.block.meter.BlockUsage;
import dev.platter.devices.block.meter.Operation;
import dev.platter.emulator.host.Build;
import dev.platter.emulator.server.ExportView;
import dev.platter.emulator.server.Server;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The state and counters of a server, as maps to be written as JSON. Any thread, without waiting.
 */
final class ServerFacts {
  private final Server server;
  private final long startNanos = System.nanoTime();

  ServerFacts(Server server) {
    this.server = server;
  }

  Map<String, @Nullable Object> health() {
    Map<String, @Nullable Object> result = new LinkedHashMap<>();
    result.put("status", status());
    result.put("version", Build.version());
    result.put("pid", ProcessHandle.current().pid());
    result.put("exports", server.exports().size());
    result.put("uptime_seconds", (System.nanoTime() - startNanos) / 1_000_000_000);
    return result;
  }

  private String status() {
    return server.isStopping() ? "stopping" : server.isQuiesced() ? "quiesced" : "serving";
  }

  Map<String, @Nullable Object> list() {
    Map<String, @Nullable Object> result = new LinkedHashMap<>();
    result.put("status", status());
    result.put("exports", server.exports().stream().map(this::describe).toList());
    return result;
  }

  /** An export. */
  Map<String, @Nullable Object> describe(ExportView export) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("name", export.name());
    fields.put("device", export.kind().name());
    fields.put("socket", export.socket());
    fields.put("connected", export.connected());
    fields.put("client_pid", export.clientPid() < 0 ? null : export.clientPid());
    fields.put("client_waits", export.clientWaits());
    fields.put("loops", export.loops());
    List<Map<String, @Nullable Object>> disks = new ArrayList<>();
    for (BlockBackend image : export.images()) {
      Map<String, @Nullable Object> disk = disk(disks.size(), image);
      disk.put("bytes", image.sizeBytes());
      disk.put("mode", image.readOnly() ? "readonly" : "writable");
      disk.put("cache", image.description().cache().toString());
      disks.add(disk);
    }
    fields.put("disks", disks);
    return fields;
  }

  private static Map<String, @Nullable Object> disk(int index, BlockBackend image) {
    Map<String, @Nullable Object> disk = new LinkedHashMap<>();
    disk.put("index", index);
    disk.put("image", image.description().name());
    return disk;
  }

  Map<String, @Nullable Object> stats(@Nullable String name) {
    List<Map<String, @Nullable Object>> exports = new ArrayList<>();
    for (ExportView export : server.exports()) {
      if (name == null || export.name().equals(name)) {
        exports.add(stats(export));
      }
    }
    if (name != null && exports.isEmpty()) {
      throw PlatterException.badInput("there is no export " + name, "'list' tells which there are");
    }
    Map<String, @Nullable Object> result = new LinkedHashMap<>();
    result.put("status", status());
    result.put("exports", exports);
    List<Map<String, @Nullable Object>> loops = new ArrayList<>();
    server.loops().forEach(loop -> loops.add(stats(loop)));
    result.put("loops", loops);
    return result;
  }

  private static Map<String, @Nullable Object> stats(ExportView export) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("name", export.name());
    fields.put("connected", export.connected());
    fields.put("connections", export.connections());
    fields.put("dropped_connections", export.droppedConnections());
    List<Map<String, @Nullable Object>> disks = new ArrayList<>();
    for (BlockBackend image : export.images()) {
      Map<String, @Nullable Object> disk = disk(disks.size(), image);
      BlockUsage usage = image.meter().usage();
      disk.put("in_flight", usage.inFlight());
      for (Operation operation : Operation.values()) {
        disk.put(word(operation), stats(usage.of(operation)));
      }
      disks.add(disk);
    }
    fields.put("disks", disks);
    return fields;
  }

  private static Map<String, @Nullable Object> stats(BlockUsage.OperationUsage usage) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("requests", usage.requests());
    fields.put("bytes", usage.bytes());
    Map<String, @Nullable Object> errors = new LinkedHashMap<>();
    for (BlockError error : BlockError.values()) {
      long count = usage.errors().getOrDefault(error, 0L);
      if (count > 0) {
        errors.put(word(error), count);
      }
    }
    fields.put("errors", errors);
    return fields;
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  private static Map<String, @Nullable Object> stats(Server.LoopUse loop) {
    LoopStats.Snapshot counts = loop.counts();
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("name", loop.name());
    fields.put("turns", counts.turns());
    fields.put("enters", counts.enters());
    fields.put("sqes", counts.sqesSubmitted());
    fields.put("cqes", counts.cqesReaped());
    fields.put("sq_full", counts.sqFull());
    fields.put("poll_hits", counts.pollHits());
    fields.put("poll_misses", counts.pollMisses());
    fields.put("notifies_sent", counts.notifiesSent());
    fields.put("notifies_elided", counts.notifiesElided());
    BigLock.Stats lock = loop.lock();
    if (lock != null) {
      fields.put("big_lock", stats(lock));
    }
    return fields;
  }

  private static Map<String, @Nullable Object> stats(BigLock.Stats lock) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("acquisitions", lock.acquisitions());
    fields.put("contended", lock.contended());
    fields.put("wait_nanoseconds", lock.waitNanos());
    fields.put("hold_nanoseconds", lock.holdNanos());
    fields.put("longest_hold_nanoseconds", lock.longestHoldNanos());
    return fields;
  }
}
