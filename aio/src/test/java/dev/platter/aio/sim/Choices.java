package dev.platter.aio.sim;

/** Decides whatever a real host decides by chance. The same decisions make the same run. */
interface Choices {
  /**
   * Chooses one of several things that may happen next.
   *
   * @param count how many there are, at least 1
   * @return 0 to {@code count} - 1
   */
  int choose(int count);

  /** Whether the running thread loses the processor here, though it could go on. */
  boolean preempt();

  /**
   * Whether something happens that a host does seldom.
   *
   * @param oneIn how seldom
   */
  boolean rarely(int oneIn);
}
