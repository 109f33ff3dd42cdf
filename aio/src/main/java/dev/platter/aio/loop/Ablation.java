package dev.platter.aio.loop;

/** Something right that a loop can be made to leave out, to show what it is for. */
public enum Ablation {
  /**
   * An SQE that another thread queues does not wake the loop, which submits it when something else
   * wakes it, at the latest its own timer.
   */
  NOTIFY,
  /**
   * The loop sleeps in poll(2) on the ring's descriptor, as a loop does that has other descriptors
   * to wait for, and looks at the CQ only if poll(2) says so: completions that are there before it
   * sleeps are not looked for.
   */
  CQ_CHECK,
  /** Waits with no block request in flight count as waiting for I/O, where the kernel errs so. */
  NO_IOWAIT
}
