package dev.platter.aio.loop;

/**
 * What other threads have a loop run and wait for. Each of them is either run by the loop before it
 * is suspended, or finds it suspended and runs by itself.
 */
final class Invocations {
  private final String loop;
  private final BottomHalfQueue queue;
  private int pending;
  // Written in the monitor, and with the right to use the loop; read with either.
  private boolean suspended;

  /**
   * Creates those of a loop.
   *
   * @param loop its name
   * @param queue its bottom halves
   */
  Invocations(String loop, BottomHalfQueue queue) {
    this.loop = loop;
    this.queue = queue;
  }

  /**
   * Hands one to the loop.
   *
   * @return false if the loop is suspended
   * @throws IllegalStateException if it has ended
   */
  synchronized boolean push(Invocation invocation) {
    if (suspended) {
      return false;
    }
    if (!queue.push(new BottomHalf(b -> {}, invocation))) {
      throw new IllegalStateException("loop " + loop + " has ended");
    }
    pending++;
    return true;
  }

  /** Loop: one that was pushed has run. */
  synchronized void ran() {
    pending--;
  }

  /**
   * Loop: from here on they run by themselves.
   *
   * @return false if some still wait for the loop, which is not suspended then
   */
  synchronized boolean suspend() {
    suspended = pending == 0;
    return suspended;
  }

  /** The loop runs them again. */
  synchronized void resume() {
    suspended = false;
  }

  /** Whether the loop is suspended; for who has the right to use it. */
  boolean suspended() {
    return suspended;
  }
}
