package dev.platter.emulator.result;

import dev.platter.aio.PlatterException;
import java.io.PrintWriter;
import java.util.Map;
import tools.jackson.jr.ob.JSON;

/** Where {@code --json FILE} goes: a {@link ResultFile}, or standard output for {@code "-"}. */
public final class JsonFile {
  /** The target that means standard output. */
  public static final String STANDARD_OUTPUT = "-";

  private static final ResultFile FILE =
      new ResultFile(
          "JSON",
          "JSON",
          "Name a new file; if the image was meant, put it before the options",
          head -> head.startsWith("{"));

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
    if (!target.equals(STANDARD_OUTPUT)) {
      FILE.checkWritable(target);
    }
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
    FILE.write(target, text, "Use --json - to print it instead");
  }
}
