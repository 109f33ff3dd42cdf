package dev.platter.aio.loop;

/**
 * Something that starts block requests on a loop and must hold back while the loop is suspended
 * ({@link AioContext#addClient}). Called on the loop; where the loop has a lock, with it held.
 */
public interface LoopClient {
  /**
   * Starts no more requests until {@link #resume}; those that are in flight go on. What a guest
   * asks for meanwhile stays where the guest has put it.
   */
  void hold();

  /**
   * The loop is about to be suspended: after {@link #hold}, what takes long and has steps begins no
   * other step until {@link #resume}, and does not count as in flight meanwhile.
   */
  default void park() {}

  /** How many requests are in flight. A client that is held comes to 0. */
  int inFlight();

  /** Goes on, first with what was asked for since {@link #hold}: no signal may have come of it. */
  void resume();
}
