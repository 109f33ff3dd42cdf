package dev.platter.emulator.cli;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.PathLimits;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Converts paths, of existing files or not. */
final class PathConverter implements ITypeConverter<Path> {
  @Override
  public Path convert(String text) {
    try {
      PathLimits.check(text);
      return Path.of(text);
    } catch (PlatterException e) {
      throw new TypeConversionException(String.valueOf(e.getMessage()));
    } catch (InvalidPathException e) {
      throw new TypeConversionException("'" + text.replace('\0', '?') + "' is no path");
    }
  }
}
