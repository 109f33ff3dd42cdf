package dev.platter.emulator.guest;

import dev.platter.aio.loop.LoopStats;
import dev.platter.emulator.measure.stages.StageRun;
import dev.platter.emulator.measure.workload.DeviceKind;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Platter's disks for one virtual machine, served in this process. */
public interface HostDisks extends AutoCloseable {
  /** Serves disks. */
  interface Opener {
    /**
     * Serves one disk of each kind over the same image.
     *
     * @param kinds the kinds
     * @param writable whether the guest may write; there must be one kind only then
     */
    HostDisks open(Set<DeviceKind> kinds, boolean writable);
  }

  /** How QEMU attaches a disk. Its serial number is {@link GuestRun.Target#serial}. */
  VmDisk attachment(DeviceKind kind);

  /** The counters of the loop that does a disk's I/O. */
  LoopStats.Snapshot loop(DeviceKind kind);

  /** The stages of a disk's requests since the last call; null if they are not recorded. */
  @Nullable StageRun takeStages(DeviceKind kind);

  /** How many requests the images have in flight. Any thread, without waiting. */
  long inFlight();

  /** Disconnects the machine, waits for requests in flight and closes the image. Idempotent. */
  @Override
  void close();
}
