package dev.platter.emulator.cli;

import dev.platter.aio.socket.UnixListener;
import dev.platter.emulator.doctor.ChargedMemory;
import dev.platter.emulator.doctor.HostFiles;
import dev.platter.emulator.report.TextTable;
import dev.platter.emulator.serve.ExportConfig;
import dev.platter.emulator.serve.HostCheck;
import dev.platter.emulator.serve.ImageConfig;
import dev.platter.emulator.serve.options.Choices;
import dev.platter.emulator.serve.options.ListenAddress;
import dev.platter.emulator.serve.options.ServeOptions;
import java.io.PrintWriter;

/** {@code serve --check}: whether a server would start, and what it would serve. */
final class ServeCheck {
  private ServeCheck() {}

  static void run(ServeOptions options, PrintWriter out) {
    HostCheck.check(options.config(), ChargedMemory.limitBytes(HostFiles.ofHost()));
    if (options.control() != null) {
      UnixListener.checkPlace(options.control());
    }
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
            export.kind(),
            image.path(),
            image.options().readOnly() ? "readonly" : "writable",
            image.options().cache().toString(),
            export.endpoint().toString());
      }
    }
    out.print(table.render());
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
  }
}
