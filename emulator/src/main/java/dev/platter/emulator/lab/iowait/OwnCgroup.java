package dev.platter.emulator.lab.iowait;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/** Finds the directory of this process' cgroup. */
public final class OwnCgroup {
  private static final String UNIFIED = "0::";
  private static final int ROOT = 3;
  private static final int MOUNT_POINT = 4;

  private OwnCgroup() {}

  /** The directory, or null if there is none or it is not mounted where it can be seen. */
  static @Nullable Path find() {
    try {
      return find(
          Files.readAllLines(Path.of("/proc/self/cgroup")),
          Files.readAllLines(Path.of("/proc/self/mountinfo")));
    } catch (IOException e) {
      return null;
    }
  }

  /**
   * The directory in the version 2 hierarchy, from the lines of both files.
   *
   * @param cgroup of {@code /proc/self/cgroup}
   * @param mountinfo of {@code /proc/self/mountinfo}
   */
  public static @Nullable Path find(List<String> cgroup, List<String> mountinfo) {
    String own = null;
    for (String line : cgroup) {
      if (line.startsWith(UNIFIED)) {
        own = line.substring(UNIFIED.length());
      }
    }
    return mounted(own, mountinfo, (type, options) -> type.equals("cgroup2"));
  }

  /**
   * The directory in the version 1 hierarchy of a controller, from the lines of both files.
   *
   * @param controller such as {@code memory}
   */
  public static @Nullable Path find(
      List<String> cgroup, List<String> mountinfo, String controller) {
    String own = null;
    for (String line : cgroup) {
      String[] fields = line.split(":", 3);
      if (fields.length == 3 && List.of(fields[1].split(",", -1)).contains(controller)) {
        own = fields[2];
      }
    }
    return mounted(
        own,
        mountinfo,
        (type, options) ->
            type.equals("cgroup") && List.of(options.split(",", -1)).contains(controller));
  }

  private static @Nullable Path mounted(
      @Nullable String own, List<String> mountinfo, BiPredicate<String, String> hierarchy) {
    // A path that leads out of the cgroup namespace begins with "/..".
    if (own == null || !own.startsWith("/") || own.startsWith("/..")) {
      return null;
    }
    for (String line : mountinfo) {
      String[] halves = line.split(" - ", 2);
      String[] mount = halves[0].split(" ", -1);
      String[] filesystem = halves.length == 2 ? halves[1].split(" ", 3) : new String[0];
      if (filesystem.length == 3
          && hierarchy.test(filesystem[0], filesystem[2])
          && mount.length > MOUNT_POINT) {
        String below = below(unescape(mount[ROOT]), own);
        if (below != null) {
          return Path.of(unescape(mount[MOUNT_POINT]) + below);
        }
      }
    }
    return null;
  }

  /** What is left of {@code path} below {@code root}, with its slash; null if it is not below. */
  private static @Nullable String below(String root, String path) {
    if (root.equals("/")) {
      return path.equals("/") ? "" : path;
    }
    if (!path.startsWith(root)) {
      return null;
    }
    String rest = path.substring(root.length());
    return rest.isEmpty() || rest.startsWith("/") ? rest : null;
  }

  /** proc(5): blanks, tabs, newlines and backslashes are octal. */
  private static String unescape(String field) {
    return field
        .replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\");
  }
}
