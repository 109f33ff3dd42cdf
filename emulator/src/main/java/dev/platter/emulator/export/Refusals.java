package dev.platter.emulator.export;

import dev.platter.emulator.export.EventLog.Level;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Tells the log of messages that are refused: a few of each kind for a client, which could send
 * them again and again, and each reason once. One thread at a time.
 */
public final class Refusals {
  private static final int MOST_REASONS = 5;

  private record Kind(String message, String error) {}

  private final EventLog log;
  private final String export;
  private final Map<Kind, Set<String>> told = new HashMap<>();

  /**
   * Creates one that has told nothing yet.
   *
   * @param export what the export is called in events
   */
  public Refusals(EventLog log, String export) {
    this.log = log;
    this.export = export;
  }

  /** Another client: it is told of everything again. */
  public void newClient() {
    told.clear();
  }

  /**
   * A message was refused.
   *
   * @param message its name; of few, so that nobody can fill the log with them
   * @param error how it was answered, of few as well
   * @param reason what was wrong with it
   */
  public void tell(Level level, String message, String error, String reason) {
    Set<String> reasons = told.computeIfAbsent(new Kind(message, error), _ -> new HashSet<>());
    if (reasons.size() < MOST_REASONS && reasons.add(reason)) {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("message", message);
      fields.put("error", error);
      fields.put("reason", reason);
      log.event(level, export, "message-refused", fields);
    }
  }
}
