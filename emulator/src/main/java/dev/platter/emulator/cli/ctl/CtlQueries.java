package dev.platter.emulator.cli.ctl;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.cli.shared.Terminal;
import dev.platter.emulator.server.control.ControlClient;
import dev.platter.emulator.server.control.ControlReply;
import dev.platter.emulator.text.TextTable;
import dev.platter.emulator.text.Units;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The commands of {@code platter ctl} that change nothing. */
final class CtlQueries {
  private CtlQueries() {}

  /** {@code platter ctl list}. */
  @Command(
      name = "list",
      description = "Lists the exports and their disks.",
      footer = "  platter ctl list --json -")
  static final class List extends CtlSubcommand {
    @Override
    public void run() {
      ask("list", Map.of());
    }

    @Override
    void print(ControlReply reply) {
      TextTable table =
          new TextTable()
              .left("export")
              .left("device")
              .right("client")
              .right("disk")
              .right("size")
              .left("mode")
              .left("image")
              .left("socket");
      for (ControlReply export : reply.parts("exports")) {
        String client = export.flag("connected") ? "pid " + export.text("client_pid") : "-";
        for (ControlReply disk : export.parts("disks")) {
          table.row(
              export.text("name"),
              export.text("device"),
              client,
              disk.text("index"),
              Units.bytes(disk.number("bytes")),
              disk.text("mode"),
              disk.text("image"),
              export.text("socket"));
        }
      }
      out().print(table.render(Terminal.columns(TextTable.WIDE)));
      for (ControlReply export : reply.parts("exports")) {
        if (export.flag("client_waits")) {
          out()
              .println(
                  export.text("name")
                      + ": another client waits"
                      + (export.flag("connected")
                          ? " for pid " + export.text("client_pid") + " to leave"
                          : ""));
        }
      }
      if (!reply.text("status").equals("serving")) {
        out().println("The server is " + reply.text("status") + ".");
      }
    }
  }

  /** {@code platter ctl stats}. */
  @Command(
      name = "stats",
      description =
          "Tells what guests have asked of each disk since the export was made; --json has the"
              + " loops as well.",
      footer = {"  platter ctl stats", "  platter ctl stats vda --json -"})
  static final class Stats extends CtlSubcommand {
    @Parameters(arity = "0..1", paramLabel = "EXPORT", description = "This one alone.")
    private @Nullable String export;

    @Override
    public void run() {
      ask("stats", Collections.singletonMap("export", export));
    }

    @Override
    void print(ControlReply reply) {
      TextTable table =
          new TextTable()
              .left("export")
              .right("disk")
              .right("reads")
              .right("read")
              .right("writes")
              .right("written")
              .right("flushes")
              .right("errors")
              .right("in flight")
              .right("clients");
      for (ControlReply each : reply.parts("exports")) {
        for (ControlReply disk : each.parts("disks")) {
          table.row(
              each.text("name"),
              disk.text("index"),
              Units.count(disk.part("read").number("requests")),
              Units.bytes(disk.part("read").number("bytes")),
              Units.count(disk.part("write").number("requests")),
              Units.bytes(disk.part("write").number("bytes")),
              Units.count(disk.part("flush").number("requests")),
              Units.count(errors(disk)),
              disk.text("in_flight"),
              each.text("connections"));
        }
      }
      out().print(table.render(Terminal.columns(TextTable.WIDE)));
    }

    private static long errors(ControlReply disk) {
      long errors = 0;
      for (String operation : disk.fields().keySet()) {
        ControlReply kinds = disk.part(operation).part("errors");
        for (String kind : kinds.fields().keySet()) {
          errors += kinds.number(kind);
        }
      }
      return errors;
    }
  }

  /** {@code platter ctl health}. */
  @Command(
      name = "health",
      description = "Tells whether the server answers; for health checks of containers.",
      exitCodeList = {
        "0:it answers, quiesced or not",
        "1:it does not answer in time",
        "2:bad usage",
        "3:the host lacks something: nobody serves at the socket",
        "130:interrupted; the server goes on with what it was told",
      },
      footer = {"  platter ctl health", "  platter ctl health --if-serving"})
  static final class Health extends CtlSubcommand {
    private static final int TIMEOUT_MILLIS = 5_000;

    @Option(
        names = "--if-serving",
        description =
            "Exit with 0 as well if there is no control socket, because this is no server.")
    private boolean ifServing;

    @Override
    public void run() {
      Path socket = ctl().namedSocket();
      if (ifServing && (socket == null || !Files.exists(socket, LinkOption.NOFOLLOW_LINKS))) {
        out().println("not serving");
        ctl().writeJson("health", Map.of("status", "not serving"));
        return;
      }
      ControlReply reply = ctl().execute("health", Map.of(), TIMEOUT_MILLIS);
      out().println(reply.text("status"));
      ctl().writeJson("health", reply.fields());
    }
  }

  /** {@code platter ctl raw}. */
  @Command(
      name = "raw",
      description = "Sends a line of the protocol as it is, and prints the line that comes back.",
      footer = "  platter ctl raw '{\"execute\":\"commands\"}'")
  static final class Raw extends CtlSubcommand {
    @Parameters(paramLabel = "JSON", description = "A request (docs/control.md), in one line.")
    private String line;

    @Override
    public void run() {
      try (ControlClient client = ControlClient.connect(ctl().socket())) {
        String answer = client.raw(line);
        stdout().println(answer); // which is JSON
        if (client.isError(answer)) {
          throw PlatterException.failed("the server has answered with an error", null);
        }
      }
    }
  }
}
