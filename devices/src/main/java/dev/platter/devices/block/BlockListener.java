package dev.platter.devices.block;

import dev.platter.devices.block.meter.Operation;

/**
 * Hears of errors below a disk; not called while all goes well. Called on the loop of the request
 * (for the main loop: under the big lock), or on the thread that calls {@link BlockBackend#sync};
 * each method returns soon, and throws nothing.
 */
public interface BlockListener {
  /**
   * The host has failed a request.
   *
   * @param offsetBytes the first byte on the disk of the request, or of the part that failed
   * @param lengthBytes the length of that; 0 for a flush
   * @param errno why, positive
   */
  default void failed(Operation operation, long offsetBytes, long lengthBytes, int errno) {}

  /**
   * Requests wait for the host for longer than five seconds. Called for the oldest, and again each
   * time that its age has doubled.
   *
   * @param seconds its age
   * @param requests how many are that slow on the same loop
   */
  default void slow(
      Operation operation, long offsetBytes, long lengthBytes, long seconds, long requests) {}

  /**
   * All slow requests have completed.
   *
   * @param seconds how long the last slow request took
   * @param requests how many were slow since the first call of {@link #slow}
   */
  default void noLongerSlow(long seconds, long requests) {}

  /**
   * Completed writes may be lost: the host could not make them stable. From here on all flushes of
   * this disk fail. Called once.
   *
   * @param errno why, positive
   */
  default void flushFailed(int errno) {}

  /**
   * A discard was refused, which is no error: the range keeps its space. Called for the first one.
   *
   * @param errno why, positive
   */
  default void discardRefused(long offsetBytes, long lengthBytes, int errno) {}
}
