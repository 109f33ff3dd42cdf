package dev.platter.emulator.result;

import dev.platter.emulator.result.document.EnvironmentFacts;
import dev.platter.emulator.result.document.Frame;
import dev.platter.emulator.result.document.Warning;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a document comes from.
 *
 * @param created when it was made
 * @param command the command line to type to make it again
 */
public record Origin(Instant created, String command) {
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");

  /** A document that is made now. */
  public static Origin now(String command) {
    return new Origin(Instant.now(), command);
  }

  /** Words as a POSIX shell takes them: those that it would change are quoted. */
  public static String quoted(List<String> words) {
    return String.join(" ", words.stream().map(Origin::quoted).toList());
  }

  private static String quoted(String word) {
    return PLAIN.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
  }

  /** When it was made, as documents have it: UTC, to the second. */
  public String createdText() {
    return created.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /** What a document begins with that is made now. */
  public Frame frame(
      String schema,
      EnvironmentFacts environment,
      Map<String, @Nullable Object> parameters,
      List<Warning> warnings) {
    return new Frame(schema, createdText(), command, environment, parameters, warnings);
  }
}
