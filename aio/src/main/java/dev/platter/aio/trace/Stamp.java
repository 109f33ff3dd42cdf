package dev.platter.aio.trace;

/**
 * The stations of a request, in the order of time. A request passes only some of them: a raw run
 * has no guest, a virtio request takes no lock, and a server does not see its guest. {@link #stage}
 * names the time between a station and the station that was passed before it.
 */
public enum Stamp {
  /** The guest's driver begins with the request. */
  SUBMITTED(0, "begin"),
  /** The guest's store to the doorbell register. */
  DOORBELL(1, "driver"),
  /** The exit's handler asks for the big lock. */
  EXIT(2, "exit"),
  /** The handler runs: a vCPU has the big lock, or an IOThread has taken the buffer. */
  HANDLED(3, "dispatch"),
  /** The device has queued the (first) SQE. */
  QUEUED(4, "device"),
  /** The loop enters the kernel with the (first) SQE. */
  ENTERED(5, "queue"),
  /** The loop is back from the kernel, and the (last) CQE is there. */
  READY(6, "kernel"),
  /** The loop has taken the (last) CQE. */
  REAPED(7, "reap"),
  /** The device has written the completion to guest memory. */
  COMPLETED(8, "finish"),
  /** The interrupt line was raised. */
  INTERRUPT(9, "interrupt"),
  /** The guest's interrupt handler has found the completion. */
  SEEN(10, "guest");

  /** How many there are. */
  public static final int COUNT = values().length;

  private final int index;
  private final String stage;

  Stamp(int index, String stage) {
    this.index = index;
    this.stage = stage;
  }

  /** Its place in the order of time, from 0. */
  public int index() {
    return index;
  }

  /** The name of the stage that ends here, as JSON has it. */
  public String stage() {
    return stage;
  }
}
