package dev.platter.emulator.cli.serve;

import dev.platter.emulator.cli.shared.DurationConverter;
import dev.platter.emulator.cli.shared.PlatterCommand;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ExportKinds;
import dev.platter.emulator.server.config.IoThreadConfig;
import dev.platter.emulator.server.config.Mistakes;
import dev.platter.emulator.server.confine.Confinement;
import dev.platter.emulator.server.confine.ConfinementPlan.Mode;
import dev.platter.emulator.server.options.ExportParser;
import dev.platter.emulator.server.options.IoThreadParser;
import dev.platter.emulator.server.options.IoWorkerLimit;
import dev.platter.emulator.server.options.OptionValue;
import dev.platter.emulator.server.options.ServeFile;
import dev.platter.emulator.server.options.ServeOptions;
import dev.platter.emulator.server.options.ServeSettings;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

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
      "1:an image could not be flushed, the lock of one was not to be had in time, or a bug",
      "2:bad usage or input: an option, a path, an image, a socket; nothing was started",
      "3:the host lacks something: io_uring, a limit; nothing was started",
      "130:interrupted a second time (128 and the signal's number), nothing flushed",
    },
    footer = {
      "  platter serve --export virtio-blk,image=disk.img,socket=vda.sock",
      "  platter serve --export ahci,image=a.img,image=b.img,readonly,socket=sata.sock",
      "  platter serve --stages stages.json --export virtio-blk,image=disk.img,socket=vda.sock",
      "  platter serve --config platter.yaml --check",
      "  platter serve --config platter.yaml --metrics 9464 --control ctl.sock",
      "  platter serve --json-log --iothread id=io0,cpu=1 \\",
      "      --export virtio-blk,image=disk.img,socket=vda.sock,iothread=io0",
    })
