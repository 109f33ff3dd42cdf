package dev.platter.emulator.serve.options;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.confine.ConfinementPlan.Mode;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.serve.Endpoint;
import dev.platter.emulator.serve.ExportConfig;
import dev.platter.emulator.serve.IoThreadConfig;
import dev.platter.emulator.serve.ServeConfig;
import dev.platter.emulator.serve.ServerOptions;
import java.net.InetSocketAddress;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All that a server is told, by its options and its configuration file.
 *
 * @param file the configuration file, or null
 * @param config what it serves
 * @param metrics where Prometheus may ask; null for nowhere
 * @param control where the control socket is made; null for none
 * @param confine how much it gives up
 * @param allowed files and directories that it must still be able to open later
 * @param jsonLog whether the log is JSON
 * @param logLevel what an event must at least be to be logged
 * @param lockWaitNanos how long a lock that requests of a dead process hold is waited for
 * @param ioWorkers how many io-wq workers each loop may have at work, of each kind
 * @param stages where the stages of requests are written at the end; null if they are not recorded
 */
public record ServeOptions(
    @Nullable Path file,
    ServeConfig config,
    @Nullable InetSocketAddress metrics,
    @Nullable Path control,
    Mode confine,
    List<Path> allowed,
    boolean jsonLog,
    Level logLevel,
    long lockWaitNanos,
    int ioWorkers,
    @Nullable String stages) {
  private static final String CONTROL_VARIABLE = "PLATTER_CONTROL";

  /** Makes the list immutable. */
  public ServeOptions {
    allowed = List.copyOf(allowed);
  }

  /**
   * Puts both together: what the command line says wins, and lists add up, the file's first.
   *
   * @param path where the file is; null if there is none
   * @param environment whose PLATTER_CONTROL is the control socket unless they name one
   * @throws PlatterException of kind BAD_INPUT if the parts do not fit together
   */
  public static ServeOptions of(
      @Nullable Path path,
      ServeSettings file,
      ServeSettings flags,
      Map<String, String> environment) {
    Path named = either(flags.control(), file.control());
    Path control = named == null ? control(environment) : named;
    ServeConfig config =
        config(both(file.ioThreads(), flags.ioThreads()), both(file.exports(), flags.exports()));
    if (control != null) {
      checkControl(control, config);
    }
    return new ServeOptions(
        path,
        config,
        either(flags.metrics(), file.metrics()),
        control,
        or(either(flags.confine(), file.confine()), Mode.AUTO),
        both(file.allowed(), flags.allowed()),
        or(either(flags.jsonLog(), file.jsonLog()), false),
        or(either(flags.logLevel(), file.logLevel()), Level.INFO),
        or(either(flags.lockWaitNanos(), file.lockWaitNanos()), ServerOptions.LOCK_WAIT_NANOS),
        or(either(flags.ioWorkers(), file.ioWorkers()), ServerOptions.IO_WORKERS),
        either(flags.stages(), file.stages()));
  }

  private static ServeConfig config(
      List<Placed<IoThreadConfig>> ioThreads, List<Placed<ExportConfig>> exports) {
    List<IoThreadConfig> threads = ioThreads.stream().map(Placed::value).toList();
    List<ExportConfig> devices = exports.stream().map(Placed::value).toList();
    ServeConfig.Conflict conflict = ServeConfig.conflict(threads, devices);
    if (conflict == null) {
      return new ServeConfig(threads, devices);
    }
    if (conflict.culprit() < 0) {
      throw conflict.failure();
    }
    List<Placed<?>> all = new ArrayList<>(ioThreads);
    all.addAll(exports);
    throw PlatterException.badInput(
        all.get(conflict.culprit()).place() + ": " + conflict.what(), conflict.remedy());
  }

  /**
   * The control socket that the environment names; null if none.
   *
   * @throws PlatterException of kind BAD_INPUT if that is no path
   */
  public static @Nullable Path control(Map<String, String> environment) {
    String path = environment.get(CONTROL_VARIABLE);
    if (path == null || path.isEmpty()) {
      return null;
    }
    try {
      return Path.of(path);
    } catch (InvalidPathException e) {
      throw PlatterException.badInput(
          CONTROL_VARIABLE + " is no path in this locale: " + e.getReason(), "Set LC_ALL=C.UTF-8");
    }
  }

  private static void checkControl(Path control, ServeConfig config) {
    Path place = control.toAbsolutePath().normalize();
    for (ExportConfig export : config.exports()) {
      if (export.endpoint() instanceof Endpoint.SocketPath(Path path)
          && path.toAbsolutePath().normalize().equals(place)) {
        throw PlatterException.badInput(
            "export " + export.name() + " listens on " + control + ", as the control socket is to",
            "Give each its own path");
      }
    }
  }

  private static <T> List<T> both(List<T> first, List<T> second) {
    List<T> all = new ArrayList<>(first);
    all.addAll(second);
    return all;
  }

  private static <T> @Nullable T either(@Nullable T first, @Nullable T second) {
    return first == null ? second : first;
  }

  private static <T> T or(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
