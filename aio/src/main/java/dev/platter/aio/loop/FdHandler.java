package dev.platter.aio.loop;

/** What a loop does when a descriptor it watches is ready. Called on the loop. */
@FunctionalInterface
public interface FdHandler {
  /**
   * The descriptor is ready.
   *
   * @param events the poll(2) events, or {@code -errno}
   */
  void ready(int events);
}
