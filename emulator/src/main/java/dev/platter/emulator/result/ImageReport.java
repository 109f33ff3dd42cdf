package dev.platter.emulator.result;

import dev.platter.aio.file.FileFacts;
import dev.platter.devices.block.DirectWrites;
import dev.platter.devices.block.Extents;
import dev.platter.devices.block.ImageInfo;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An image as {@code docs/json.md} has it: the {@code image} of an environment. */
public final class ImageReport {
  /** The type of a disk that lies in memory. */
  static final String MEMORY = "memory";

  private ImageReport() {}

  /** The image as an ordered map for JSON. */
  public static Map<String, @Nullable Object> toMap(ImageInfo info) {
    FileFacts facts = info.facts();
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("path", info.path());
    map.put("type", lower(facts.type()));
    map.put("size_bytes", facts.sizeBytes());
    map.put("allocated_bytes", facts.allocatedBytes());
    map.put("filesystem", facts.filesystem());
    map.put("allocation", lower(info.allocation()));
    map.put("extents", info.extents().isPresent() ? extents(info.extents().get()) : null);
    map.put("o_direct", info.direct().isPresent() ? direct(info.direct().get()) : null);
    map.put("lock_holders", info.lockHolders());
    map.put("direct_writes_punted", punted(info.directWrites()));
    map.put("unusable_because", info.unusable().orElse(null));
    return map;
  }

  /** A disk in memory: of what a file has beside its size, it has nothing. */
  public static Map<String, @Nullable Object> ofMemory(String name, long sizeBytes) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("path", name);
    map.put("type", MEMORY);
    map.put("size_bytes", sizeBytes);
    return map;
  }

  private static Map<String, Object> extents(Extents extents) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("count", extents.count());
    map.put("written_bytes", extents.writtenBytes());
    map.put("unwritten_bytes", extents.unwrittenBytes());
    map.put("hole_bytes", extents.holeBytes());
    map.put("beyond_end_bytes", extents.beyondEndBytes());
    map.put("shared_bytes", extents.sharedBytes());
    return map;
  }

  private static Map<String, Object> direct(ImageInfo.Direct direct) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("memory_alignment_bytes", direct.memoryAlignmentBytes());
    map.put("offset_alignment_bytes", direct.offsetAlignmentBytes());
    return map;
  }

  private static Map<String, Object> punted(DirectWrites writes) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("verdict", lower(writes.verdict()));
    map.put("reason", writes.reason());
    return map;
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
