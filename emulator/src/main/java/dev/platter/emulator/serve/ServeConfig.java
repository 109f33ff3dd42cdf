package dev.platter.emulator.serve;

import dev.platter.aio.PlatterException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

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
   * Checks what can be checked without looking at the host.
   *
   * @throws PlatterException of kind BAD_INPUT if the parts do not fit together
   */
  public ServeConfig {
    ioThreads = List.copyOf(ioThreads);
    exports = List.copyOf(exports);
    Conflict conflict = conflict(ioThreads, exports);
    if (conflict != null) {
      throw conflict.failure();
    }
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

  /** Why a server cannot consist of these; null if it can. */
  public static @Nullable Conflict conflict(
      List<IoThreadConfig> ioThreads, List<ExportConfig> exports) {
    if (exports.isEmpty()) {
      return new Conflict(
          -1, "there is nothing to serve", "--export virtio-blk,image=disk.img,socket=vda.sock");
    }
    Set<String> ids = new HashSet<>();
    for (IoThreadConfig ioThread : ioThreads) {
      if (ioThread.id().equals(MAIN_LOOP)) {
        return new Conflict(
            ioThreads.indexOf(ioThread),
            "an IOThread cannot be called " + MAIN_LOOP + ", as the main loop is",
            "Give it another id=");
      }
      if (!ids.add(ioThread.id())) {
        return new Conflict(
            ioThreads.lastIndexOf(ioThread),
            "two IOThreads are called " + ioThread.id(),
            "Give each its own id=");
      }
    }
    Set<String> names = new HashSet<>();
    Set<Endpoint> endpoints = new HashSet<>();
    for (int i = 0; i < exports.size(); i++) {
      Conflict conflict = conflict(exports.get(i), ioThreads.size() + i, ids, names, endpoints);
      if (conflict != null) {
        return conflict;
      }
    }
    return idle(ioThreads, exports);
  }

  /**
   * Checks whether one more export fits to those of a server.
   *
   * @param ids the IOThreads that it may name
   * @throws PlatterException of kind BAD_INPUT if it does not
   */
  static void checkAddition(ExportConfig added, List<ExportConfig> others, Set<String> ids) {
    Set<String> names = new HashSet<>();
    Set<Endpoint> endpoints = new HashSet<>();
    for (ExportConfig other : others) {
      names.add(other.name());
      endpoints.add(comparable(other.endpoint()));
    }
    Conflict conflict = conflict(added, others.size(), ids, names, endpoints);
    if (conflict != null) {
      throw conflict.failure();
    }
  }

  private static @Nullable Conflict conflict(
      ExportConfig export, int index, Set<String> ids, Set<String> names, Set<Endpoint> endpoints) {
    if (export.name().equals(MAIN_LOOP)) {
      return new Conflict(
          index,
          "an export cannot be called " + MAIN_LOOP + ", as the main loop is",
          "Give it another name=");
    }
    if (!names.add(export.name())) {
      return new Conflict(
          index, "two exports are called " + export.name(), "Give each its own name=");
    }
    if (isOwn(export.endpoint()) && !endpoints.add(comparable(export.endpoint()))) {
      return new Conflict(
          index,
          "export " + export.name() + ": another export listens on " + export.endpoint(),
          "Give each export its own socket");
    }
    return switch (export) {
      case ExportConfig.VirtioBlk disk -> ioThreadConflict(disk, index, ids);
      case ExportConfig.Ahci controller ->
          ids.contains(controller.name())
              ? new Conflict(
                  index,
                  "export " + controller.name() + " has a loop of its own, called as an IOThread",
                  "Give one of them another name")
              : null;
    };
  }

  private static @Nullable Conflict ioThreadConflict(
      ExportConfig.VirtioBlk disk, int index, Set<String> ids) {
    for (String id : disk.ioThreads()) {
      if (!ids.contains(id)) {
        return new Conflict(
            index,
            "export " + disk.name() + ": there is no IOThread " + id,
            "Add --iothread id=" + id);
      }
    }
    if (disk.ioThreads().isEmpty() && ids.contains(disk.name())) {
      return new Conflict(
          index,
          "export " + disk.name() + " has an IOThread of its own, called as another is",
          "Give the export iothread=" + disk.name() + ", or one of them another name");
    }
    if (disk.ioThreads().size() > disk.queues()) {
      return new Conflict(
          index,
          "export " + disk.name() + " has more IOThreads than queues",
          "Give it queues=" + disk.ioThreads().size() + ", or fewer iothread=");
    }
    return null;
  }

  private static @Nullable Conflict idle(
      List<IoThreadConfig> ioThreads, List<ExportConfig> exports) {
    Set<String> used = new HashSet<>();
    for (ExportConfig export : exports) {
      if (export instanceof ExportConfig.VirtioBlk disk) {
        used.addAll(disk.ioThreads());
      }
    }
    for (IoThreadConfig ioThread : ioThreads) {
      if (!used.contains(ioThread.id())) {
        return new Conflict(
            ioThreads.indexOf(ioThread),
            "no export runs on IOThread " + ioThread.id(),
            "Add iothread= to a virtio-blk export, or leave the --iothread out");
      }
    }
    return null;
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
        ? new Endpoint.SocketPath(path.toAbsolutePath().normalize())
        : endpoint;
  }
}
