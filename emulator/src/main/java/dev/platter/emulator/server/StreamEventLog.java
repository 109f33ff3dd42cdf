package dev.platter.emulator.server;

import dev.platter.emulator.export.EventLog;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import tools.jackson.jr.ob.JSON;

/**
 * An event log on a stream, one line an event: text for people, or a JSON object. Never waits for
 * whoever reads it.
 */
public final class StreamEventLog implements EventLog, AutoCloseable {
  private final LineWriter writer;
  private final InstantSource clock;
  private final boolean json;
  private volatile Level threshold = Level.INFO;

  private StreamEventLog(PrintWriter out, InstantSource clock, boolean json) {
    this.clock = clock;
    this.json = json;
    this.writer = new LineWriter(out, this::lost);
  }

  /** Lines such as {@code 2026-01-31T12:00:00.000Z vda: client-connected pid=4711}. */
  public static StreamEventLog text(PrintWriter out) {
    return text(out, InstantSource.system());
  }

  static StreamEventLog text(PrintWriter out, InstantSource clock) {
    return new StreamEventLog(out, clock, false);
  }

  /** A JSON object on each line: time, level, export (if any), event, and the event's fields. */
  public static StreamEventLog json(PrintWriter out) {
    return json(out, InstantSource.system());
  }

  static StreamEventLog json(PrintWriter out, InstantSource clock) {
    return new StreamEventLog(out, clock, true);
  }

  /**
   * Leaves out what matters less from now on. Any thread.
   *
   * @param least the least level that is written
   */
  public void setLevel(Level least) {
    threshold = least;
  }

  /** The least level that is written. */
  public Level level() {
    return threshold;
  }

  @Override
  public void event(Level level, String export, String event, Map<String, Object> fields) {
    if (level.compareTo(threshold) < 0) {
      return;
    }
    writer.line(line(level, export, event, fields));
  }

  private String lost(long count) {
    return line(Level.WARNING, "", "events-lost", Map.of("count", count));
  }

  private String line(Level level, String export, String event, Map<String, Object> fields) {
    Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
    return json
        ? jsonLine(now, level, export, event, fields)
        : textLine(now, level, export, event, fields);
  }

  private static String jsonLine(
      Instant now, Level level, String export, String event, Map<String, Object> fields) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("time", timestamp(now));
    line.put("level", level.name().toLowerCase(Locale.ROOT));
    if (!export.isEmpty()) {
      line.put("export", export);
    }
    line.put("event", event);
    fields.forEach(line::putIfAbsent);
    return JSON.std.asString(line);
  }

  private static String textLine(
      Instant now, Level level, String export, String event, Map<String, Object> fields) {
    StringBuilder line = new StringBuilder(timestamp(now)).append(' ');
    if (level != Level.INFO) {
      line.append(level.name().toLowerCase(Locale.ROOT)).append(' ');
    }
    line.append(export.isEmpty() ? "platter" : export).append(": ").append(event);
    fields.forEach((key, value) -> line.append(' ').append(key).append('=').append(quoted(value)));
    return line.toString();
  }

  /** Always with three decimals, so that columns line up. */
  private static String timestamp(Instant now) {
    String text = now.toString();
    return text.contains(".") ? text : text.substring(0, text.length() - 1) + ".000Z";
  }

  /** A path may hold anything: what is not plain is quoted, and no line breaks. */
  private static String quoted(Object value) {
    String text = value.toString();
    if (!text.isEmpty() && text.chars().allMatch(c -> c > ' ' && c != '"' && c != 0x7f)) {
      return text;
    }
    StringBuilder quoted = new StringBuilder("\"");
    text.chars()
        .forEach(c -> {
          if (c == '"' || c == '\\') {
            quoted.append('\\').append((char) c);
          } else if (c < ' ' || c == 0x7f) {
            quoted.append(String.format(Locale.ROOT, "\\x%02x", c));
          } else {
            quoted.append((char) c);
          }
        });
    return quoted.append('"').toString();
  }

  /** Writes what waits, unless nobody reads. */
  @Override
  public void close() {
    writer.close();
  }
}
