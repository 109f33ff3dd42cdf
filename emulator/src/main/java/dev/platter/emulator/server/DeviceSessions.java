package dev.platter.emulator.server;

import dev.platter.aio.trace.TraceEvents;
import dev.platter.emulator.export.ClientSession;
import dev.platter.emulator.server.config.DeviceParts;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ServerOptions;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The real devices, as each export makes its own, and what is recorded of their requests. */
final class DeviceSessions implements SessionFactory {
  private final ServerOptions options;
  private final Map<String, ExportStages> stages = new ConcurrentHashMap<>();

  /**
   * Makes devices.
   *
   * @param options what is recorded of their requests
   */
  DeviceSessions(ServerOptions options) {
    this.options = options;
    if (options.recordsStages()) {
      TraceEvents.want();
    }
  }

  @Override
  public @Nullable ExportStages stages(String export) {
    return stages.get(export);
  }

  @Override
  public void forget(String export) {
    stages.remove(export);
  }

  @Override
  public ClientSession open(ExportConfig export, DeviceParts parts) {
    if (options.recordsLatencies()) {
      parts.images().forEach(image -> image.meter().measureLatencies());
    }
    ExportStages recorded = null;
    if (options.recordsStages()) {
      recorded = new ExportStages(export.name(), export.kind().stages(), parts.loops());
      stages.put(export.name(), recorded);
    }
    return export.open(parts, recorded);
  }
}
