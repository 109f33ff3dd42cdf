package dev.platter.emulator.server.config;

import dev.platter.aio.PlatterException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What a server serves.
 *
 * @param ioThreads IOThreads that exports name; those that an export has to itself come on top
 * @param exports the devices, at least one
 */
public record ServeConfig(List<IoThreadConfig> ioThreads, List<ExportConfig> exports) {
  /** The name of the loop that no export or IOThread may share. */
  static final String MAIN_LOOP = "main-loop";

  /**
   * Checks what can be checked without opening anything; it follows links in the directories of
   * sockets.
   *
   * @throws PlatterException of kind BAD_INPUT if the parts do not fit together
   */
  public ServeConfig {
    ioThreads = List.copyOf(ioThreads);
    exports = List.copyOf(exports);
    Mistakes mistakes = new Mistakes();
    conflicts(ioThreads, exports).forEach(conflict -> mistakes.add(conflict.failure()));
    gaps(ioThreads, exports).forEach(gap -> mistakes.add(gap.failure()));
    mistakes.refuse();
  }

  /**
   * Why parts do not fit together.
   *
   * @param culprit the one that does not fit with those before it, counted from 0 through the
   *     IOThreads and on through the exports; -1 if there is no export at all
   */
  public record Conflict(int culprit, String what, String remedy) {
    /** The same as a failure. */
    public PlatterException failure() {
      return PlatterException.badInput(what, remedy);
    }
  }

  /** Why a server cannot consist of these; empty if it can. */
  public static List<Conflict> conflicts(
      List<IoThreadConfig> ioThreads, List<ExportConfig> exports) {
    List<Conflict> found = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    for (int i = 0; i < ioThreads.size(); i++) {
      String id = ioThreads.get(i).id();
      if (id.equals(MAIN_LOOP)) {
        found.add(
            new Conflict(
                i,
                "an IOThread cannot be called " + MAIN_LOOP + ", as the main loop is",
                "Give it another id="));
      } else if (!ids.add(id)) {
        found.add(new Conflict(i, "two IOThreads are called " + id, "Give each its own id="));
      }
    }
    Set<String> names = new HashSet<>();
    Set<Endpoint> endpoints = new HashSet<>();
    for (int i = 0; i < exports.size(); i++) {
      found.addAll(conflicts(exports.get(i), ioThreads.size() + i, ids, names, endpoints));
    }
    return found;
  }

  /** What is missing for a server to consist of these, were they all; empty if nothing is. */
  public static List<Conflict> gaps(List<IoThreadConfig> ioThreads, List<ExportConfig> exports) {
    if (exports.isEmpty()) {
      return List.of(
          new Conflict(
              -1,
              "there is nothing to serve",
              "--export virtio-blk,image=disk.img,socket=vda.sock"));
    }
    List<Conflict> found = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    ioThreads.forEach(ioThread -> ids.add(ioThread.id()));
    Set<String> used = new HashSet<>();
    for (int i = 0; i < exports.size(); i++) {
      used.addAll(named(exports.get(i)));
      found.addAll(missing(exports.get(i), ioThreads.size() + i, ids));
    }
    for (int i = 0; i < ioThreads.size(); i++) {
      if (!used.contains(ioThreads.get(i).id())) {
        found.add(
            new Conflict(
                i,
                "no export runs on IOThread " + ioThreads.get(i).id(),
                "Add iothread= to a virtio-blk export, or leave the --iothread out"));
      }
    }
    return found;
  }

  /**
   * Checks whether one more export fits to those of a server.
   *
   * @param ids the IOThreads that it may name
   * @throws PlatterException of kind BAD_INPUT if it does not
   */
  public static void checkAddition(ExportConfig added, List<ExportConfig> others, Set<String> ids) {
    Set<String> names = new HashSet<>();
    Set<Endpoint> endpoints = new HashSet<>();
    for (ExportConfig other : others) {
      names.add(other.name());
      endpoints.add(comparable(other.endpoint()));
    }
    Mistakes mistakes = new Mistakes();
    conflicts(added, others.size(), ids, names, endpoints)
        .forEach(conflict -> mistakes.add(conflict.failure()));
    missing(added, others.size(), ids).forEach(gap -> mistakes.add(gap.failure()));
    mistakes.refuse();
  }

  private static List<Conflict> conflicts(
      ExportConfig export, int index, Set<String> ids, Set<String> names, Set<Endpoint> endpoints) {
    List<Conflict> found = new ArrayList<>();
    if (export.name().equals(MAIN_LOOP)) {
      found.add(
          new Conflict(
              index,
              "an export cannot be called " + MAIN_LOOP + ", as the main loop is",
              "Give it another name="));
    } else if (!names.add(export.name())) {
      found.add(
          new Conflict(
              index, "two exports are called " + export.name(), "Give each its own name="));
    }
    if (isOwn(export.endpoint()) && !endpoints.add(comparable(export.endpoint()))) {
      found.add(
          new Conflict(
              index,
              "export " + export.name() + ": another export listens on " + export.endpoint(),
              "Give each export its own socket"));
    }
    String name = export.name();
    switch (export.loop()) {
      case ExportLoop.OwnMainLoop _ -> {
        if (ids.contains(name)) {
          found.add(
              new Conflict(
                  index,
                  "export " + name + " has a loop of its own, called as an IOThread",
                  "Give one of them another name"));
        }
      }
      case ExportLoop.OwnIoThread _ -> {
        if (ids.contains(name)) {
          found.add(
              new Conflict(
                  index,
                  "export " + name + " has an IOThread of its own, called as another is",
                  "Give the export iothread=" + name + ", or one of them another name"));
        }
      }
      case ExportLoop.IoThreads its -> {
        if (its.count() > its.queues()) {
          found.add(
              new Conflict(
                  index,
                  "export " + name + " has more IOThreads than queues",
                  "Give it queues=" + its.count() + ", or fewer iothread="));
        }
      }
    }
    return found;
  }

  /** The IOThreads of the server's that an export runs on. */
  private static List<String> named(ExportConfig export) {
    return export.loop() instanceof ExportLoop.IoThreads its ? its.ids() : List.of();
  }

  private static List<Conflict> missing(ExportConfig export, int index, Set<String> ids) {
    return named(export).stream()
        .distinct()
        .filter(id -> !ids.contains(id))
        .map(id ->
            new Conflict(
                index,
                "export " + export.name() + ": there is no IOThread " + id,
                "Add --iothread id=" + id))
        .toList();
  }

  /** How many disks it has in all. */
  public int disks() {
    return exports.stream().mapToInt(export -> export.images().size()).sum();
  }

  /** A server without IOThreads but those that exports have to themselves. */
  public static ServeConfig of(ExportConfig... exports) {
    return new ServeConfig(List.of(), List.of(exports));
  }

  /** Any number of exports may say "the next one from systemd". */
  private static boolean isOwn(Endpoint endpoint) {
    return !(endpoint instanceof Endpoint.Activated);
  }

  private static Endpoint comparable(Endpoint endpoint) {
    return endpoint instanceof Endpoint.SocketPath(Path path)
        ? new Endpoint.SocketPath(Endpoint.place(path))
        : endpoint;
  }
}
