package dev.platter.emulator.serve;

import dev.platter.devices.ahci.AhciDisk;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.devices.pci.AhciFunction;
import dev.platter.devices.virtio.blk.VirtioBlk;
import dev.platter.emulator.export.ClientSession;
import dev.platter.emulator.vfiouser.VfioUserSession;
import dev.platter.emulator.vhostuser.VhostUserSession;
import java.util.ArrayList;
import java.util.List;

/** The real devices: virtio-blk behind vhost-user, AHCI behind vfio-user. */
final class DeviceSessions implements SessionFactory {
  private static final int QUEUE_SIZE = 256;

  @Override
  public ClientSession open(ExportConfig export, Parts parts) {
    return switch (export) {
      case ExportConfig.VirtioBlk disk -> virtioBlk(disk, parts);
      case ExportConfig.Ahci controller -> ahci(controller, parts);
    };
  }

  private static ClientSession virtioBlk(ExportConfig.VirtioBlk export, Parts parts) {
    VirtioBlk.Options options = new VirtioBlk.Options(export.queues(), QUEUE_SIZE, export.serial());
    VirtioBlk device = new VirtioBlk(parts.images().getFirst(), options, parts.queueLoops());
    // Memory comes with a client, and goes with it.
    GuestMemory memory = new GuestMemory(List.of());
    return new VhostUserSession(
        device, memory, parts.mainLoop().lock(), export.name(), parts.log());
  }

  private static ClientSession ahci(ExportConfig.Ahci export, Parts parts) {
    List<AhciDisk> disks = new ArrayList<>();
    for (ExportConfig.Port port : export.ports()) {
      disks.add(
          new AhciDisk(
              parts.images().get(disks.size()), port.model(), port.serial(), port.firmware()));
    }
    GuestMemory memory = new GuestMemory(List.of());
    return new VfioUserSession(
        parts.mainLoop(),
        memory,
        new AhciFunction(memory, disks),
        export.pollMaxNanos().orElse(VfioUserSession.DEFAULT_POLL_MAX_NANOS));
  }
}
