package dev.platter.aio.loop;

import dev.platter.aio.event.EventNotifier;

/** What a loop does when an {@link EventNotifier} it watches is signalled. Called on the loop. */
public interface EventHandler {
  /** The notifier was signalled, or {@link #poll} found work. */
  void ready();

  /**
   * Busy polling: whether there is work to do, looked up in memory alone. May be called without the
   * big lock, and then also a moment after the watch was closed.
   */
  default boolean poll() {
    return false;
  }

  /** Busy polling begins: signals are not needed until {@link #pollEnd}. */
  default void pollBegin() {}

  /** Busy polling ends: signals are needed again. Work that came meanwhile must be handled now. */
  default void pollEnd() {}
}
