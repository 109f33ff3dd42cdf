package dev.platter.emulator.host;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A file system where it is mounted.
 *
 * @param point the directory
 * @param type as the kernel names it
 * @param source what is mounted, such as {@code /dev/sda1}
 * @param options those of the mount and those of the file system, separated by commas, each once
 */
public record Mount(String point, String type, String source, String options) {
  private static final int POINT = 4;
  private static final int OPTIONS = 5;

  /**
   * The mount that a file lies on.
   *
   * @param mountinfo the lines of {@code /proc/self/mountinfo}
   * @param path the file's absolute path, without links
   * @return null if the lines have none
   */
  static @Nullable Mount of(List<String> mountinfo, String path) {
    Mount found = null;
    for (String line : mountinfo) {
      String[] halves = line.split(" - ", 2);
      String[] mount = halves[0].split(" ", -1);
      String[] filesystem = halves.length == 2 ? halves[1].split(" ", 3) : new String[0];
      if (mount.length > OPTIONS && filesystem.length == 3) {
        String point = unescaped(mount[POINT]);
        // Of several on one directory the last hides the others.
        if (holds(point, path) && (found == null || point.length() >= found.point.length())) {
          found =
              new Mount(
                  point,
                  filesystem[0],
                  unescaped(filesystem[1]),
                  options(mount[OPTIONS], filesystem[2]));
        }
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

  /** proc(5): blanks, tabs, newlines and backslashes are octal. */
  private static String unescaped(String field) {
    return field
        .replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\");
  }
}
