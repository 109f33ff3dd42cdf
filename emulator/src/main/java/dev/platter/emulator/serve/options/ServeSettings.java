package dev.platter.emulator.serve.options;

import dev.platter.emulator.confine.ConfinementPlan.Mode;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.serve.ExportConfig;
import dev.platter.emulator.serve.IoThreadConfig;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a configuration file says, or a command line; empty or null where it says nothing.
 *
 * @param ioThreads IOThreads that exports name
 * @param exports what to serve
 * @param metrics where Prometheus may ask
 * @param control where the control socket is made
 * @param confine how much the server gives up
 * @param allowed what a confined server may still open
 * @param jsonLog whether the log is JSON
 * @param logLevel what an event must at least be to be logged
 * @param lockWaitNanos how long a lock that requests of a dead process hold is waited for
 * @param ioWorkers how many io-wq workers each loop may have at work, of each kind
 * @param stages where the stages of requests are written at the end
 */
public record ServeSettings(
    List<Placed<IoThreadConfig>> ioThreads,
    List<Placed<ExportConfig>> exports,
    @Nullable InetSocketAddress metrics,
    @Nullable Path control,
    @Nullable Mode confine,
    List<Path> allowed,
    @Nullable Boolean jsonLog,
    @Nullable Level logLevel,
    @Nullable Long lockWaitNanos,
    @Nullable Integer ioWorkers,
    @Nullable String stages) {
  /** Nothing. */
  public static final ServeSettings NONE =
      new ServeSettings(
          List.of(), List.of(), null, null, null, List.of(), null, null, null, null, null);

  /** Makes the lists immutable. */
  public ServeSettings {
    ioThreads = List.copyOf(ioThreads);
    exports = List.copyOf(exports);
    allowed = List.copyOf(allowed);
  }
}
