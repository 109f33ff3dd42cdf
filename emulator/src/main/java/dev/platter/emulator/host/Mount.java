package dev.platter.emulator.host;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A mounted file system.
 *
 * @param point the directory
 * @param type as the kernel names it
 * @param source the mounted device, such as {@code /dev/sda1}
 * @param options the options of the mount and of the file system, separated by commas, each once
 */
public record Mount(String point, String type, String source, String options) {
  /**
   * The mount that a file lies on.
   *
   * @param mountinfo the lines of {@code /proc/self/mountinfo}
   * @param path the file's absolute path, without links
   * @return null if the lines have none
   */
  static @Nullable Mount of(List<String> mountinfo, String path) {
    Mount found = null;
    for (String text : mountinfo) {
      MountLine line = MountLine.parse(text);
      // Of several mounts on one directory, the last hides the others.
      if (line != null
          && holds(line.point(), path)
          && (found == null || line.point().length() >= found.point.length())) {
        found =
            new Mount(
                line.point(),
                line.type(),
                line.source(),
                options(line.options(), line.fileSystemOptions()));
      }
    }
    return found;
  }

  private static boolean holds(String point, String path) {
    return point.equals("/") || path.equals(point) || path.startsWith(point + "/");
  }

  private static String options(String ofMount, String ofFileSystem) {
    Set<String> options = new LinkedHashSet<>(List.of(ofMount.split(",", -1)));
    options.addAll(List.of(ofFileSystem.strip().split(",", -1)));
    return String.join(",", options);
  }
}
