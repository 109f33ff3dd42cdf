package dev.platter.emulator.server.control;

import dev.platter.aio.PlatterException;
import dev.platter.aio.sys.Errno;
import dev.platter.devices.block.image.Preallocation;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.server.DrainResult;
import dev.platter.emulator.server.ExportView;
import dev.platter.emulator.server.ResizeResult;
import dev.platter.emulator.server.Server;
import dev.platter.emulator.server.StreamEventLog;
import dev.platter.emulator.server.config.Endpoint;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ExportKind;
import dev.platter.emulator.server.confine.Confinement;
import dev.platter.emulator.server.options.Choices;
import dev.platter.emulator.server.options.ExportParser;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Executes the commands of a control socket. Any thread. Each change of the server is logged, with
 * the peer and the result.
 */
final class Commands {
  private static final long DEFAULT_DRAIN_MILLIS = 5_000;
  private static final long MAX_DRAIN_MILLIS = TimeUnit.HOURS.toMillis(1);

  /**
   * The result of a command.
   *
   * @param afterwards runs after the answer was sent
   */
  record Answer(Map<String, @Nullable Object> result, Runnable afterwards) {
    Answer(Map<String, @Nullable Object> result) {
      this(result, () -> {});
    }
  }

  private interface Action {
    Answer run(Arguments arguments);
  }

  /**
   * A command.
   *
   * @param arguments names and meanings, in order
   * @param changes whether it changes the server, and is logged
   */
  private record Command(
      String help, Map<String, String> arguments, boolean changes, Action action) {}

  private final Server server;
  private final StreamEventLog log;
  private final List<ExportKind> kinds;
  private final @Nullable Runnable stop;
  private final ServerFacts facts;
  private final Map<String, Command> commands = new LinkedHashMap<>();

  /**
   * Creates the commands of a server.
   *
   * @param kinds the kinds of devices that can be added
   * @param stop begins to stop the server; null if there is no such command
   */
  Commands(Server server, StreamEventLog log, List<ExportKind> kinds, @Nullable Runnable stop) {
    this.kinds = kinds;
    this.server = server;
    this.log = log;
    this.stop = stop;
    facts = new ServerFacts(server);
    looks("list", "the exports", Map.of(), _ -> new Answer(facts.list()));
    looks(
        "stats",
        "what exports, disks and loops have done",
        Map.of("export", "text: this one alone"),
        arguments -> new Answer(facts.stats(arguments.optionalText("export"))));
    looks("health", "whether the server answers", Map.of(), _ -> new Answer(facts.health()));
    changes(
        "add",
        "serve one more device",
        Map.of("export", "text, as after --export; with socket="),
        this::add);
    changes(
        "remove",
        "serve a device no more",
        ordered("export", "text: its name", "force", "true: also with a client connected"),
        this::remove);
    changes(
        "resize",
        "make an image larger",
        ordered(
            "export", "text: its name",
            "disk", "number: which of its images, from 0; default 0",
            "bytes", "number: the new size",
            "preallocation", "off or falloc; default off only if the image has holes"),
        this::resize);
    changes(
        "quiesce",
        "take no more requests, drain, flush, close all rings",
        Map.of(),
        _ -> new Answer(nullable(server.quiesce().fields())));
    changes("resume", "go on after quiesce", Map.of(), _ -> resume());
    changes(
        "drain",
        "wait until all that is in flight has completed",
        ordered(
            "export", "text: this one alone",
            "timeout_ms", "number: how long at most; default 5000, at most 3600000",
            "flush", "true: then make it stable"),
        this::drain);
    changes(
        "log-level",
        "leave out of the log what matters less",
        Map.of("level", "info, warning or error; without it, tells what it is"),
        this::logLevel);
    if (stop != null) {
      changes("stop", "stop the server as SIGTERM does", Map.of(), _ -> stop());
    }
    looks("commands", "what can be asked", Map.of(), _ -> new Answer(help()));
  }

  private void looks(String name, String help, Map<String, String> arguments, Action action) {
    commands.put(name, new Command(help, arguments, false, action));
  }

  private void changes(String name, String help, Map<String, String> arguments, Action action) {
    commands.put(name, new Command(help, arguments, true, action));
  }

  private static Map<String, String> ordered(String... words) {
    Map<String, String> map = new LinkedHashMap<>();
    for (int i = 0; i < words.length; i += 2) {
      map.put(words[i], words[i + 1]);
    }
    return map;
  }

  /**
   * Executes a request.
   *
   * @throws PlatterException if it fails
   */
  Answer execute(Wire.Request request, PeerProcess peer) {
    Command command = commands.get(request.command());
    if (command == null) {
      throw PlatterException.badInput(
          "there is no command '" + request.command() + "'",
          "One of " + String.join(", ", commands.keySet()));
    }
    long start = System.nanoTime();
    try {
      request.arguments().check(command.arguments().keySet());
      Answer answer = command.action().run(request.arguments());
      tell(command, request, peer, start, null);
      return answer;
    } catch (PlatterException e) {
      tell(command, request, peer, start, e);
      throw e;
    }
  }

  private void tell(
      Command command,
      Wire.Request request,
      PeerProcess peer,
      long start,
      @Nullable Exception failure) {
    if (!command.changes()) {
      return;
    }
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("command", request.command());
    fields.putAll(request.arguments().told(command.arguments().keySet()));
    fields.putAll(peer.fields());
    fields.put("milliseconds", (System.nanoTime() - start) / 1_000_000);
    fields.put("outcome", failure == null ? "done" : "refused");
    if (failure != null) {
      fields.put("reason", String.valueOf(failure.getMessage()));
    }
    log.event(failure == null ? Level.INFO : Level.WARNING, "", "control", fields);
  }

