package dev.platter.emulator.measure.stages;

import dev.platter.aio.trace.Stamp;
import java.util.Map;

/**
 * The way of a kind of device's requests: the thread and the words of each stage.
 *
 * @param entry how a request comes to the device
 * @param first the first station that is visible; earlier stamps are ignored
 * @param loopLane the loop that does the I/O, by its name in documents
 * @param loop the same loop by its name in sentences
 * @param caller the thread that stores to the device's registers, by its name in sentences
 * @param labels descriptions of stages by the stamp that ends them, in less than 40 characters,
 *     where this device has better words than the common ones
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
    /** By a call on the loop's own thread, without a device in front of the ring. */
    CALL,
    /** By a register store, which the storing thread carries out under the big lock. */
    REGISTER,
    /** By an eventfd, or by polling the ring in guest memory; the loop does all the work. */
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

  /** A SATA disk whose guest runs on a vCPU of this process. */
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

  /** A virtio-blk disk whose guest runs on a vCPU of this process. */
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
   * The same device in a server, which cannot see its guest.
   *
   * @param seenFrom the first station that the server sees
   */
  public TracedDevice served(Stamp seenFrom) {
    return new TracedDevice(entry, seenFrom, loopLane, loop, "the export's thread", labels);
  }

  /**
   * The thread of the stage that ends at a stamp: {@code vcpu}, {@code kernel} or {@link
   * #loopLane}.
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
