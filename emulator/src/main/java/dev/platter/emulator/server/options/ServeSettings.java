package dev.platter.emulator.server.options;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.IoThreadConfig;
import dev.platter.emulator.server.confine.ConfinementPlan.Mode;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a configuration file or a command line; a part is empty or null if it is not set.
 *
 * @param ioThreads IOThreads that exports name
 * @param exports what to serve
 * @param metrics the address that Prometheus scrapes
 * @param control the path of the control socket
 * @param confine how the server is confined
 * @param allowed what a confined server may still open
 * @param jsonLog whether the log is JSON
 * @param logLevel the least level that is logged
 * @param lockWaitNanos how long a lock that requests of a dead process hold is waited for
 * @param ioWorkers how many io-wq workers each loop may have at work, of each kind
 * @param stages where the stages of requests are written at the end
 * @param doubtful exports with errors that were reported already
 * @param places the place of each key's value in the file
 */
public record ServeSettings(
    List<OptionValue<IoThreadConfig>> ioThreads,
    List<OptionValue<ExportConfig>> exports,
    @Nullable InetSocketAddress metrics,
    @Nullable Path control,
    @Nullable Mode confine,
    List<OptionValue<Path>> allowed,
    @Nullable Boolean jsonLog,
    @Nullable Level logLevel,
    @Nullable Long lockWaitNanos,
    @Nullable Integer ioWorkers,
    @Nullable String stages,
    List<OptionValue<ExportConfig>> doubtful,
    Map<String, String> places) {
  /** Nothing. */
  public static final ServeSettings NONE =
      new ServeSettings(
          List.of(), List.of(), null, null, null, List.of(), null, null, null, null, null,
          List.of(), Map.of());

  /** Makes the lists immutable. */
  public ServeSettings {
    ioThreads = List.copyOf(ioThreads);
    exports = List.copyOf(exports);
    allowed = List.copyOf(allowed);
    doubtful = List.copyOf(doubtful);
    places = Map.copyOf(places);
  }

  /**
   * Merges both: the command line wins, and lists are joined, the file's first.
   *
   * @param environment whose PLATTER_CONTROL is the control socket unless they name one
   * @throws PlatterException of kind BAD_INPUT if that is no path
   */
  public ServeSettings with(ServeSettings flags, Map<String, String> environment) {
    Map<String, String> stillMeant = new HashMap<>(places);
    stillMeant.keySet().removeIf(key -> flags.value(key) != null);
    Path named = either(flags.control, control);
    return new ServeSettings(
        both(ioThreads, flags.ioThreads),
        both(exports, flags.exports),
        either(flags.metrics, metrics),
        named == null ? ServeOptions.control(environment) : named,
        either(flags.confine, confine),
        both(allowed, flags.allowed),
        either(flags.jsonLog, jsonLog),
        either(flags.logLevel, logLevel),
        either(flags.lockWaitNanos, lockWaitNanos),
        either(flags.ioWorkers, ioWorkers),
        either(flags.stages, stages),
        both(doubtful, flags.doubtful),
        stillMeant);
  }

  private @Nullable Object value(String key) {
    return switch (key) {
      case "metrics" -> metrics;
      case "control" -> control;
      case "confine" -> confine;
      case "stages" -> stages;
      default -> null;
    };
  }

  /** An error about the value of a key without a list, with its place if it is from a file. */
  public PlatterException refused(String key, PlatterException why) {
    String place = places.get(key);
    return place == null ? why : new OptionValue<>(place, key, true, List.of()).refused(why);
  }

  private static <T> List<T> both(List<T> first, List<T> second) {
    List<T> all = new ArrayList<>(first);
    all.addAll(second);
    return all;
  }

  private static <T> @Nullable T either(@Nullable T first, @Nullable T second) {
    return first == null ? second : first;
  }
}
