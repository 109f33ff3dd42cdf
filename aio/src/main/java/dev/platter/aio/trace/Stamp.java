package dev.platter.aio.trace;

/**
 * The stations of a request, in the order of time. A request does not pass all of them: a raw one
 * has no guest, a virtio one takes no lock, and a server does not see its guest. The time between a
 * stamp and the last one before it that was passed is the stage that {@link #stage} names.
 */
public enum Stamp {
  /** The guest's driver begins with it. */
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
  /** The loop is back, and the (last) CQE is there. */
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
