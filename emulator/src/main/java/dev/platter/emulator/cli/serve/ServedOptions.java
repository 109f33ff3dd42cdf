package dev.platter.emulator.cli.serve;

import dev.platter.emulator.cli.shared.Settings;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ImageConfig;
import dev.platter.emulator.server.config.IoThreadConfig;
import dev.platter.emulator.server.options.Choices;
import dev.platter.emulator.server.options.ServeOptions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The options that affect how a server serves, as {@code parameters} of a document. */
final class ServedOptions {
  private ServedOptions() {}

  /** The options of the command line and the file together, those not given with their defaults. */
  static Map<String, @Nullable Object> of(ServeOptions options) {
    List<Object> exports = new ArrayList<>();
    options.config().exports().forEach(export -> exports.add(export(export)));
    List<Object> ioThreads = new ArrayList<>();
    options.config().ioThreads().forEach(ioThread -> ioThreads.add(ioThread(ioThread)));
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("exports", exports);
    map.put("iothreads", ioThreads);
    map.put("metrics", options.metrics() != null);
    map.put("io_workers", options.ioWorkers());
    map.put("confine", Choices.text(options.confine()));
    map.put("java_options", Settings.javaOptions());
    return map;
  }

  private static Map<String, @Nullable Object> export(ExportConfig export) {
    List<Object> images = new ArrayList<>();
    export.images().forEach(image -> images.add(image(image, images.size())));
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("name", export.name());
    map.put("device", export.kind().name());
    map.put("images", images);
    map.put(
        "guest_memory_bytes",
        export.guestMemoryBytes().isPresent() ? export.guestMemoryBytes().getAsLong() : null);
    map.putAll(export.parameters());
    return map;
  }

  private static Map<String, @Nullable Object> image(ImageConfig image, int index) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("index", index);
    map.put("image", image.path());
    map.put("read_only", image.options().readOnly());
    map.put("cache", image.options().cache().toString());
    map.put("discard", image.options().discard());
    map.put("logical_block_bytes", image.options().logicalBlockBytes());
    map.put("lock", image.options().lock());
    return map;
  }

  private static Map<String, @Nullable Object> ioThread(IoThreadConfig ioThread) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("name", ioThread.id());
    map.put("cpu", ioThread.cpu() == IoThreadConfig.ANY_CPU ? null : ioThread.cpu());
    map.put("poll_max_us", ioThread.loop().pollMaxNanos() / 1e3);
    map.put("ring_flags", ioThread.loop().flags().stream().sorted().map(Choices::text).toList());
    return map;
  }
}
