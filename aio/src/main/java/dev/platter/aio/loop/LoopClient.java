package dev.platter.aio.loop;

/**
 * A source of block requests on a loop, such as a virtqueue, which starts none while the loop is
 * suspended ({@link AioContext#addClient}). Called on the loop; where the loop has a lock, with
 * that lock held.
 */
public interface LoopClient {
  /**
   * Starts no more requests until {@link #resume}; requests in flight go on. New requests of a
   * guest stay meanwhile where the guest has put them.
   */
  void hold();

  /**
   * After {@link #hold}, when the loop is about to be suspended: a long operation begins no other
   * step until {@link #resume}, and does not count as in flight meanwhile.
   */
  default void park() {}

  /** How many requests are in flight. In a client that is held, the number falls to 0. */
  int inFlight();

  /**
   * Goes on, first with the requests that came since {@link #hold}, for which there may have been
   * no signal.
   */
  void resume();
}
