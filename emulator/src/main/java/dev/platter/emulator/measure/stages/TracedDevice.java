package dev.platter.emulator.measure.stages;

import dev.platter.aio.trace.Stamp;
import java.util.Map;

/**
 * What a request's way leads through: which thread does each stage, and what people call it. Each
 * kind of device has one.
 *
 * @param entry how a request comes to the device
 * @param first the first station that is seen; stamps before it are ignored
 * @param loopLane the loop that does the I/O, as documents name it
 * @param loop the same loop as sentences name it
 * @param caller the thread that stores to the device's registers, as sentences name it
 * @param labels what happens in the stage that ends at a stamp, in less than 40 characters, where
 *     this device has better words than those that fit every device
 */
public record TracedDevice(
    Entry entry,
    Stamp first,
    String loopLane,
    String loop,
    String caller,
    Map<Stamp, String> labels) {
  private static final String VCPU = "the vCPU";

  /** How a request comes to the device. */
  public enum Entry {
    /** By a call on the loop's own thread: there is no device in front of the ring. */
    CALL,
    /** By a register store, which the storing thread does under the big lock. */
    REGISTER,
    /** By an eventfd, or a look at the ring in guest memory; the loop does all of it. */
    EVENTFD
  }

  /** The ring with no device in front. */
  public static final TracedDevice RAW =
      new TracedDevice(
          Entry.CALL,
          Stamp.SUBMITTED,
          "own",
          "the loop",
          VCPU,
          Map.of(
              Stamp.DOORBELL, "buffer is chosen",
              Stamp.HANDLED, "request is handed over",
              Stamp.QUEUED, "SQE is filled",
              Stamp.COMPLETED, "request is finished",
              Stamp.SEEN, "caller sees it"));

  /** A SATA disk whose guest runs on a vCPU of ours. */
  public static final TracedDevice AHCI =
      new TracedDevice(
          Entry.REGISTER,
          Stamp.SUBMITTED,
          "main-loop",
          "main-loop",
          VCPU,
          Map.of(
              Stamp.HANDLED, "vCPU waits for the big lock",
              Stamp.QUEUED, "AHCI port fetches the command",
              Stamp.ENTERED, "main loop wakes up and submits",
              Stamp.COMPLETED, "port writes the FIS"));

  /** A virtio-blk disk whose guest runs on a vCPU of ours. */
  public static final TracedDevice VIRTIO =
      new TracedDevice(
          Entry.EVENTFD,
          Stamp.SUBMITTED,
          "iothread",
          "the IOThread",
          VCPU,
          Map.of(
              Stamp.HANDLED, "IOThread wakes up and takes it",
              Stamp.QUEUED, "virtio-blk parses the request",
              Stamp.ENTERED, "IOThread submits the SQE",
              Stamp.COMPLETED, "used ring is written"));

  /** Copies the map. */
  public TracedDevice {
    labels = Map.copyOf(labels);
  }

  /**
   * The same device when it is served: the guest is another process, and not seen.
   *
   * @param seenFrom the first station that the server sees
   */
  public TracedDevice served(Stamp seenFrom) {
    return new TracedDevice(entry, seenFrom, loopLane, loop, "the export's thread", labels);
  }

  /**
   * Which thread does the stage that ends at a stamp: {@code vcpu}, {@code kernel}, or the loop as
   * {@link #loopLane} has it.
   */
  public String lane(Stamp end) {
    if (end == Stamp.READY) {
      return "kernel";
    }
    boolean isCallers =
        switch (end) {
          case SUBMITTED, DOORBELL, EXIT, SEEN -> entry != Entry.CALL;
          case HANDLED, QUEUED -> entry == Entry.REGISTER;
          case ENTERED, READY, REAPED, COMPLETED, INTERRUPT -> false;
        };
    return isCallers ? "vcpu" : loopLane;
  }

  /**
   * Whether the stage may be a wait for the big lock: then the main loop or a vCPU has it.
   *
   * @param end the stamp that ends the stage
   */
  boolean takesBigLock(Stamp end) {
    return entry == Entry.REGISTER && (end == Stamp.HANDLED || end == Stamp.REAPED);
  }

  /** What happens in the stage that ends at a stamp, in a few words. */
  public String label(Stamp end) {
    String own = labels.get(end);
    if (own != null) {
      return own;
    }
    return switch (end) {
      case SUBMITTED -> "begins";
      case DOORBELL -> "guest driver prepares";
      case EXIT -> entry == Entry.EVENTFD ? "doorbell is an eventfd" : "register store exits";
      case HANDLED -> "device takes the request";
      case QUEUED -> "device parses the request";
      case ENTERED -> "loop submits the SQE";
      case READY -> "kernel and disk";
      case REAPED -> "CQE is taken";
      case COMPLETED -> "device completes the request";
      case INTERRUPT -> "interrupt is raised";
      case SEEN -> "guest takes the interrupt";
    };
  }
}
