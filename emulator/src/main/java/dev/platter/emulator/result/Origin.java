package dev.platter.emulator.result;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
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

  /**
   * A copy of a document with {@code created} and {@code command} behind its first key, the schema.
   */
  public Map<String, @Nullable Object> in(Map<String, @Nullable Object> document) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    document.forEach((key, value) -> {
      map.put(key, value);
      if (map.size() == 1) {
        map.put("created", created.truncatedTo(ChronoUnit.SECONDS).toString());
        map.put("command", command);
      }
    });
    return map;
  }
}
