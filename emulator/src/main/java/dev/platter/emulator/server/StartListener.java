package dev.platter.emulator.server;

/** Whoever starts a server, and is asked and told meanwhile, on the thread that starts it. */
public interface StartListener {
  /** Nobody in particular. */
  StartListener NOBODY = new StartListener() {};

  /**
   * The start waits for the lock of an image.
   *
   * @param image its path
   * @param nanos how long that may take
   */
  default void waitsForLock(String image, long nanos) {}

  /** It goes on: the lock is there. */
  default void hasLock(String image) {}

  /** Whether to wait no more, and give the start up. Asked often. */
  default boolean givesUp() {
    return false;
  }

  /**
   * Everything is made, and no client can connect yet. What this throws ends the start. Changes
   * that are asked of the server meanwhile wait.
   */
  default void beforeOpen(Server server) {}
}
