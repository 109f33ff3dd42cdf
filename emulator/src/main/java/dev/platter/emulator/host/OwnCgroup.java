package dev.platter.emulator.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Finds the directory of this process' cgroup. */
public final class OwnCgroup {
  private static final String UNIFIED = "0::";

  private OwnCgroup() {}

  /** The directory, or null if there is none or it is not mounted in this mount namespace. */
  public static @Nullable Path find() {
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
    return mounted(own, mountinfo, line -> line.type().equals("cgroup2"));
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
        line ->
            line.type().equals("cgroup")
                && List.of(line.fileSystemOptions().split(",", -1)).contains(controller));
  }

  private static @Nullable Path mounted(
      @Nullable String own, List<String> mountinfo, Predicate<MountLine> hierarchy) {
    // A path that leads out of the cgroup namespace begins with "/..".
    if (own == null || !own.startsWith("/") || own.startsWith("/..")) {
      return null;
    }
    for (String text : mountinfo) {
      MountLine line = MountLine.parse(text);
      if (line != null && hierarchy.test(line)) {
        String below = below(line.root(), own);
        if (below != null) {
          return Path.of(line.point() + below);
        }
      }
    }
    return null;
  }

  /** The part of {@code path} below {@code root}, with its slash; null if the path is not below. */
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
}
