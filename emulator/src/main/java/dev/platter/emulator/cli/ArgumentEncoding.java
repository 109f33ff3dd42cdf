package dev.platter.emulator.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.host.OwnProcess;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Checks that the JVM could decode the command line: arguments are bytes to the kernel and
 * characters to the JVM, and a path that was decoded wrongly names another file or none.
 */
final class ArgumentEncoding {
  private static final List<String> VARIABLES = List.of("PLATTER_CONTROL", "TMPDIR");
  private static final char UNREADABLE = '\ufffd'; // the JVM's replacement for such bytes
  private static final String RENAME = "Rename the file, or make a link to it with another name";

  private ArgumentEncoding() {}

  /**
   * Checks the command line of this process, its directory, and the variables that name files.
   *
   * @param args the command line as the JVM has read it
   * @throws PlatterException of kind BAD_INPUT for arguments that are not UTF-8, of kind HOST_LACKS
   *     if the locale is not
   */
  static void check(String... args) {
    byte[] commandLine;
    try {
      commandLine = OwnProcess.commandLine();
    } catch (IOException e) {
      return; // without /proc nothing can be compared
    }
    checkArguments(commandLine, args);
    checkPlaces(System.getProperty("user.dir", ""), System.getenv());
  }

  /**
   * Compares arguments with their original bytes.
   *
   * @param commandLine a {@code /proc/PID/cmdline}, which ends with them
   */
  static void checkArguments(byte[] commandLine, String... args) {
    String[] words = new String(commandLine, ISO_8859_1).split("\0", -1);
    int first = words.length - 1 - args.length; // the last is what follows the last zero
    for (int i = 0; i < args.length && first >= 0; i++) {
      byte[] bytes = words[first + i].getBytes(ISO_8859_1);
      String text = decoded(bytes);
      if (text == null) {
        throw PlatterException.badInput(
            "the argument '" + escaped(bytes) + "' is not UTF-8", RENAME);
      }
      if (!text.equals(args[i])) {
        throw PlatterException.hostLacks(
            "the argument '" + text + "' cannot be read: this locale is not UTF-8",
            "Set LC_ALL=C.UTF-8, and install that locale if `locale -a` does not list it");
      }
    }
  }

  static void checkPlaces(String workingDirectory, Map<String, String> environment) {
    if (workingDirectory.indexOf(UNREADABLE) >= 0 && Files.notExists(Path.of(workingDirectory))) {
      throw PlatterException.badInput(
          "the name of the working directory is not UTF-8: " + workingDirectory,
          "Work in another directory, or rename it");
    }
    for (String name : VARIABLES) {
      String value = environment.get(name);
      if (value != null && value.indexOf(UNREADABLE) >= 0) {
        throw PlatterException.badInput(name + " is not UTF-8: " + value, RENAME);
      }
    }
  }

  private static @Nullable String decoded(byte[] bytes) {
    try {
      return UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      return null;
    }
  }

  private static String escaped(byte[] bytes) {
    StringBuilder text = new StringBuilder();
    for (byte b : bytes) {
      text.append(
          b >= ' ' && b < 0x7f
              ? Character.toString(b)
              : String.format(Locale.ROOT, "\\x%02x", b & 0xff));
    }
    return text.toString();
  }
}
