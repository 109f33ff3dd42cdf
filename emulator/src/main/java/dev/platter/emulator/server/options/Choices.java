package dev.platter.emulator.server.options;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Enum constants by their names in lower case, as options have them. */
public final class Choices {
  private Choices() {}

  /**
   * The constant that {@code text} names, in either case.
   *
   * @throws IllegalArgumentException if none does, with the names there are
   */
  public static <E extends Enum<E>> E parse(Class<E> type, String text) {
    for (E choice : type.getEnumConstants()) {
      if (text(choice).equalsIgnoreCase(text)) {
        return choice;
      }
    }
    throw new IllegalArgumentException(
        "'"
            + text
            + "' is not one of "
            + Arrays.stream(type.getEnumConstants())
                .map(Choices::text)
                .collect(Collectors.joining(", ")));
  }

  /** What an option calls it. */
  public static String text(Enum<?> choice) {
    return choice.name().toLowerCase(Locale.ROOT);
  }
}
