package dev.platter.emulator.server.metrics;

import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.meter.BlockError;
import dev.platter.devices.block.meter.BlockLatencies;
import dev.platter.devices.block.meter.BlockMeter;
import dev.platter.devices.block.meter.BlockUsage;
import dev.platter.devices.block.meter.BlockUsage.OperationUsage;
import dev.platter.devices.block.meter.HostFigures;
import dev.platter.devices.block.meter.Operation;
import dev.platter.emulator.server.ExportView;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Metrics of exports. An export that is added has its series in the next scrape, an export that is
 * removed has none.
 */
final class ExportMetrics implements MultiCollector {
  private static final String EXPORT = "export";
  private static final String KIND = "kind";

  private final MetricsSource source;

  ExportMetrics(MetricsSource source) {
    this.source = source;
  }

  @Override
  public MetricSnapshots collect() {
    Families families = new Families();
    // Prometheus would refuse an answer with two exports of one name.
    Map<String, ExportView> exports = new LinkedHashMap<>();
    source.exports().forEach(export -> exports.putIfAbsent(export.name(), export));
    exports.values().forEach(export -> collect(families, export));
    return families.build();
  }

  private void collect(Families families, ExportView export) {
    Labels labels = Labels.of(EXPORT, export.name(), KIND, export.kind().name());
    BlockUsage usage = BlockUsage.NONE;
    BlockLatencies latencies = BlockLatencies.NONE;
    boolean measured = false;
    for (BlockBackend image : export.images()) {
      BlockMeter meter = image.meter();
      usage = usage.plus(meter.usage());
      measured |= meter.measuresLatencies();
      latencies = latencies.plus(meter.latencies());
    }
    for (Operation operation : Operation.values()) {
      requests(families, labels.add("operation", name(operation)), usage.of(operation));
    }
    families.gauge(
        "platter_requests_in_flight",
        "Requests that were submitted and have not completed.",
        labels,
        usage.inFlight());
    if (measured) {
      latencies(families, labels, latencies);
    }
    sizes(families, labels, export.images());
    host(families, labels, export.images());
    client(families, labels, export);
    stalls(families, labels, export.name());
  }

  private static String name(Operation operation) {
    return operation.name().toLowerCase(Locale.ROOT);
  }

  private static void requests(Families families, Labels labels, OperationUsage usage) {
    families.counter(
        "platter_requests",
        "Requests of guests to disks that completed, also those that failed.",
        labels,
        usage.requests());
    families.counter(
        "platter_request_bytes",
        "Bytes that requests covered which did not fail.",
        labels,
        usage.bytes());
    for (BlockError kind : BlockError.values()) {
      families.counter(
          "platter_request_errors",
          "Requests that failed, by kind of error.",
          labels.add("error", kind.toString()),
          usage.errors().getOrDefault(kind, 0L));
    }
  }

  private static void latencies(Families families, Labels labels, BlockLatencies latencies) {
    for (Operation operation : Operation.values()) {
      families.seconds(
          "platter_request_duration_seconds",
          "Time from the submission of a request to the image to its completion.",
          labels.add("operation", name(operation)),
          latencies.of(operation));
    }
    families.distribution(
        "platter_queue_depth_requests",
        "Requests in flight on the same disk and loop when one was submitted, itself counted.",
        labels,
        latencies.depth());
  }

  private static void sizes(Families families, Labels labels, List<BlockBackend> images) {
    for (int disk = 0; disk < images.size(); disk++) {
      families.gauge(
          "platter_image_size_bytes",
          "Size of a disk as guests see it.",
          labels.add("disk", Integer.toString(disk)),
          images.get(disk).sizeBytes());
    }
  }

  /** The host's figures of the images. */
  private static void host(Families families, Labels labels, List<BlockBackend> images) {
    List<HostFigures> each = images.stream().map(BlockBackend::hostFigures).toList();
    HostFigures all = each.stream().reduce(HostFigures.NONE, HostFigures::plus);
    families.gauge(
        "platter_slow_requests_in_flight",
        "Requests that the host has had for more than 5 seconds.",
        labels,
        all.slowRequests());
    families.counter(
        "platter_slow_requests",
        "Requests that the host had for more than 5 seconds.",
        labels,
        all.slowRequestsEver());
    families.counter(
        "platter_discards_refused",
        "Parts of discards that the host refused; the guest is not told.",
        labels,
        all.discardsRefused());
    families.gauge(
        "platter_buffer_bytes",
        "Memory held by buffers for requests that cannot use the guest's own.",
        labels,
        all.bufferBytes());
    for (int disk = 0; disk < each.size(); disk++) {
      families.gauge(
          "platter_flush_failed",
          "Whether a flush has failed, and all fail until the image is opened again: 0 or 1.",
          labels.add("disk", Integer.toString(disk)),
          each.get(disk).flushFailed() ? 1 : 0);
    }
  }

  private static void client(Families families, Labels labels, ExportView export) {
    families.gauge(
        "platter_client_connected",
        "Whether a client is connected: 0 or 1.",
        labels,
        export.connected() ? 1 : 0);
    families.counter(
        "platter_client_connections", "Clients accepted.", labels, export.connections());
    families.counter(
        "platter_client_drops",
        "Clients disconnected for what they did, or whose connection broke.",
        labels,
        export.droppedConnections());
  }

  private void stalls(Families families, Labels labels, String export) {
    source
        .stalls(export)
        .forEach((cause, count) ->
            families.counter(
                "platter_stalls",
                "Requests of which one stage took longer than a millisecond, by cause.",
                labels.add("cause", cause.toString()),
                count));
  }
}
