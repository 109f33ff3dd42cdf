package dev.platter.emulator.guest;

import dev.platter.aio.loop.LoopStats;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.guest.GuestRun.Backend;
import dev.platter.emulator.guest.GuestRun.Target;
import dev.platter.emulator.measure.stages.StageRun;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.server.Server;
import dev.platter.emulator.server.StartListener;
import dev.platter.emulator.server.SystemdSockets;
import dev.platter.emulator.server.config.AhciExport;
import dev.platter.emulator.server.config.Endpoint;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ImageConfig;
import dev.platter.emulator.server.config.ServeConfig;
import dev.platter.emulator.server.config.ServerOptions;
import dev.platter.emulator.server.config.VirtioBlkExport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Disks served in this process, by the same server as {@code platter serve}. */
public final class ServedDisks implements HostDisks {
  private final Server server;
  private final Path directory;
  private final int queues;

  private ServedDisks(Server server, Path directory, int queues) {
    this.server = server;
    this.directory = directory;
    this.queues = queues;
  }

  /**
   * Serves disks on sockets in a directory.
   *
   * @param directory a directory that only its owner may enter
   * @param image a raw image or block device
   * @param how changes the default options of opening the image
   * @param queues virtqueues of a virtio disk
   * @param pollMaxNanos longest busy poll of a virtio disk's IOThread; empty for the default
   * @param recordsStages whether to record the stages of each request's way
   * @param log gets the events
   */
  public static Opener opener(
      Path directory,
      Path image,
      UnaryOperator<ImageOptions> how,
      int queues,
      OptionalLong pollMaxNanos,
      boolean recordsStages,
      EventLog log) {
    return (kinds, writable) -> {
      ImageOptions options = how.apply(writable ? ImageOptions.WRITABLE : ImageOptions.READ_ONLY);
      List<ExportConfig> exports = new ArrayList<>();
      for (DeviceKind kind : kinds) {
        exports.add(export(kind, directory, image.toString(), options, queues, pollMaxNanos));
      }
      if (exports.isEmpty()) {
        return new NoDisks();
      }
      Server server =
          Server.start(
              new ServeConfig(List.of(), exports),
              log,
              SystemdSockets.none(),
              new ServerOptions(recordsStages, false),
              StartListener.NOBODY);
      return new ServedDisks(server, directory, queues);
    };
  }

  private static ExportConfig export(
      DeviceKind kind,
      Path directory,
      String image,
      ImageOptions options,
      int queues,
      OptionalLong pollMaxNanos) {
    String name = name(kind);
    Path socket = socket(directory, kind);
    return switch (kind) {
      case AHCI -> AhciExport.at(socket, name, image, options);
      case VIRTIO ->
          new VirtioBlkExport(
              name,
              new Endpoint.SocketPath(socket),
              new ImageConfig(image, options),
              name,
              queues,
              List.of(),
              pollMaxNanos);
      case RAW -> throw new IllegalArgumentException("no guest sees " + kind);
    };
  }

  /** The export's name, which is also its disk's serial number. */
  private static String name(DeviceKind kind) {
    return new Target(Backend.PLATTER, kind).serial();
  }

  private static Path socket(Path directory, DeviceKind kind) {
    return directory.resolve(kind + ".sock");
  }

  @Override
  public VmDisk attachment(DeviceKind kind) {
    return switch (kind) {
      case AHCI -> new VmDisk.VfioUser("platterahci", socket(directory, kind));
      case VIRTIO -> new VmDisk.VhostUser("plattervirtio", socket(directory, kind), queues, false);
      case RAW -> throw new IllegalArgumentException("no guest sees " + kind);
    };
  }

  @Override
  public LoopStats.Snapshot loop(DeviceKind kind) {
    String name = name(kind);
    return server.loops().stream()
        .filter(loop -> loop.name().equals(name))
        .findFirst()
        .orElseThrow()
        .counts();
  }

  @Override
  public @Nullable StageRun takeStages(DeviceKind kind) {
    return server.takeStages(name(kind));
  }

  @Override
  public long inFlight() {
    return server.exports().stream()
        .flatMap(export -> export.images().stream())
        .distinct()
        .mapToLong(image -> image.meter().usage().inFlight())
        .sum();
  }

  @Override
  public void close() {
    server.close();
  }

  /** For machines without Platter's disks. */
  private static final class NoDisks implements HostDisks {
    @Override
    public VmDisk attachment(DeviceKind kind) {
      throw new IllegalStateException("nothing is served");
    }

    @Override
    public LoopStats.Snapshot loop(DeviceKind kind) {
      throw new IllegalStateException("nothing is served");
    }

    @Override
    public @Nullable StageRun takeStages(DeviceKind kind) {
      throw new IllegalStateException("nothing is served");
    }

    @Override
    public long inFlight() {
      return 0;
    }

    @Override
    public void close() {
      // Nothing to close.
    }
  }
}
