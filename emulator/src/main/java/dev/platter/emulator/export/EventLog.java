package dev.platter.emulator.export;

import java.util.Map;

/** Where a server tells what happens to it, one line an event. Any thread. */
public interface EventLog {
  /** How much an event matters. */
  enum Level {
    /** Business as usual. */
    INFO,
    /** A client misbehaved, or something was refused; the server goes on. */
    WARNING,
    /** The server cannot do what it is there for. */
    ERROR
  }

  /**
   * Tells of an event.
   *
   * @param export the export it happened to, or "" for the server as a whole
   * @param event what happened, in a word or two that a program can look for, e.g. "client-left"
   * @param fields facts about it, in order; values are text, numbers or booleans
   */
  void event(Level level, String export, String event, Map<String, Object> fields);
}