  private Map<String, @Nullable Object> help() {
    List<Map<String, @Nullable Object>> all = new ArrayList<>();
    commands.forEach((name, command) -> {
      Map<String, @Nullable Object> each = new LinkedHashMap<>();
      each.put("name", name);
      each.put("help", command.help());
      each.put("arguments", command.arguments());
      all.add(each);
    });
    Map<String, @Nullable Object> result = new LinkedHashMap<>();
    result.put("commands", all);
    return result;
  }

  private static Map<String, @Nullable Object> nullable(Map<String, Object> fields) {
    return new LinkedHashMap<>(fields);
  }

  // ---- what changes the server ---------------------------------------------------------------

  private Answer add(Arguments arguments) {
    String text = arguments.text("export");
    ExportView view;
    ExportConfig config = null;
    try {
      config = ExportParser.parse(text, server.exports().size(), kinds);
      view = server.addExport(config);
    } catch (PlatterException e) {
      throw explained(e, config);
    }
    return new Answer(facts.describe(view));
  }

  /**
   * Adds to an error what a peer may not know: where the server's paths begin, and which rights it
   * has given up.
   */
  PlatterException explained(PlatterException e, @Nullable ExportConfig added) {
    if (e.kind() != PlatterException.Kind.BAD_INPUT) {
      return e; // a lack of the host concerns no path of the peer
    }
    if (e.errno() == Errno.ENOENT || e.errno() == Errno.ENOTDIR) {
      return e.withRemedy("Paths are the server's, which runs in " + Path.of("").toAbsolutePath());
    }
    boolean denied = e.errno() == Errno.EACCES || e.errno() == Errno.EPERM;
    if (!denied || !Confinement.state().confined()) {
      return e;
    }
    return e.withRemedy(
        added != null
                && added.endpoint() instanceof Endpoint.SocketPath(Path path)
                && path.toString().equals(e.path())
            ? socketRemedy(server.exports())
            : "If the file's mode allows it, the server is confined: start serve with --allow DIR");
  }

  /**
   * A remedy: where a confined server can still make a socket, because --allow permits images and
   * no sockets.
   */
  static String socketRemedy(List<ExportView> exports) {
    Set<String> directories = new LinkedHashSet<>();
    for (ExportView export : exports) {
      Path directory = Path.of(export.socket()).getParent();
      if (directory != null) {
        directories.add(directory.toString());
      }
    }
    return "The server is confined: name a directory that it had a socket in when it was started"
        + (directories.isEmpty() ? "" : ", such as " + String.join(", ", directories));
  }

  private Answer remove(Arguments arguments) {
    String name = arguments.text("export");
    boolean force = arguments.flag("force");
    Map<String, @Nullable Object> result = new LinkedHashMap<>();
    result.put("name", name);
    result.put("flushed", server.removeExport(name, force));
    return new Answer(result);
  }

  private Answer resize(Arguments arguments) {
    String name = arguments.text("export");
    long disk = arguments.number("disk", 0);
    long bytes = arguments.number("bytes");
    String how = arguments.optionalText("preallocation");
    ResizeResult resized =
        server.resize(
            name,
            Math.clamp(disk, -1, Integer.MAX_VALUE),
            bytes,
            how == null ? null : choice("preallocation", Preallocation.class, how));
    Map<String, @Nullable Object> result = new LinkedHashMap<>();
    result.put("name", name);
    result.put("disk", disk);
    result.put("image", resized.image());
    result.put("before", resized.before());
    result.put("bytes", resized.bytes());
    result.put("preallocation", resized.preallocation().toString());
    result.put("seen", resized.atPowerOn() ? "power-on" : "now");
    return new Answer(result);
  }

  private static <E extends Enum<E>> E choice(String name, Class<E> type, String text) {
    try {
      return Choices.parse(type, text);
    } catch (IllegalArgumentException e) {
      throw PlatterException.badInput(name + ": " + e.getMessage(), null);
    }
  }

  private Answer resume() {
    server.resume();
    return new Answer(new LinkedHashMap<>());
  }

  private Answer drain(Arguments arguments) {
    String name = arguments.optionalText("export");
    long millis = arguments.number("timeout_ms", DEFAULT_DRAIN_MILLIS);
    boolean flush = arguments.flag("flush");
    if (millis < 0 || millis > MAX_DRAIN_MILLIS) {
      throw PlatterException.badInput(
          "drain: a time-out of " + millis + " ms cannot be", "Give at most " + MAX_DRAIN_MILLIS);
    }
    DrainResult drained = server.drain(name, TimeUnit.MILLISECONDS.toNanos(millis), flush);
    Map<String, @Nullable Object> result = new LinkedHashMap<>();
    result.put("drained", drained.requests());
    result.put("flushed", drained.flushed());
    result.put("milliseconds", drained.millis());
    return new Answer(result);
  }

  private Answer logLevel(Arguments arguments) {
    String level = arguments.optionalText("level");
    if (level != null) {
      log.setLevel(choice("level", Level.class, level));
    }
    Map<String, @Nullable Object> result = new LinkedHashMap<>();
    result.put("level", log.level().name().toLowerCase(Locale.ROOT));
    return new Answer(result);
  }

  private Answer stop() {
    Runnable begin = stop;
    Map<String, @Nullable Object> result = new LinkedHashMap<>();
    result.put("stopping", true);
    return new Answer(result, begin == null ? () -> {} : begin);
  }
}
