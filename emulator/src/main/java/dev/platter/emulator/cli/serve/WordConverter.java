package dev.platter.emulator.cli.serve;

import dev.platter.emulator.server.options.Choices;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Enum constants by their names in lower case. For each enum, a subclass that names it. */
abstract class WordConverter<E extends Enum<E>> implements ITypeConverter<E> {
  private final Class<E> type;

  WordConverter(Class<E> type) {
    this.type = type;
  }

  @Override
  public final E convert(String text) {
    try {
      return Choices.parse(type, text);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(String.valueOf(e.getMessage()));
    }
  }
}
