package dev.platter.emulator.cli.ctl;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.cli.shared.DurationConverter;
import dev.platter.emulator.cli.shared.SizeConverter;
import dev.platter.emulator.server.control.ControlReply;
import dev.platter.emulator.text.Units;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The commands of {@code platter ctl} that change the server. */
final class CtlChanges {
  private CtlChanges() {}

  /** {@code platter ctl add}. */
  @Command(
      name = "add",
      description = {
        "Serves one more device, as 'serve --export' does. Nothing is left of it if it fails.",
        "Paths are the server's: relative ones begin where it was started.",
      },
      footer = "  platter ctl add virtio-blk,image=/srv/b.img,socket=/run/platter/vdb.sock")
  static final class Add extends CtlSubcommand {
    @Parameters(
        paramLabel = "EXPORT",
        description = "As after 'platter serve --export'; with socket=.")
    private String export;

    @Override
    public void run() {
      ask("add", Map.of("export", export));
    }

    @Override
    void print(ControlReply reply) {
      out().println("export " + reply.text("name") + " listens on " + reply.text("socket"));
    }
  }

  /** {@code platter ctl remove}. */
  @Command(
      name = "remove",
      description =
          "Serves a device no more: what is in flight completes, its images are flushed and closed,"
              + " its socket is removed. Exits with 1 if an image could not be flushed; it is gone"
              + " nevertheless.",
      footer = {"  platter ctl remove vdb", "  platter ctl remove vdb --force"})
  static final class Remove extends CtlSubcommand {
    @Parameters(paramLabel = "EXPORT", description = "Its name, as 'list' tells.")
    private String export;

    @Option(names = "--force", description = "Also if a client is connected: disconnect it.")
    private boolean force;

    @Override
    public void run() {
      ask("remove", Map.of("export", export, "force", force));
    }

    @Override
    void print(ControlReply reply) {
      out()
          .println(
              "export "
                  + reply.text("name")
                  + " is gone"
                  + (reply.flag("flushed") ? "" : ", but an image could not be flushed"));
    }

    @Override
    void check(ControlReply reply) {
      if (!reply.flag("flushed")) {
        throw PlatterException.failed(
            "the export is gone, but what its guest has written could not be made stable",
            "See the server's log for the image, and the host's for errors of the disk under it");
      }
    }
  }

  /** {@code platter ctl resize}. */
  @Command(
      name = "resize",
      description =
          "Makes an image larger, while its guest runs. Platter never makes one smaller. A virtio"
              + " guest sees it at once, a SATA guest when its disk is switched on again, by a"
              + " reset of its VM or a new start.",
      footer = "  platter ctl resize vda --size 20G")
  static final class Resize extends CtlSubcommand {
    @Parameters(paramLabel = "EXPORT", description = "Its name, as 'list' tells.")
    private String export;

    @Option(names = "--disk", paramLabel = "N", description = "Which of its disks. Default: 0")
    private int disk;

    @Option(
        names = "--size",
        required = true,
        paramLabel = "SIZE",
        converter = SizeConverter.class,
        description = "The new size, such as 20G.")
    private long size;

    @Option(
        names = "--preallocation",
        paramLabel = "MODE",
        description =
            "off leaves a hole, falloc reserves the space. Default: off if the image has holes"
                + " already, else falloc")
    private @Nullable String preallocation;

    @Override
    public void run() {
      Map<String, @Nullable Object> arguments = new LinkedHashMap<>();
      arguments.put("export", export);
      arguments.put("disk", disk);
      arguments.put("bytes", size);
      arguments.put("preallocation", preallocation);
      ask("resize", arguments);
    }

    @Override
    void print(ControlReply reply) {
      out()
          .println(
              reply.text("image")
                  + ": "
                  + Units.bytes(reply.number("before"))
                  + " -> "
                  + Units.bytes(reply.number("bytes"))
                  + " (preallocation "
                  + reply.text("preallocation")
                  + ")"
                  + seen(reply.fields().get("seen")));
    }
  }

  private static String seen(@Nullable Object when) {
    return "power-on".equals(when)
        ? "; its guest sees it when the disk is switched on again, by a reset of its VM or a new"
            + " start"
        : "";
  }

