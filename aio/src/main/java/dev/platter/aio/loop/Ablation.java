package dev.platter.aio.loop;

/**
 * A necessary step that a loop can be told to leave out, so that an experiment shows what the step
 * is for.
 */
public enum Ablation {
  /**
   * The wake-up by an SQE that another thread queues. Such an SQE waits until something else wakes
   * the loop, at the latest the loop's own timer.
   */
  NOTIFY,
  /**
   * The look at the CQ before the loop sleeps. The loop sleeps in poll(2) on the ring's descriptor,
   * as a loop with other descriptors does, and looks at the CQ only if poll(2) says so.
   */
  CQ_CHECK,
  /**
   * The flag for waits without block requests in flight. The kernel then counts such waits as waits
   * for I/O.
   */
  NO_IOWAIT
}
