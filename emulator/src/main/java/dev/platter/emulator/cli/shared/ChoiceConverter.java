package dev.platter.emulator.cli.shared;

import java.util.Arrays;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Enum constants by their {@code toString()}, in either case. picocli's own conversion would list
 * the Java names in its error message. For each enum, a subclass that names it.
 */
public abstract class ChoiceConverter<E extends Enum<E>> implements ITypeConverter<E> {
  private final Class<E> type;

  protected ChoiceConverter(Class<E> type) {
    this.type = type;
  }

  @Override
  public final E convert(String text) {
    for (E choice : type.getEnumConstants()) {
      if (choice.toString().equalsIgnoreCase(text)) {
        return choice;
      }
    }
    String choices =
        Arrays.stream(type.getEnumConstants())
            .map(Enum::toString)
            .collect(Collectors.joining(", "));
    throw new TypeConversionException("'" + text + "' is not one of " + choices);
  }
}