  /** {@code platter ctl quiesce}. */
  @Command(
      name = "quiesce",
      description =
          "As SIGUSR1 does: takes no more requests, drains, flushes and closes all rings, while"
              + " clients stay connected (docs/serve.md). Exits with 1 if a checkpoint is not safe"
              + " then; it is quiesced nevertheless.",
      footer = "  platter ctl quiesce && criu dump ...; platter ctl resume")
  static final class Quiesce extends CtlSubcommand {
    @Override
    public void run() {
      ask("quiesce", Map.of());
    }

    @Override
    void print(ControlReply reply) {
      out()
          .println(
              reply.flag("safe")
                  ? "quiesced: a checkpoint is safe"
                  : "quiesced, but a checkpoint is not safe: " + reply.text("reason"));
    }

    @Override
    void check(ControlReply reply) {
      if (!reply.flag("safe")) {
        throw PlatterException.failed(
            "the server is quiesced, but a checkpoint is not safe: " + reply.text("reason"),
            "Quiesce again, which looks again; or 'platter ctl resume' to go on");
      }
    }
  }

  /** {@code platter ctl resume}. */
  @Command(
      name = "resume",
      description = "As SIGHUP does: goes on where quiesce stopped.",
      footer = "  platter ctl resume")
  static final class Resume extends CtlSubcommand {
    @Override
    public void run() {
      ask("resume", Map.of());
    }

    @Override
    void print(ControlReply reply) {
      out().println("serving");
    }
  }

  /** {@code platter ctl drain}. */
  @Command(
      name = "drain",
      description = {
        "A barrier: waits until all that is in flight has completed, then lets guests go on. They"
            + " wait meanwhile, at most for the time given.",
      },
      footer = {"  platter ctl drain", "  platter ctl drain vda --flush --timeout 30s"})
  static final class Drain extends CtlSubcommand {
    @Parameters(
        arity = "0..1",
        paramLabel = "EXPORT",
        description = "This one alone, and those that share its loops. Default: all")
    private @Nullable String export;

    @Option(
        names = "--timeout",
        paramLabel = "TIME",
        converter = DurationConverter.class,
        description = "How long at most, up to 1h. Default: 5s")
    private @Nullable Long timeoutNanos;

    @Option(names = "--flush", description = "Then make what has completed stable (fsync).")
    private boolean flush;

    @Override
    public void run() {
      Map<String, @Nullable Object> arguments = new LinkedHashMap<>();
      arguments.put("export", export);
      arguments.put(
          "timeout_ms", timeoutNanos == null ? null : (timeoutNanos + 999_999) / 1_000_000);
      arguments.put("flush", flush);
      ask("drain", arguments);
    }

    @Override
    void print(ControlReply reply) {
      out()
          .println(
              "drained: "
                  + reply.text("drained")
                  + " requests were in flight"
                  + (reply.flag("flushed") ? ", images are flushed" : ""));
    }
  }

  /** {@code platter ctl log-level}. */
  @Command(
      name = "log-level",
      description = "Tells what the log leaves out, or changes it until the server stops.",
      footer = {"  platter ctl log-level", "  platter ctl log-level warning"})
  static final class LogLevel extends CtlSubcommand {
    @Parameters(
        arity = "0..1",
        paramLabel = "LEVEL",
        description = "The least that is written: info, warning or error.")
    private @Nullable String level;

    @Override
    public void run() {
      ask("log-level", Collections.singletonMap("level", level));
    }

    @Override
    void print(ControlReply reply) {
      out().println(reply.text("level"));
    }
  }

  /** {@code platter ctl stop}. */
  @Command(
      name = "stop",
      description =
          "As SIGTERM does: disconnects clients, drains, flushes, and ends the server. Does not"
              + " wait for that.",
      footer = "  platter ctl stop")
  static final class Stop extends CtlSubcommand {
    @Override
    public void run() {
      ask("stop", Map.of());
    }

    @Override
    void print(ControlReply reply) {
      out().println("stopping");
    }
  }
}
