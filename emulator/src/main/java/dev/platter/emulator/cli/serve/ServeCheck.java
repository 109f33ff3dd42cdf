package dev.platter.emulator.cli.serve;

import dev.platter.emulator.cli.shared.Terminal;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ImageConfig;
import dev.platter.emulator.server.options.Choices;
import dev.platter.emulator.server.options.ListenAddress;
import dev.platter.emulator.server.options.ServeOptions;
import dev.platter.emulator.text.TextTable;
import java.io.PrintWriter;
import java.util.List;

/** Prints the result of {@code serve --check} for a server that would start. */
final class ServeCheck {
  private ServeCheck() {}

  /**
   * Prints what a server would serve.
   *
   * @param notes findings that are no errors
   */
  static void print(ServeOptions options, List<String> notes, PrintWriter out) {
    TextTable table =
        new TextTable()
            .left("export")
            .left("device")
            .left("image")
            .left("mode")
            .left("cache")
            .left("socket");
    for (ExportConfig export : options.config().exports()) {
      for (ImageConfig image : export.images()) {
        table.row(
            export.name(),
            export.kind().name(),
            image.path(),
            image.options().readOnly() ? "readonly" : "writable",
            image.options().cache().toString(),
            export.endpoint().toString());
      }
    }
    out.print(table.render(Terminal.columns(TextTable.WIDE)));
    String metrics = options.metrics() == null ? "none" : ListenAddress.text(options.metrics());
    String control = options.control() == null ? "none" : String.valueOf(options.control());
    out.println(
        "metrics "
            + metrics
            + ", control "
            + control
            + ", confine "
            + Choices.text(options.confine())
            + ", log level "
            + Choices.text(options.logLevel()));
    if (options.allowsInVain()) {
      out.println("note: " + ServeOptions.ALLOWED_IN_VAIN);
    }
    notes.forEach(note -> out.println("note: " + note));
  }
}
