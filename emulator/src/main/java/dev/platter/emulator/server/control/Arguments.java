package dev.platter.emulator.server.control;

import dev.platter.aio.PlatterException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The arguments of a command. */
final class Arguments {
  private static final int MAX_TOLD = 300;

  private final String command;
  private final Map<String, Object> given = new LinkedHashMap<>();

  private Arguments(String command) {
    this.command = command;
  }

  /**
   * Takes the value of "arguments" of a request.
   *
   * @param given null for none
   * @throws PlatterException of kind BAD_INPUT if it is no object
   */
  static Arguments of(String command, @Nullable Object given) {
    Arguments arguments = new Arguments(command);
    if (given instanceof Map<?, ?> map) {
      map.forEach((key, value) -> {
        if (value != null) {
          arguments.given.put(String.valueOf(key), value);
        }
      });
    } else if (given != null) {
      throw PlatterException.badInput(
          command + ": 'arguments' is no object", "\"arguments\":{\"name\":value}");
    }
    return arguments;
  }

  /**
   * The arguments that are logged.
   *
   * @param known the names that a command knows; others are left out
   */
  Map<String, Object> told(Set<String> known) {
    Map<String, Object> told = new LinkedHashMap<>();
    given.forEach((name, value) -> {
      String text = value.toString();
      if (known.contains(name)) {
        told.put(name, text.length() > MAX_TOLD ? text.substring(0, MAX_TOLD) + "..." : value);
      }
    });
    return told;
  }

  /** A required text. */
  String text(String name) {
    return required(name, optionalText(name));
  }

  /** A text, or null. */
  @Nullable String optionalText(String name) {
    Object value = given.get(name);
    if (value != null && !(value instanceof String)) {
      throw wrong(name, "text");
    }
    return (String) value;
  }

  /** A required whole number. */
  long number(String name) {
    return required(name, number(name, null));
  }

  /** A whole number. */
  long number(String name, long otherwise) {
    Long value = number(name, (Long) otherwise);
    return value == null ? otherwise : value;
  }

  private @Nullable Long number(String name, @Nullable Long otherwise) {
    Object value = given.get(name);
    return switch (value) {
      case null -> otherwise;
      case Integer small -> (long) small;
      case Long large -> large;
      default -> throw wrong(name, "a whole number below 2^63");
    };
  }

  /** A truth value; false if it is missing. */
  boolean flag(String name) {
    Object value = given.get(name);
    if (value != null && !(value instanceof Boolean)) {
      throw wrong(name, "true or false");
    }
    return value != null && (Boolean) value;
  }

  /**
   * Refuses unknown arguments.
   *
   * @param known the names that the command knows
   */
  void check(Set<String> known) {
    for (String name : given.keySet()) {
      if (!known.contains(name)) {
        throw PlatterException.badInput(
            command + ": there is no argument '" + name + "'",
            known.isEmpty() ? "It takes none" : "One of " + String.join(", ", known));
      }
    }
  }

  private <T> T required(String name, @Nullable T value) {
    if (value == null) {
      throw PlatterException.badInput(
          command + ": the argument '" + name + "' is missing",
          "{\"execute\":\"commands\"} lists what there is");
    }
    return value;
  }

  private PlatterException wrong(String name, String what) {
    return PlatterException.badInput(
        command + ": the argument '" + name + "' is not " + what, null);
  }
}
