package dev.platter.emulator.cli.shared;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * All options of a command line as a document's {@code parameters}, with the values of those that
 * were not given. An option that nothing else is said of gets a key of its own name with the unit
 * behind it, so that a new option is in the document from its first day.
 */
public final class Settings {
  /** Where results go, what is allowed, and how long to wait: nothing that is measured. */
  private static final Set<String> NOT_MEASURED =
      Set.of(
          "--help",
          "--version",
          "--json",
          "--report",
          "--console",
          "--destroy-data",
          "--shell",
          "--timeout",
          "--wide");

  private final CommandSpec spec;
  private final Set<String> told = new HashSet<>(NOT_MEASURED);
  private final Map<String, @Nullable Object> values = new LinkedHashMap<>();

  public Settings(CommandSpec spec) {
    this.spec = spec;
  }

  /** Options that the document has already, under keys of its own. */
  public Settings told(String... options) {
    told.addAll(List.of(options));
    return this;
  }

  /**
   * An option under a key of its own, with the value that is used: a default may depend on the
   * host.
   */
  public Settings put(String option, String key, @Nullable Object value) {
    told.add(option);
    values.put(key, value);
    return this;
  }

  /** What is no option. */
  public Settings put(String key, @Nullable Object value) {
    values.put(key, value);
    return this;
  }

  /** The parameters of a document, completed; keys that it has stay as they are. */
  public Map<String, @Nullable Object> in(Map<String, @Nullable Object> known) {
    Map<String, @Nullable Object> parameters = new LinkedHashMap<>(known);
    values.forEach(parameters::putIfAbsent);
    for (OptionSpec option : spec.options()) {
      if (!told.contains(option.longestName())) {
        parameters.putIfAbsent(key(option), value(option, option.getValue()));
      }
    }
    parameters.put("java_options", javaOptions());
    return parameters;
  }

  /** What the user wants of the JVM, or null. */
  public static @Nullable String javaOptions() {
    String options = System.getenv("PLATTER_JAVA_OPTS");
    return options == null || options.isBlank() ? null : options;
  }

  private static boolean has(OptionSpec option, Class<? extends ITypeConverter<?>> converter) {
    for (ITypeConverter<?> one : option.converters()) {
      if (converter.isInstance(one)) {
        return true;
      }
    }
    return false;
  }

  private static String key(OptionSpec option) {
    String name = option.longestName().replaceFirst("^-+", "").replace('-', '_');
    if (has(option, SizeConverter.class)) {
      return name + "_bytes";
    }
    return has(option, DurationConverter.class) ? name + "_seconds" : name;
  }

  private static @Nullable Object value(OptionSpec option, @Nullable Object value) {
    return switch (value) {
      case null -> null;
      case Long nanos when has(option, DurationConverter.class) -> nanos / 1e9;
      case Number number -> number;
      case Boolean flag -> flag;
      case Path path -> path.toString();
      case Enum<?> word -> word.toString().toLowerCase(Locale.ROOT);
      case Collection<?> several -> {
        List<@Nullable Object> list = new ArrayList<>();
        several.forEach(one -> list.add(value(option, one)));
        yield list;
      }
      default -> value.toString();
    };
  }
}
