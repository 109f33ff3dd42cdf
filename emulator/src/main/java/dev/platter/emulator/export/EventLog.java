package dev.platter.emulator.export;

import java.util.Map;

/** The log of a server's events, with one line for each event. Any thread. */
public interface EventLog {
  /** How much an event matters. */
  enum Level {
    /** Business as usual. */
    INFO,
    /** A client misbehaved, or something was refused; the server goes on. */
    WARNING,
    /** The server cannot do its work. */
    ERROR
  }

  /**
   * Logs an event.
   *
   * @param export the export that the event is about, or "" for the server as a whole
   * @param event the event's name, which programs can look for, e.g. "client-left"
   * @param fields facts about the event, in order; values are text, numbers or booleans
   */
  void event(Level level, String export, String event, Map<String, Object> fields);
}
