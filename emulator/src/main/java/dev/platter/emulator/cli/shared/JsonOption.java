package dev.platter.emulator.cli.shared;

import dev.platter.emulator.result.JsonFile;
import dev.platter.emulator.result.document.Records;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code --json}, of the commands that produce a document. */
public final class JsonOption {
  /** What the option is called. */
  public static final String NAME = "--json";

  @Option(
      names = NAME,
      paramLabel = "FILE",
      description = "Write the result as JSON (docs/json.md) as well; - prints JSON only.")
  private @Nullable String file;

  /** Whether JSON is wanted. */
  public boolean isGiven() {
    return file != null;
  }

  /** Where JSON goes, or null. */
  public @Nullable String file() {
    return file;
  }

  /** Refuses a file that cannot be written later, before anything is done. */
  public void check() {
    if (file != null) {
      JsonFile.checkWritable(file);
    }
  }

  /**
   * Writes the document, if one is wanted.
   *
   * @param stdout what {@code -} stands for
   */
  public void write(Record document, PrintWriter stdout) {
    if (file != null) {
      JsonFile.write(file, Records.toMap(document), stdout);
    }
  }
}
