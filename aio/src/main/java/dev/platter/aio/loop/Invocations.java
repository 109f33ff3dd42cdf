package dev.platter.aio.loop;

/**
 * The invocations that other threads wait for. The loop runs each of them before it is suspended,
 * or the waiting thread finds the loop suspended and runs the body itself.
 */
final class Invocations {
  private final String loop;
  private final BottomHalfQueue queue;
  private int pending;
  // Writers have the monitor and the right to use the loop; readers have one of the two.
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
   * Loop: from here on, waiting threads run bodies themselves.
   *
   * @return false if invocations still wait for the loop, which is not suspended then
   */
  synchronized boolean suspend() {
    suspended = pending == 0;
    return suspended;
  }

  /** From here on, the loop runs bodies again. */
  synchronized void resume() {
    suspended = false;
  }

  /** Whether the loop is suspended; for the thread that has the right to use the loop. */
  boolean suspended() {
    return suspended;
  }
}
