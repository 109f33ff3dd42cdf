package dev.platter.emulator.result.page;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A device as documents name it, and how pages show it. Documents are of any age and may name
 * devices that are not here: such a device is shown under its own name, behind those that are here,
 * in a colour that is left, and is compared with none.
 *
 * @param name as rows of documents have it
 * @param spoken as sentences have it
 * @param place where its rows stand, from 0
 * @param colour its own; {@link Colours#ANY} for one that is left
 * @param deafColour with its loop not notified
 * @param peerColour of the same device of another emulator
 * @param yardstick the device that sentences compare it with; null for none
 */
record NamedDevice(
    String name,
    String spoken,
    int place,
    int colour,
    int deafColour,
    int peerColour,
    @Nullable String yardstick) {
  /** The ring with no device in front. */
  static final NamedDevice RING =
      new NamedDevice("raw", "raw", 0, Colours.RAW, Colours.RAW, Colours.RAW, null);

  private static final List<NamedDevice> ALL =
      List.of(
          RING,
          new NamedDevice(
              "ahci", "SATA", 1, Colours.AHCI, Colours.DEAF_AHCI, Colours.PEER_AHCI, "virtio"),
          new NamedDevice(
              "virtio", "virtio", 2, Colours.VIRTIO, Colours.VIRTIO, Colours.PEER_VIRTIO, null));

  /** The device of a name that a document has, or that sentences have. */
  static NamedDevice of(String name) {
    return ALL.stream()
        .filter(device -> device.name.equals(name) || device.spoken.equals(name))
        .findFirst()
        .orElseGet(() ->
            new NamedDevice(name, name, ALL.size(), Colours.ANY, Colours.ANY, Colours.ANY, null));
  }

  /** Whether others are compared with it. */
  boolean isYardstick() {
    return ALL.stream().anyMatch(device -> name.equals(device.yardstick));
  }

  /** Where a row has the ratios of pairs of its runs to runs of its yardstick. */
  String ratiosKey() {
    return "ratio_to_" + yardstick + "_pairs";
  }
}
