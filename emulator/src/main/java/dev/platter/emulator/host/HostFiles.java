package dev.platter.emulator.host;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The host's files below a root directory. A file that is missing or unreadable counts as empty;
 * only the beginning of a long file is read.
 *
 * @param root {@code /}, or a test's directory
 */
public record HostFiles(Path root) {
  private static final long KIB = 1024;
  private static final int MOST_BYTES = 1 << 18;

  /** The files of this host. */
  public static HostFiles ofHost() {
    return new HostFiles(Path.of("/"));
  }

  /**
   * Where a file is.
   *
   * @param path an absolute path
   */
  public Path at(String path) {
    return root.resolve(path.substring(1));
  }

  public boolean exists(String path) {
    return Files.exists(at(path));
  }

  public List<String> lines(String path) {
    try (InputStream in = Files.newInputStream(at(path))) {
      return new String(in.readNBytes(MOST_BYTES), UTF_8).lines().toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  /** The first line, stripped; null if there is none or it is blank. */
  public @Nullable String first(String path) {
    List<String> lines = lines(path);
    return lines.isEmpty() || lines.getFirst().isBlank() ? null : lines.getFirst().strip();
  }

  /** The first line as a number; null if it is no number. */
  public @Nullable Long number(String path) {
    return parse(first(path));
  }

  /** A text as a whole number; null if it is no number. */
  public static @Nullable Long parse(@Nullable String text) {
    return text != null && text.matches("-?\\d{1,18}") ? Long.valueOf(text) : null;
  }

  /**
   * A {@code "name : value kB"} line in bytes; null if there is none.
   *
   * @param fields of a file such as {@code /proc/meminfo}
   */
  public static @Nullable Long bytes(Map<String, String> fields, String name) {
    Long number = parse(fields.getOrDefault(name, "").replace("kB", "").strip());
    return number == null ? null : number * KIB;
  }

  /** {@code "name : value"} lines, the first of each name. */
  public Map<String, String> fields(String path) {
    Map<String, String> fields = new LinkedHashMap<>();
    for (String line : lines(path)) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        fields.putIfAbsent(line.substring(0, colon).strip(), line.substring(colon + 1).strip());
      }
    }
    return fields;
  }
}
