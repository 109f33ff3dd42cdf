package dev.platter.emulator.server.options;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.PathLimits;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.server.config.Endpoint;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.IoThreadConfig;
import dev.platter.emulator.server.config.Mistakes;
import dev.platter.emulator.server.config.ServeConfig;
import dev.platter.emulator.server.config.ServerOptions;
import dev.platter.emulator.server.confine.ConfinementPlan.Mode;
import java.net.InetSocketAddress;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The options of a server, from its command line and its configuration file.
 *
 * @param file the configuration file, or null
 * @param config its exports and IOThreads
 * @param metrics the address that Prometheus scrapes; null for none
 * @param control the path of the control socket; null for none
 * @param confine how it is confined
 * @param allowed files and directories that it must still be able to open later
 * @param jsonLog whether the log is JSON
 * @param logLevel the least level that is logged
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
  /** The warning about allowed paths without effect, if {@link #allowsInVain}. */
  public static final String ALLOWED_IN_VAIN = "--allow has no effect with --confine off";

  private static final String CONTROL_VARIABLE = "PLATTER_CONTROL";

  /** Makes the list immutable. */
  public ServeOptions {
    allowed = List.copyOf(allowed);
  }

  /** Whether paths are allowed to a server that may open everything. */
  public boolean allowsInVain() {
    return confine == Mode.OFF && !allowed.isEmpty();
  }

  /**
   * The options of settings without errors.
   *
   * @param path the file's path; null if there is none
   * @throws PlatterException of kind BAD_INPUT if the parts do not fit together
   */
  public static ServeOptions of(@Nullable Path path, ServeSettings all) {
    Mistakes mistakes = new Mistakes();
    checkFit(all, mistakes);
    mistakes.refuse();
    return new ServeOptions(
        path,
        new ServeConfig(values(all.ioThreads()), values(all.exports())),
        all.metrics(),
        all.control(),
        or(all.confine(), Mode.AUTO),
        values(all.allowed()),
        or(all.jsonLog(), false),
        or(all.logLevel(), Level.INFO),
        lockWaitNanos(all),
        or(all.ioWorkers(), ServerOptions.IO_WORKERS),
        all.stages());
  }

  /** How long a start waits for locks that requests of a dead process hold. */
  public static long lockWaitNanos(ServeSettings all) {
    return or(all.lockWaitNanos(), ServerOptions.LOCK_WAIT_NANOS);
  }

  /**
   * Checks that the parts fit together, as far as they could be read.
   *
   * @param mistakes gets errors
   */
  public static void checkFit(ServeSettings all, Mistakes mistakes) {
    boolean complete = mistakes.isEmpty();
    List<IoThreadConfig> threads = values(all.ioThreads());
    List<ExportConfig> devices = values(all.exports());
    List<ServeConfig.Conflict> conflicts = new ArrayList<>(ServeConfig.conflicts(threads, devices));
    if (complete) { // else the missing part may be in a part with errors
      conflicts.addAll(ServeConfig.gaps(threads, devices));
    }
    List<OptionValue<?>> parts = new ArrayList<>(all.ioThreads());
    parts.addAll(all.exports());
    for (ServeConfig.Conflict conflict : conflicts) {
      mistakes.add(
          conflict.culprit() < 0
              ? conflict.failure()
              : PlatterException.badInput(
                  parts.get(conflict.culprit()).place() + ": " + conflict.what(),
                  conflict.remedy()));
    }
    if (all.control() != null) {
      checkControl(all.control(), all.exports(), mistakes);
    }
  }

  private static <T> List<T> values(List<OptionValue<T>> placed) {
    return placed.stream().map(OptionValue::value).toList();
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
    PathLimits.check(path);
    try {
      return Path.of(path);
    } catch (InvalidPathException e) {
      throw PlatterException.badInput(
          CONTROL_VARIABLE + " is no path in this locale: " + e.getReason(), "Set LC_ALL=C.UTF-8");
    }
  }

  private static void checkControl(
      Path control, List<OptionValue<ExportConfig>> exports, Mistakes mistakes) {
    Path place = Endpoint.place(control);
    for (OptionValue<ExportConfig> export : exports) {
      if (export.value().endpoint() instanceof Endpoint.SocketPath(Path path)
          && Endpoint.place(path).equals(place)) {
        mistakes.add(
            export.refused(
                PlatterException.badInput(
                    "export "
                        + export.value().name()
                        + " listens on "
                        + control
                        + ", as the control socket is to",
                    "Give each its own path")));
      }
    }
  }

  private static <T> T or(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
