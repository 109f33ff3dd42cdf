package dev.platter.emulator.report;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import tools.jackson.jr.ob.JSON;

/**
 * Where {@code --json FILE} goes. A file appears whole or not at all: the document is written
 * beside it and renamed. {@code "-"} is standard output; a device or pipe is written in place.
 */
public final class JsonFile {
  /** The target that means standard output. */
  public static final String STANDARD_OUTPUT = "-";

  // Nulls are written: an absent key would mean an older schema, null means "not known here".
  private static final JSON WRITER =
      JSON.builder()
          .enable(JSON.Feature.PRETTY_PRINT_OUTPUT, JSON.Feature.WRITE_NULL_PROPERTIES)
          .build();

  private JsonFile() {}

  /**
   * Checks, before any work is done for it, that a document can be written there later.
   *
   * @throws PlatterException of kind BAD_INPUT if it cannot
   */
  public static void checkWritable(String target) {
    if (target.equals(STANDARD_OUTPUT)) {
      return;
    }
    Path file = Path.of(target).toAbsolutePath();
    if (Files.isDirectory(file)) {
      throw PlatterException.badInput(
          "cannot write JSON to " + target + ": it is a directory", "Name a file in it");
    }
    if (!isOurs(file)) {
      throw PlatterException.badInput(
          "cannot write JSON to " + target + ": it exists and holds something else than JSON",
          "Name a new file; if the image was meant, put it before the options");
    }
    if (replaceable(file)) {
      Path directory = directory(target, resolved(file));
      if (!Files.isWritable(directory)) {
        throw PlatterException.badInput(
            "cannot write JSON to " + target + ": no permission to create files in " + directory,
            "Choose a directory that you may write to");
      }
    }
  }

  /**
   * Whether nothing of value is lost: no file, an empty one, JSON, or a character device or pipe.
   */
  private static boolean isOurs(Path file) {
    if (Files.notExists(file)) {
      return true;
    }
    try {
      int type = (Integer) Files.getAttribute(file, "unix:mode") & LinuxAbi.S_IFMT;
      if (type != LinuxAbi.S_IFREG) {
        return type != LinuxAbi.S_IFBLK;
      }
      try (InputStream in = Files.newInputStream(file)) {
        int first = in.read();
        return first < 0 || first == '{';
      }
    } catch (IOException e) {
      return true; // the write will tell
    }
  }

  private static Path directory(String target, Path file) {
    Path directory = file.getParent();
    if (directory == null || !Files.isDirectory(directory)) {
      throw PlatterException.badInput(
          "cannot write JSON to " + target + ": there is no directory " + directory,
          "Create the directory first: mkdir -p " + directory);
    }
    return directory;
  }

  /** The document as indented text that ends in a newline. */
  public static String render(Map<String, ?> document) {
    return WRITER.asString(document) + "\n";
  }

  /**
   * Writes a document.
   *
   * @param target a path, or {@value #STANDARD_OUTPUT}
   * @param document maps, lists, strings, numbers, booleans and nulls
   * @param stdout what {@value #STANDARD_OUTPUT} stands for
   * @throws PlatterException of kind FAILED if it could not be written; nothing is left behind then
   */
  public static void write(String target, Map<String, ?> document, PrintWriter stdout) {
    String text = render(document);
    if (target.equals(STANDARD_OUTPUT)) {
      stdout.print(text);
      stdout.flush();
      return;
    }
    Path file = Path.of(target).toAbsolutePath();
    try {
      if (replaceable(file)) {
        replace(target, resolved(file), text);
      } else {
        Files.writeString(file, text, UTF_8, StandardOpenOption.WRITE);
      }
    } catch (IOException e) {
      throw new PlatterException(
          PlatterException.Kind.FAILED,
          "cannot write JSON to " + target + ": " + e,
          "Use --json - to print it instead",
          e);
    }
  }

  private static void replace(String target, Path file, String text) throws IOException {
    Path beside =
        directory(target, file)
            .resolve("." + file.getFileName() + "." + ProcessHandle.current().pid() + ".tmp");
    try {
      Files.writeString(beside, text, UTF_8);
      Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(beside);
    }
  }

  /** Whether a rename may put a file there: over nothing or a regular file, not over /dev/null. */
  private static boolean replaceable(Path file) {
    return Files.notExists(file) || Files.isRegularFile(file);
  }

  /** Follows links, so that a link to a file stays a link. */
  private static Path resolved(Path file) {
    try {
      return file.toRealPath();
    } catch (IOException e) {
      return file; // it does not exist yet
    }
  }
}
