package dev.platter.emulator.result.page;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The colours of rows and series, as classes of the style sheet. A device has the same wherever it
 * is drawn; what is no device takes those that devices leave.
 */
final class Colours {
  /** None is preferred. */
  static final int ANY = 0;

  static final int VIRTIO = 1;
  static final int AHCI = 2;
  static final int RAW = 3;
  static final int DEAF_AHCI = 4;
  static final int PEER_VIRTIO = 5;
  static final int PEER_AHCI = 6;

  /** How many there are; as many lines or bars fit one chart. */
  static final int COUNT = 6;

  // Those that devices need least come first.
  private static final int[] FREE = {5, 6, 4, 3, 2, 1};

  private Colours() {}

  /**
   * The colour that a device has.
   *
   * @param device as results name it, or as people do
   * @param peer whether it is not Platter's own
   * @param deaf whether its loop is not notified
   */
  static int preferred(String device, boolean peer, boolean deaf) {
    NamedDevice its = NamedDevice.of(device);
    return peer ? its.peerColour() : deaf ? its.deafColour() : its.colour();
  }

  /** Classes for things in order, of which no two among so many as fit a chart are the same. */
  static List<String> of(List<Integer> preferred) {
    List<String> styles = new ArrayList<>();
    for (int from = 0; from < preferred.size(); from += COUNT) {
      styles.addAll(ofChart(preferred.subList(from, Math.min(preferred.size(), from + COUNT))));
    }
    return styles;
  }

  private static List<String> ofChart(List<Integer> preferred) {
    int[] chosen = new int[preferred.size()];
    Set<Integer> taken = new HashSet<>();
    for (int i = 0; i < chosen.length; i++) {
      if (preferred.get(i) != ANY && taken.add(preferred.get(i))) {
        chosen[i] = preferred.get(i);
      }
    }
    List<String> styles = new ArrayList<>();
    for (int one : chosen) {
      int free = 0;
      while (one == ANY) {
        one = taken.add(FREE[free]) ? FREE[free] : ANY;
        free++;
      }
      styles.add("s" + one);
    }
    return styles;
  }
}
