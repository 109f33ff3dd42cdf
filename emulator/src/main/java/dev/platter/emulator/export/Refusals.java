package dev.platter.emulator.export;

import dev.platter.emulator.export.EventLog.Level;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Logs messages that are refused: a few of each kind for each client, and each reason once, because
 * a client can send a message again and again. One thread at a time.
 */
public final class Refusals {
  private static final int MOST_REASONS = 5;

  private record Kind(String message, String error) {}

  private final EventLog log;
  private final String export;
  private final Map<Kind, Set<String>> told = new HashMap<>();

  /**
   * Creates a log of refusals for an export.
   *
   * @param export the export's name in events
   */
  public Refusals(EventLog log, String export) {
    this.log = log;
    this.export = export;
  }

  /** Forgets what was logged, because another client has come. */
  public void newClient() {
    told.clear();
  }

  /**
   * Logs a message that was refused.
   *
   * @param message its name, one of a few, so that a client cannot fill the log
   * @param error the answer, also one of a few
   * @param reason the reason of the refusal
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
