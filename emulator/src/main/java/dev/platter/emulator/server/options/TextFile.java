package dev.platter.emulator.server.options;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.IoReason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Reads a small text file, and refuses all other files. */
final class TextFile {
  /** The longest file, in bytes. */
  static final int MAX_BYTES = 256 * 1024;

  private TextFile() {}

  /**
   * Reads a file.
   *
   * @throws PlatterException of kind BAD_INPUT if it cannot be read, is no regular file, too long,
   *     or not UTF-8
   */
  static String read(Path file) {
    try {
      // Before it is opened: opening a FIFO would wait for somebody to write to it.
      if (Files.exists(file) && !Files.isRegularFile(file)) {
        throw unusable(
            file,
            Files.isDirectory(file) ? "it is a directory" : "it is no regular file",
            "Name a YAML file",
            null);
      }
      try (InputStream in = Files.newInputStream(file)) {
        byte[] bytes = in.readNBytes(MAX_BYTES + 1);
        if (bytes.length > MAX_BYTES) {
          throw unusable(
              file, "it is longer than " + MAX_BYTES / 1024 + " KiB", "Name a YAML file", null);
        }
        return decode(file, bytes);
      }
    } catch (NoSuchFileException e) {
      throw unusable(file, "it does not exist", "Check the path, and the directory you are in", e);
    } catch (AccessDeniedException e) {
      throw unusable(file, "this user may not read it", "chmod or chown it", e);
    } catch (IOException e) {
      throw unusable(file, IoReason.of(e), null, e);
    }
  }

  private static String decode(Path file, byte[] bytes) {
    CharBuffer text = CharBuffer.allocate(bytes.length);
    CoderResult result =
        UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT)
            .decode(ByteBuffer.wrap(bytes), text, true);
    int length = text.position();
    text.flip();
    if (result.isError()) {
      throw PlatterException.badInput(
          TextPlace.of(file.toString(), text, length) + ": this is not UTF-8", "Save it as UTF-8");
    }
    return text.toString();
  }

  private static PlatterException unusable(
      Path file, String why, @Nullable String remedy, @Nullable IOException cause) {
    return new PlatterException(
        PlatterException.Kind.BAD_INPUT,
        "cannot use configuration file " + file + ": " + why,
        remedy,
        cause);
  }
}
