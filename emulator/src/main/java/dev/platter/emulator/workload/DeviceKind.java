package dev.platter.emulator.workload;

import java.util.Locale;

/** What stands between a workload and its image. */
public enum DeviceKind {
  /** Nothing: the ring itself. */
  RAW,
  /** A SATA disk on an AHCI controller, on the main loop. */
  AHCI,
  /** A virtio-blk disk on virtio-mmio, on IOThreads. */
  VIRTIO;

  /** As the command line and the JSON name it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