public final class ServeCommand extends PlatterCommand {
  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "A YAML file with these options, without the dashes (docs/serve.md). Options that are"
              + " given here, too, win; exports, IOThreads and allowed paths add up.")
  private @Nullable Path configFile;

  @Option(
      names = "--export",
      paramLabel = "EXPORT",
      description = {
        "A device and its socket; may be given several times:",
        "virtio-blk,image=PATH,socket=PATH[,queues=N][,queue-size=N][,iothread=ID]",
        "ahci,image=PATH[,image=PATH...],socket=PATH",
        "An image is a raw image, a block device, or ram:SIZE for a disk in memory.",
        "Of each image: serial=TEXT, readonly, cache=none|writeback, discard=unmap|ignore,"
            + " logical-block-size=512|4096, lock=on|off, format=raw; with ahci, where these follow"
            + " the image they are about, also model=TEXT, firmware=TEXT. Of each export:"
            + " name=NAME, poll-max=TIME, guest-memory=SIZE. fd=N is a listening socket that was"
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
      names = "--metrics",
      paramLabel = "HOST:PORT",
      converter = AddressConverter.class,
      description = "Answer Prometheus over HTTP (docs/metrics.md); only a port means 127.0.0.1.")
  private @Nullable InetSocketAddress metrics;

  @Option(
      names = "--control",
      paramLabel = "PATH",
      description =
          "Make a socket for 'platter ctl' (docs/control.md). Without it, the one that the"
              + " environment variable PLATTER_CONTROL names, if any.")
  private @Nullable Path control;

  @Option(
      names = "--confine",
      paramLabel = "MODE",
      converter = ModeConverter.class,
      description =
          "Give up access to all files but those that are served (docs/security.md): auto, as far"
              + " as the kernel can; on, or fail where it cannot; off. Default: auto")
  private @Nullable Mode confine;

  @Option(
      names = "--allow",
      paramLabel = "PATH",
      description =
          "A file or directory that a confined server may still open, for 'platter ctl add'. May be"
              + " given several times.")
  private List<Path> allowed = new ArrayList<>();

  @Option(
      names = "--json-log",
      negatable = true,
      description = "Write each event as a JSON object (docs/serve.md) instead of as text.")
  private @Nullable Boolean jsonLog;

  @Option(
      names = "--log-level",
      paramLabel = "LEVEL",
      converter = LevelConverter.class,
      description =
          "Log what is at least info, warning or error; scripts that wait for 'ready' need info."
              + " Default: info")
  private @Nullable Level logLevel;

  @Option(
      names = "--lock-wait",
      paramLabel = "TIME",
      converter = DurationConverter.class,
      description =
          "How long a start, or 'platter ctl add', waits for an image whose lock the requests of a"
              + " process hold that has died; 0 for not at all. Default: 60s")
  private @Nullable Long lockWaitNanos;

  @Option(
      names = "--io-workers",
      paramLabel = "N",
      converter = IoWorkersConverter.class,
      description =
          "How many threads the kernel may have at work for each loop on what it cannot do at once,"
              + " such as flushes and discards. Default: 16")
  private @Nullable Integer ioWorkers;

  @Option(
      names = "--stages",
      paramLabel = "FILE",
      description =
          "Record the stages of each request's way, and write them as JSON (docs/json.md) when the"
              + " server stops; 'platter report' draws them.")
  private @Nullable String stages;

  @Option(
      names = "--check",
      description =
          "Check all that a start would refuse, and tell all of it; print what would be served, and"
              + " exit.")
  private boolean check;

  /** Reads a value of {@code --confine}. */
  static final class ModeConverter extends WordConverter<Mode> {
    ModeConverter() {
      super(Mode.class);
    }
  }

  /** Reads a value of {@code --io-workers}. */
  static final class IoWorkersConverter implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String value) {
      try {
        return IoWorkerLimit.parse(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(String.valueOf(e.getMessage()));
      }
    }
  }

  /** Reads a value of {@code --log-level}. */
  static final class LevelConverter extends WordConverter<Level> {
    LevelConverter() {
      super(Level.class);
    }
  }

  @Override
  public void run() {
    Mistakes mistakes = new Mistakes();
    ServeSettings settings = settings(mistakes);
    List<String> notes = List.of();
    if (!Confinement.hasBegun()) {
      notes = StartCheck.look(settings, check, System.getenv(), mistakes);
    }
    mistakes.refuse();
    ServeOptions options = ServeOptions.of(configFile, settings);
    if (check) {
      ServeCheck.print(options, notes, out());
    } else {
      new ServeRun(options, commandLine(), out(), err()).run();
    }
  }

  /** The settings of the file and the flags, as far as they can be read. */
  private ServeSettings settings(Mistakes mistakes) {
    if (configFile == null && exports.isEmpty()) {
      throw new ParameterException(
          spec().commandLine(), "missing required option: '--export=EXPORT' or '--config=FILE'");
    }
    ServeSettings file =
        configFile == null
            ? ServeSettings.NONE
            : ServeFile.read(configFile, ExportKinds.ALL, mistakes);
    List<OptionValue<IoThreadConfig>> threads = new ArrayList<>();
    for (String ioThread : ioThreads) {
      mistakes.attempt(() ->
          threads.add(new OptionValue<>("--iothread " + ioThread, IoThreadParser.parse(ioThread))));
    }
    List<OptionValue<ExportConfig>> devices = new ArrayList<>();
    List<OptionValue<ExportConfig>> doubtful = new ArrayList<>();
    int index = file.exports().size() + file.doubtful().size();
    for (String text : exports) {
      Mistakes its = new Mistakes();
      ExportConfig export = ExportParser.parse(text, index++, ExportKinds.ALL, its);
      if (export != null) {
        (its.isEmpty() ? devices : doubtful).add(new OptionValue<>("--export " + text, export));
      }
      mistakes.attempt(its::refuse);
    }
    ServeSettings flags =
        new ServeSettings(
            threads,
            devices,
            metrics,
            control,
            confine,
            allowed.stream().map(path -> new OptionValue<>("--allow " + path, path)).toList(),
            jsonLog,
            logLevel,
            lockWaitNanos,
            ioWorkers,
            stages,
            doubtful,
            Map.of());
    return file.with(flags, System.getenv());
  }
}
