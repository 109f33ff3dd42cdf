package dev.platter.emulator.serve;

import dev.platter.aio.PlatterException;
import java.nio.file.Path;
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
  /**
   * Checks what can be checked without looking at the host.
   *
   * @throws PlatterException of kind BAD_INPUT if the parts do not fit together
   */
  public ServeConfig {
    ioThreads = List.copyOf(ioThreads);
    exports = List.copyOf(exports);
    if (exports.isEmpty()) {
      throw PlatterException.badInput(
          "there is nothing to serve", "--export virtio-blk,image=disk.img,socket=vda.sock");
    }
    Set<String> ids = checkIoThreads(ioThreads);
    Set<String> used = new HashSet<>();
    Set<String> names = new HashSet<>();
    Set<Endpoint> endpoints = new HashSet<>();
    for (ExportConfig export : exports) {
      if (!names.add(export.name())) {
        throw PlatterException.badInput(
            "two exports are called " + export.name(), "Give each its own name=");
      }
      if (isOwn(export.endpoint()) && !endpoints.add(comparable(export.endpoint()))) {
        throw PlatterException.badInput(
            "export " + export.name() + ": another export listens on " + export.endpoint(),
            "Give each export its own socket");
      }
      if (export instanceof ExportConfig.VirtioBlk disk) {
        checkIoThreadsOf(disk, ids);
        used.addAll(disk.ioThreads());
      }
    }
    ids.removeAll(used);
    if (!ids.isEmpty()) {
      throw PlatterException.badInput(
          "no export runs on IOThread " + String.join(", ", ids),
          "Add iothread= to a virtio-blk export, or leave the --iothread out");
    }
  }

  /** A server without IOThreads but those that exports have to themselves. */
  public static ServeConfig of(ExportConfig... exports) {
    return new ServeConfig(List.of(), List.of(exports));
  }

  private static Set<String> checkIoThreads(List<IoThreadConfig> ioThreads) {
    Set<String> ids = new HashSet<>();
    for (IoThreadConfig ioThread : ioThreads) {
      if (!ids.add(ioThread.id())) {
        throw PlatterException.badInput(
            "two IOThreads are called " + ioThread.id(), "Give each its own id=");
      }
    }
    return ids;
  }

  private static void checkIoThreadsOf(ExportConfig.VirtioBlk disk, Set<String> ids) {
    for (String id : disk.ioThreads()) {
      if (!ids.contains(id)) {
        throw PlatterException.badInput(
            "export " + disk.name() + ": there is no IOThread " + id, "Add --iothread id=" + id);
      }
    }
    if (disk.ioThreads().isEmpty() && ids.contains(disk.name())) {
      throw PlatterException.badInput(
          "export " + disk.name() + " has an IOThread of its own, called as another is",
          "Give the export iothread=" + disk.name() + ", or one of them another name");
    }
    if (disk.ioThreads().size() > disk.queues()) {
      throw PlatterException.badInput(
          "export " + disk.name() + " has more IOThreads than queues",
          "Give it queues=" + disk.ioThreads().size() + ", or fewer iothread=");
    }
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
