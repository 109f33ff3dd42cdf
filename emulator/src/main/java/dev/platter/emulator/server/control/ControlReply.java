package dev.platter.emulator.server.control;

import dev.platter.aio.PlatterException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The answer of a server, or a part of it.
 *
 * @param fields names and values, in order
 */
public record ControlReply(Map<String, @Nullable Object> fields) {
  /** A value as text; "" if it is missing. */
  public String text(String name) {
    Object value = fields.get(name);
    return value == null ? "" : value.toString();
  }

  /** A number; 0 if it is missing. */
  public long number(String name) {
    return fields.get(name) instanceof Number number ? number.longValue() : 0;
  }

  /** A truth value; false if it is missing. */
  public boolean flag(String name) {
    return Boolean.TRUE.equals(fields.get(name));
  }

  /** An object; empty if it is missing. */
  public ControlReply part(String name) {
    return of(fields.get(name));
  }

  /** Objects in a list. */
  public List<ControlReply> parts(String name) {
    List<ControlReply> parts = new ArrayList<>();
    if (fields.get(name) instanceof List<?> list) {
      list.forEach(each -> parts.add(of(each)));
    }
    return parts;
  }

  private static ControlReply of(@Nullable Object value) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    if (value instanceof Map<?, ?> map) {
      map.forEach((name, each) -> fields.put(String.valueOf(name), each));
    }
    return new ControlReply(fields);
  }

  /**
   * The result in the answer to a command.
   *
   * @throws PlatterException if it is an error, or no answer at all
   */
  static ControlReply returned(Map<String, ?> line) {
    if (line.get("error") instanceof Map<?, ?> error) {
      Object remedy = error.get("remedy");
      String message = String.valueOf(error.get("message"));
      throw new PlatterException(
          "bad-input".equals(error.get("kind"))
              ? PlatterException.Kind.BAD_INPUT
              : PlatterException.Kind.FAILED,
          message,
          remedy == null ? null : remedy.toString(),
          null);
    }
    if (!(line.get("return") instanceof Map<?, ?> result)) {
      throw PlatterException.failed("the server's answer is none: " + line, null);
    }
    return of(result);
  }
}
