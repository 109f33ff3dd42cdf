package dev.platter.emulator.trace;

import dev.platter.aio.trace.Stamp;

/** What a request's way leads through: who does each stage, and what people call it. */
public enum TracedDevice {
  /** The ring with no device in front. */
  RAW(Stamp.SUBMITTED),
  /** A SATA disk whose guest runs on a vCPU of ours. */
  AHCI(Stamp.SUBMITTED),
  /** A virtio-blk disk whose guest runs on a vCPU of ours. */
  VIRTIO(Stamp.SUBMITTED),
  /** A SATA disk that is served: the guest is another process, and not seen. */
  AHCI_EXPORT(Stamp.EXIT),
  /** A virtio-blk disk that is served: the guest is another process, and not seen. */
  VIRTIO_EXPORT(Stamp.HANDLED);

  private final Stamp first;

  TracedDevice(Stamp first) {
    this.first = first;
  }

  /** The first station that is seen; stamps before it are ignored. */
  public Stamp first() {
    return first;
  }

  boolean isVirtio() {
    return this == VIRTIO || this == VIRTIO_EXPORT;
  }

  /**
   * Who does the stage that ends at a stamp: {@code vcpu}, {@code main-loop}, {@code iothread},
   * {@code kernel} or {@code own}.
   */
  public String lane(Stamp end) {
    if (end == Stamp.READY) {
      return "kernel";
    }
    return switch (this) {
      case RAW -> "own";
      case AHCI, AHCI_EXPORT ->
          switch (end) {
            case SUBMITTED, DOORBELL, EXIT, HANDLED, QUEUED, SEEN -> "vcpu";
            default -> "main-loop";
          };
      case VIRTIO, VIRTIO_EXPORT ->
          switch (end) {
            case SUBMITTED, DOORBELL, EXIT, SEEN -> "vcpu";
            default -> "iothread";
          };
    };
  }

  /**
   * Whether the stage may be a wait for the big lock: then the main loop or a vCPU has it.
   *
   * @param end the stamp that ends the stage
   */
  boolean takesBigLock(Stamp end) {
    return (this == AHCI || this == AHCI_EXPORT) && (end == Stamp.HANDLED || end == Stamp.REAPED);
  }

  /** What happens in the stage that ends at a stamp, in a few words. */
  public String label(Stamp end) {
    return switch (end) {
      case SUBMITTED -> "begins";
      case DOORBELL -> this == RAW ? "buffer is chosen" : "guest driver prepares";
      case EXIT -> isVirtio() ? "doorbell is an eventfd" : "register store exits";
      case HANDLED ->
          switch (this) {
            case RAW -> "request is handed over";
            case AHCI, AHCI_EXPORT -> "vCPU waits for the big lock";
            case VIRTIO, VIRTIO_EXPORT -> "IOThread wakes up and takes it";
          };
      case QUEUED ->
          switch (this) {
            case RAW -> "SQE is filled";
            case AHCI, AHCI_EXPORT -> "AHCI port fetches the command";
            case VIRTIO, VIRTIO_EXPORT -> "virtio-blk parses the request";
          };
      case ENTERED ->
          switch (this) {
            case RAW -> "loop submits the SQE";
            case AHCI, AHCI_EXPORT -> "main loop wakes up and submits";
            case VIRTIO, VIRTIO_EXPORT -> "IOThread submits the SQE";
          };
      case READY -> "kernel and disk";
      case REAPED -> "CQE is taken";
      case COMPLETED ->
          switch (this) {
            case RAW -> "request is finished";
            case AHCI, AHCI_EXPORT -> "port writes the FIS";
            case VIRTIO, VIRTIO_EXPORT -> "used ring is written";
          };
      case INTERRUPT -> "interrupt is raised";
      case SEEN -> this == RAW ? "caller sees it" : "guest takes the interrupt";
    };
  }
}
