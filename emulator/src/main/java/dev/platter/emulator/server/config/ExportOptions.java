package dev.platter.emulator.server.config;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * The options of one export, with defaults for those that every kind of device has.
 *
 * @param name its name in events
 * @param endpoint the place that its clients connect to
 * @param images at least one, and more only if its kind takes several
 * @param guestMemoryBytes the limit of a client's memory in bytes; empty for the default
 * @param pollMaxNanos how long its loop or thread polls at most; empty for the kind's default
 * @param own values of its kind's own options, by key, in order; only given ones
 */
public record ExportOptions(
    String name,
    Endpoint endpoint,
    List<Image> images,
    OptionalLong guestMemoryBytes,
    OptionalLong pollMaxNanos,
    Map<String, List<String>> own) {
  /**
   * An image, and the serial number of its disk.
   *
   * @param own values of its kind's own options for images, by key; only given ones
   */
  public record Image(ImageConfig image, String serial, Map<String, String> own) {
    /** Copies the map. */
    public Image {
      own = Map.copyOf(own);
    }
  }

  /** Copies the lists and the map. */
  public ExportOptions {
    images = List.copyOf(images);
    own = Map.copyOf(own);
  }

  /** The values of one of the kind's own options; empty if it is not given. */
  public List<String> values(String key) {
    return own.getOrDefault(key, List.of());
  }

  /** The value of a numeric option of the kind. */
  public int number(String key, int otherwise) {
    List<String> values = values(key);
    return values.isEmpty() ? otherwise : Integer.parseInt(values.getLast());
  }
}
