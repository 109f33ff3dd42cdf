package dev.platter.emulator.serve;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.TraceEvents;
import dev.platter.devices.ahci.AhciDisk;
import dev.platter.devices.ahci.AhciLoop;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.devices.pci.AhciFunction;
import dev.platter.devices.virtio.blk.VirtioBlk;
import dev.platter.emulator.export.ClientSession;
import dev.platter.emulator.export.Refusals;
import dev.platter.emulator.host.MemoryLimit;
import dev.platter.emulator.trace.TracedDevice;
import dev.platter.emulator.vfiouser.VfioUserSession;
import dev.platter.emulator.vhostuser.VhostUserSession;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The real devices: virtio-blk behind vhost-user, AHCI behind vfio-user. */
final class DeviceSessions implements SessionFactory {
  private final ServerOptions options;
  private final Map<String, ExportStages> stages = new ConcurrentHashMap<>();

  /**
   * Makes devices.
   *
   * @param options what is recorded of their requests
   */
  DeviceSessions(ServerOptions options) {
    this.options = options;
    if (options.recordsStages()) {
      TraceEvents.want();
    }
  }

  @Override
  public @Nullable ExportStages stages(String export) {
    return stages.get(export);
  }

  @Override
  public void forget(String export) {
    stages.remove(export);
  }

  private ExportStages recorded(String export, TracedDevice device, List<AioContext> loops) {
    ExportStages made = new ExportStages(export, device, loops);
    stages.put(export, made);
    return made;
  }

  @Override
  public ClientSession open(ExportConfig export, Parts parts) {
    if (options.recordsLatencies()) {
      parts.images().forEach(image -> image.meter().measureLatencies());
    }
    return switch (export) {
      case ExportConfig.VirtioBlk disk -> virtioBlk(disk, parts);
      case ExportConfig.Ahci controller -> ahci(controller, parts);
    };
  }

  private ClientSession virtioBlk(ExportConfig.VirtioBlk export, Parts parts) {
    VirtioBlk.Options disk =
        new VirtioBlk.Options(export.queues(), export.queueSize(), export.serial());
    VirtioBlk device = new VirtioBlk(parts.images().getFirst(), disk, parts.loops());
    if (options.recordsStages()) {
      device.trace(
          recorded(export.name(), TracedDevice.VIRTIO.served(Stamp.HANDLED), parts.loops()));
    }
    // Memory comes with a client, and goes with it.
    GuestMemory memory = new GuestMemory(List.of());
    return new VhostUserSession(
        device, memory, parts.mainLoop().lock(), mostLent(export), export.name(), parts.log());
  }

  private static long mostLent(ExportConfig export) {
    return export
        .guestMemoryBytes()
        .orElseGet(() -> Math.min(MemoryLimit.ofOwnCgroup(), ExportConfig.MAX_LENT_BYTES));
  }

  private ClientSession ahci(ExportConfig.Ahci export, Parts parts) {
    List<AhciDisk> disks = new ArrayList<>();
    for (ExportConfig.Port port : export.ports()) {
      disks.add(
          new AhciDisk(
              parts.images().get(disks.size()), port.model(), port.serial(), port.firmware()));
    }
    GuestMemory memory = new GuestMemory(List.of());
    AhciFunction function =
        new AhciFunction(memory, disks, AhciLoop.of(parts.mainLoop().context()));
    if (options.recordsStages()) {
      function.trace(recorded(export.name(), TracedDevice.AHCI.served(Stamp.EXIT), parts.loops()));
    }
    return new VfioUserSession(
        parts.mainLoop(),
        memory,
        mostLent(export),
        function,
        export.pollMaxNanos().orElse(VfioUserSession.DEFAULT_POLL_MAX_NANOS),
        new Refusals(parts.log(), export.name()));
  }
}
