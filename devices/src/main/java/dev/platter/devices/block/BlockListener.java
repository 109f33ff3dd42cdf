package dev.platter.devices.block;

import dev.platter.devices.block.meter.Operation;

/**
 * Learns what goes wrong below a disk: called when something is wrong, and never on the good path.
 * Called on the loop of the request (for the main loop: under the big lock), or on the thread that
 * calls {@link BlockBackend#sync}; each method returns soon, and throws nothing.
 */
public interface BlockListener {
  /**
   * The host has failed a request.
   *
   * @param offsetBytes where it, or the part of it that failed, begins on the disk
   * @param lengthBytes how many bytes were asked for there; 0 for a flush
   * @param errno why, positive
   */
  default void failed(Operation operation, long offsetBytes, long lengthBytes, int errno) {}

  /**
   * Requests wait for the host for longer than five seconds. Told of the oldest, and again each
   * time that its age has doubled.
   *
   * @param seconds its age
   * @param requests how many are that slow on the same loop
   */
  default void slow(
      Operation operation, long offsetBytes, long lengthBytes, long seconds, long requests) {}

  /**
   * None of them is left.
   *
   * @param seconds how long the last of them took
   * @param requests how many there were since {@link #slow} was told first
   */
  default void noLongerSlow(long seconds, long requests) {}

  /**
   * Completed writes may be lost: the host could not make them stable. From here on all flushes of
   * this disk fail. Told once.
   *
   * @param errno why, positive
   */
  default void flushFailed(int errno) {}

  /**
   * A discard was refused, which is no fault: the range keeps its space. Told at the first one.
   *
   * @param errno why, positive
   */
  default void discardRefused(long offsetBytes, long lengthBytes, int errno) {}
}
