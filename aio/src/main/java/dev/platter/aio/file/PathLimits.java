package dev.platter.aio.file;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.platter.aio.PlatterException;

/** How long the kernel lets a path be. */
public final class PathLimits {
  /** Bytes of a name, the part between two slashes. */
  public static final int NAME_BYTES = 255;

  /** Bytes of a path. */
  public static final int PATH_BYTES = 4095;

  private static final int SHOWN = 60;

  private PathLimits() {}

  /**
   * Refuses a path that is too long for any file system.
   *
   * @throws PlatterException of kind BAD_INPUT that says which limit it exceeds
   */
  public static void check(String path) {
    int bytes = path.getBytes(UTF_8).length;
    if (bytes > PATH_BYTES) {
      throw tooLong("path", path, bytes, PATH_BYTES);
    }
    if (bytes > NAME_BYTES) {
      for (String name : path.split("/", -1)) {
        int length = name.getBytes(UTF_8).length;
        if (length > NAME_BYTES) {
          throw tooLong("file name", name, length, NAME_BYTES);
        }
      }
    }
  }

  private static PlatterException tooLong(String what, String text, int bytes, int limit) {
    return PlatterException.badInput(
        "the %s %s is too long: %d bytes, at most %d are possible"
            .formatted(what, shortened(text), bytes, limit),
        limit == PATH_BYTES ? "Change to a directory nearer to it" : "Use a shorter name");
  }

  private static String shortened(String text) {
    int end = text.offsetByCodePoints(0, Math.min(SHOWN, text.codePointCount(0, text.length())));
    return end == text.length() ? text : text.substring(0, end) + "...";
  }
}
