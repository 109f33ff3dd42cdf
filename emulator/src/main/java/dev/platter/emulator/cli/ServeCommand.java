package dev.platter.emulator.cli;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.report.JsonFile;
import dev.platter.emulator.serve.ExportConfig;
import dev.platter.emulator.serve.IoThreadConfig;
import dev.platter.emulator.serve.ServeConfig;
import dev.platter.emulator.serve.Server;
import dev.platter.emulator.serve.ServiceManager;
import dev.platter.emulator.serve.StreamEventLog;
import dev.platter.emulator.serve.SystemdSockets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code platter serve}. */
@Command(
    name = "serve",
    description = {
      "Serves disks to virtual machines until SIGTERM or SIGINT, then drains, flushes and exits"
          + " with 0. A second signal ends it at once.",
      "SIGUSR1 quiesces it: it drains, flushes and closes all io_uring rings while clients stay"
          + " connected, and logs whether a checkpoint is safe. SIGHUP resumes it.",
      "virtio-blk speaks vhost-user, ahci speaks vfio-user; docs/serve.md tells how to connect a"
          + " QEMU, and describes each option and event.",
    },
    exitCodeList = {
      "0:stopped by SIGTERM or SIGINT, everything flushed",
      "1:an image could not be flushed, or a bug",
      "2:bad usage or input: an option, a path, an image, a socket; nothing was started",
      "3:the host lacks something: io_uring, a limit; nothing was started",
      "130:interrupted a second time (128 and the signal's number), nothing flushed",
    },
    footer = {
      "  platter serve --export virtio-blk,image=disk.img,socket=vda.sock",
      "  platter serve --export ahci,image=a.img,image=b.img,readonly,socket=sata.sock",
      "  platter serve --stages stages.json --export virtio-blk,image=disk.img,socket=vda.sock",
      "  platter serve --json-log --iothread id=io0,cpu=1 \\",
      "      --export virtio-blk,image=disk.img,socket=vda.sock,iothread=io0",
    })
final class ServeCommand extends PlatterCommand {
  @Option(
      names = "--export",
      required = true,
      paramLabel = "EXPORT",
      description = {
        "A device and its socket; may be given several times:",
        "virtio-blk,image=PATH,socket=PATH[,queues=N][,iothread=ID]",
        "ahci,image=PATH[,image=PATH...],socket=PATH",
        "Of each image: serial=TEXT, readonly, cache=none|writeback, discard=unmap|ignore; with"
            + " ahci, where these follow the image they are about, also model=TEXT,"
            + " firmware=TEXT. Of each export: name=NAME, poll-max=TIME. fd=N is a listening socket that was"
            + " inherited, fd=NAME one from systemd; without socket= and fd= the next one from"
            + " systemd. A comma in a value is written twice.",
      })
  private List<String> exports = new ArrayList<>();

  @Option(
      names = "--iothread",
      paramLabel = "IOTHREAD",
      description =
          "id=ID[,cpu=N][,poll-max=TIME]: a thread for the queues of the virtio-blk exports that"
              + " name it, pinned to a CPU if one is given. An export that names none has one of"
              + " its own.")
  private List<String> ioThreads = new ArrayList<>();

  @Option(
      names = "--json-log",
      description = "Write each event as a JSON object (docs/serve.md) instead of as text.")
  private boolean jsonLog;

  @Option(
      names = "--stages",
      paramLabel = "FILE",
      description =
          "Record the stages of each request's way, and write them as JSON (docs/json.md) when the"
              + " server stops; 'platter report' draws them.")
  private @Nullable String stages;

  @Override
  public void run() {
    ServeConfig config = config();
    if (stages != null) {
      JsonFile.checkWritable(stages);
    }
    ServerSignals signals = ServerSignals.install();
    try (StreamEventLog log = jsonLog ? StreamEventLog.json(err()) : StreamEventLog.text(err())) {
      serve(config, signals, log);
    }
  }

  private ServeConfig config() {
    List<IoThreadConfig> threads = new ArrayList<>();
    for (String ioThread : ioThreads) {
      threads.add(IoThreadParser.parse(ioThread));
    }
    List<ExportConfig> devices = new ArrayList<>();
    for (String export : exports) {
      devices.add(ExportParser.parse(export, devices.size()));
    }
    return new ServeConfig(threads, devices);
  }

  private void serve(ServeConfig config, ServerSignals signals, StreamEventLog log) {
    SystemdSockets activated = SystemdSockets.of(System.getenv(), ProcessHandle.current().pid());
    ServiceManager manager = new ServiceManager(System.getenv(), log);
    Server server = Server.start(config, log, activated, stages != null);
    PlatterException unwritten = null;
    try (server;
        ServedStages recorded = ServedStages.begin(stages, server)) {
      log.event(Level.INFO, "", "ready", ready(config));
      manager.ready();
      log.event(Level.INFO, "", "stopping", Map.of("signal", awaitStop(server, signals)));
      manager.stopping();
      server.stopServing();
      try {
        recorded.write(commandLine(), out());
      } catch (PlatterException e) {
        unwritten = e; // the images come first
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    log.event(Level.INFO, "", "stopped", Map.of("flushed", server.flushed()));
    if (!server.flushed()) {
      throw PlatterException.failed(
          "what guests have written could not all be made stable", "See the log for the image");
    }
    if (unwritten != null) {
      throw unwritten;
    }
  }

  /** Does what signals ask for until one ends the server; says which. */
  private static String awaitStop(Server server, ServerSignals signals)
      throws InterruptedException {
    while (true) {
      String signal = signals.next();
      switch (signal) {
        case ServerSignals.QUIESCE -> server.quiesce();
        case ServerSignals.RESUME -> resume(server);
        default -> {
          return signal;
        }
      }
    }
  }

  private static void resume(Server server) {
    try {
      server.resume();
    } catch (PlatterException e) {
      // The log has it. Still quiesced, the server can be asked again.
    }
  }

  private static Map<String, Object> ready(ServeConfig config) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("exports", config.exports().size());
    fields.put("pid", ProcessHandle.current().pid());
    return fields;
  }
}
