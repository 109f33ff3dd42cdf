package dev.platter.emulator.cli.serve;

import dev.platter.emulator.host.HostReading;
import dev.platter.emulator.host.NativeName;
import dev.platter.emulator.host.Scheduling;
import dev.platter.emulator.host.ThreadTime;
import dev.platter.emulator.host.ThreadTimes;
import dev.platter.emulator.measure.stages.PauseObserver;
import dev.platter.emulator.measure.stages.StageRun;
import dev.platter.emulator.result.Environment;
import dev.platter.emulator.result.JsonFile;
import dev.platter.emulator.result.Origin;
import dev.platter.emulator.result.ServeReport;
import dev.platter.emulator.result.document.Records;
import dev.platter.emulator.server.ExportView;
import dev.platter.emulator.server.Server;
import dev.platter.emulator.server.options.ServeOptions;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code serve --stages}: what a server records of its requests, written when it stops. */
final class ServedStages implements AutoCloseable {
  private final ServeOptions options;
  private final Server server;
  private final @Nullable Watch watch;

  private ServedStages(ServeOptions options, Server server, @Nullable Watch watch) {
    this.options = options;
    this.server = server;
    this.watch = watch;
  }

  /** Begins to record, if a file is named. */
  static ServedStages begin(ServeOptions options, Server server) {
    return new ServedStages(options, server, options.stages() == null ? null : new Watch(server));
  }

  /** Watches the process, and how the host treats the loops that exist now. */
  private static final class Watch implements AutoCloseable {
    private final PauseObserver observer = PauseObserver.start();
    private final HostReading host = HostReading.now();
    private final ThreadTimes before = ThreadTimes.read(ThreadTimes.OWN);
    private final List<String> loops;

    Watch(Server server) {
      loops = server.loops().stream().map(Server.LoopUse::name).toList();
    }

    Scheduling scheduling() {
      HostReading now = HostReading.now();
      List<ThreadTime> times =
          ThreadTimes.read(ThreadTimes.OWN).since(before).stream().filter(this::isLoop).toList();
      return Scheduling.between(host, now, now.atNanos() - host.atNanos(), times, 0);
    }

    private boolean isLoop(ThreadTime time) {
      return loops.stream().anyMatch(loop -> NativeName.same(loop, time.name()));
    }

    @Override
    public void close() {
      observer.close();
    }
  }

  /** Writes the recordings, while the server still runs. */
  void write(String commandLine, PrintWriter out) {
    String file = options.stages();
    if (file == null || watch == null) {
      return;
    }
    JsonFile.write(
        file,
        Records.toMap(
            ServeReport.document(
                Origin.now(commandLine),
                Environment.ofHost().facts(),
                ServedOptions.of(options),
                recorded(server),
                watch.scheduling(),
                watch.observer.stop())),
        out);
  }

  /** The recording of each export since the last call. */
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
    if (watch != null) {
      watch.close();
    }
  }
}
