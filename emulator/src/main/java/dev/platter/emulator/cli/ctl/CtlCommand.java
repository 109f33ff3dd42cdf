package dev.platter.emulator.cli.ctl;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.cli.shared.JsonOption;
import dev.platter.emulator.cli.shared.MissingCommand;
import dev.platter.emulator.cli.shared.PlatterCommand;
import dev.platter.emulator.result.JsonFile;
import dev.platter.emulator.server.control.ControlClient;
import dev.platter.emulator.server.control.ControlReply;
import dev.platter.emulator.server.options.ServeOptions;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** {@code platter ctl}. */
@Command(
    name = "ctl",
    description = {
      "Controls a running 'platter serve' through its control socket (serve --control PATH).",
      "docs/control.md has the protocol, for programs, and what each command means.",
    },
    exitCodeList = {
      "0:done",
      "1:it failed: the server could not, or not now, or not safely",
      "2:bad usage, or refused by the server: an option, an export, a size",
      "3:the host lacks something: nobody serves at the socket",
      "130:interrupted; the server goes on with what it was told",
    },
    footer = {
      "  platter ctl --socket ctl.sock list",
      "  export PLATTER_CONTROL=ctl.sock",
      "  platter ctl add virtio-blk,image=b.img,socket=vdb.sock",
      "  platter ctl resize vdb --size 20G",
      "  platter ctl drain vdb --flush",
      "  platter ctl remove vdb --force",
      "  platter ctl stats --json -",
    },
    subcommands = {
      CtlQueries.List.class,
      CtlQueries.Stats.class,
      CtlQueries.Health.class,
      CtlChanges.Add.class,
      CtlChanges.Remove.class,
      CtlChanges.Resize.class,
      CtlChanges.Quiesce.class,
      CtlChanges.Resume.class,
      CtlChanges.Drain.class,
      CtlChanges.LogLevel.class,
      CtlChanges.Stop.class,
      CtlQueries.Raw.class,
    })
public final class CtlCommand extends PlatterCommand {
  static final String SCHEMA = "platter.ctl/1";
  static final String VARIABLE = "PLATTER_CONTROL";

  @Option(
      names = "--socket",
      paramLabel = "PATH",
      scope = ScopeType.INHERIT,
      description = "The server's control socket. Default: what PLATTER_CONTROL names.")
  private @Nullable Path socket;

  @Option(
      names = JsonOption.NAME,
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description = "Write the answer as JSON (docs/json.md) as well; - prints JSON only.")
  private @Nullable String json;

  @Override
  public void run() {
    throw new MissingCommand(spec().commandLine());
  }

  /** The control socket, or null if none is named. */
  @Nullable Path namedSocket() {
    return socket == null ? ServeOptions.control(System.getenv()) : socket;
  }

  /** The control socket. */
  Path socket() {
    Path named = namedSocket();
    if (named == null) {
      throw PlatterException.badInput(
          "which server is meant is not said",
          "Give --socket PATH, or set " + VARIABLE + "; serve --control PATH makes the socket");
    }
    return named;
  }

  /**
   * Has the server execute a command. The caller prints the answer, and then passes it to {@link
   * #writeJson}, so that it is printed even if that file cannot be written.
   *
   * @param timeoutMillis the time limit from the connecting on, in milliseconds; 0 for none
   */
  ControlReply execute(
      String command, Map<String, ? extends @Nullable Object> arguments, int timeoutMillis) {
    if (json != null) {
      JsonFile.checkWritable(json);
    }
    long start = System.nanoTime();
    try (ControlClient client = ControlClient.connect(socket())) {
      long spent = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
      int left = timeoutMillis == 0 ? 0 : Math.clamp(timeoutMillis - spent, 1, timeoutMillis);
      return client.execute(command, arguments, left);
    }
  }

  /** Writes the answer to a command as JSON, if the user asks for it. */
  void writeJson(String command, Map<String, ? extends @Nullable Object> answer) {
    if (json != null) {
      Map<String, @Nullable Object> document = new LinkedHashMap<>();
      document.put("schema", SCHEMA);
      document.put("command", command);
      document.put("return", answer);
      JsonFile.write(json, document, stdout());
    }
  }
}
