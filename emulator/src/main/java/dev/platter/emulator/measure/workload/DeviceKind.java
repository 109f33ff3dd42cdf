package dev.platter.emulator.measure.workload;

import dev.platter.emulator.measure.stages.TracedDevice;
import java.util.Locale;

/** The device between a workload and its image. */
public enum DeviceKind {
  /** No device: the ring itself. */
  RAW("own"),
  /** A SATA disk on an AHCI controller, on the main loop. */
  AHCI("main loop"),
  /** A virtio-blk disk on virtio-mmio, on IOThreads. */
  VIRTIO("iothread");

  private final String loop;

  DeviceKind(String loop) {
    this.loop = loop;
  }

  /** The JSON's name of the loop that does the device's I/O. */
  public String loop() {
    return loop;
  }

  /** The way of the device's requests. */
  TracedDevice traced() {
    return switch (this) {
      case RAW -> TracedDevice.RAW;
      case AHCI -> TracedDevice.AHCI;
      case VIRTIO -> TracedDevice.VIRTIO;
    };
  }

  /** Whether the doorbell is an eventfd that IOThreads wait for. */
  boolean onIoThreads() {
    return traced().entry() == TracedDevice.Entry.EVENTFD;
  }

  /** Whether vCPUs queue its requests, into the ring of the main loop. */
  public boolean queuedByVcpu() {
    return traced().entry() == TracedDevice.Entry.REGISTER;
  }

  /** As the command line and the JSON name it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
