package dev.platter.emulator.server.config;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * What one export was told, with defaults for what every kind of device has.
 *
 * @param name what events call it
 * @param endpoint where its clients come from
 * @param images at least one, and more only if its kind takes several
 * @param guestMemoryBytes how much memory a client may lend; empty for the default
 * @param pollMaxNanos how long its loop or thread polls at most; empty for the kind's default
 * @param own values of its kind's own options, by key, in order; without those not given
 */
public record ExportOptions(
    String name,
    Endpoint endpoint,
    List<Image> images,
    OptionalLong guestMemoryBytes,
    OptionalLong pollMaxNanos,
    Map<String, List<String>> own) {
  /**
   * An image, and what its disk calls itself.
   *
   * @param own values of its kind's own options for images, by key; without those not given
   */
  public record Image(ImageConfig image, String serial, Map<String, String> own) {
    /** Copies the map. */
    public Image {
      own = Map.copyOf(own);
    }
  }

  /** Copies what may change. */
  public ExportOptions {
    images = List.copyOf(images);
    own = Map.copyOf(own);
  }

  /** The values of one of the kind's own options; empty if it is not given. */
  public List<String> values(String key) {
    return own.getOrDefault(key, List.of());
  }

  /** The number that one of the kind's own options is set to. */
  public int number(String key, int otherwise) {
    List<String> values = values(key);
    return values.isEmpty() ? otherwise : Integer.parseInt(values.getLast());
  }
}
