package dev.platter.emulator.export;

import dev.platter.emulator.export.EventLog.Level;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Tells the log of messages that are refused: of each kind once for a client, which could send them
 * again and again. One thread at a time.
 */
public final class Refusals {
  private record Kind(String message, String error) {}

  private final EventLog log;
  private final String export;
  private final Set<Kind> told = new HashSet<>();

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
    if (told.add(new Kind(message, error))) {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("message", message);
      fields.put("error", error);
      fields.put("reason", reason);
      log.event(level, export, "message-refused", fields);
    }
  }
}
