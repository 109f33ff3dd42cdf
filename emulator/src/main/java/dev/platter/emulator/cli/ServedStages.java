package dev.platter.emulator.cli;

import dev.platter.emulator.report.Environment;
import dev.platter.emulator.report.JsonFile;
import dev.platter.emulator.report.Origin;
import dev.platter.emulator.report.ServeReport;
import dev.platter.emulator.serve.ExportView;
import dev.platter.emulator.serve.Server;
import dev.platter.emulator.serve.options.ServeOptions;
import dev.platter.emulator.trace.PauseObserver;
import dev.platter.emulator.trace.StageRun;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code serve --stages}: what a server records of its requests, written when it stops. */
final class ServedStages implements AutoCloseable {
  private final ServeOptions options;
  private final Server server;
  private final @Nullable PauseObserver observer;

  private ServedStages(ServeOptions options, Server server, @Nullable PauseObserver observer) {
    this.options = options;
    this.server = server;
    this.observer = observer;
  }

  /** Begins, if a file is named. */
  static ServedStages begin(ServeOptions options, Server server) {
    return new ServedStages(
        options, server, options.stages() == null ? null : PauseObserver.start());
  }

  /** Writes what was recorded, while the server still runs. */
  void write(String commandLine, PrintWriter out) {
    String file = options.stages();
    if (file == null || observer == null) {
      return;
    }
    JsonFile.write(
        file,
        Origin.now(commandLine)
            .in(
                ServeReport.json(
                    Environment.ofHost().toMap(),
                    ServedOptions.of(options),
                    recorded(server),
                    observer.stop())),
        out);
  }

  /** What was recorded of each export since the last time. */
  static List<ServeReport.Export> recorded(Server server) {
    List<ServeReport.Export> exports = new ArrayList<>();
    for (ExportView export : server.exports()) {
      StageRun run = server.takeStages(export.name());
      if (run != null) {
        exports.add(
            new ServeReport.Export(
                export.name(), export.kind().device(), export.kind().loop(), run));
      }
    }
    return exports;
  }

  @Override
  public void close() {
    if (observer != null) {
      observer.close();
    }
  }
}
