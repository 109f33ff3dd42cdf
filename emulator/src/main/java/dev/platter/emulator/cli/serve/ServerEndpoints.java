package dev.platter.emulator.cli.serve;

import dev.platter.emulator.server.Server;
import dev.platter.emulator.server.StreamEventLog;
import dev.platter.emulator.server.config.ExportKinds;
import dev.platter.emulator.server.control.ControlServer;
import dev.platter.emulator.server.metrics.MetricsServer;
import dev.platter.emulator.server.options.ServeOptions;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * The control socket and the metrics port of a server, as far as the options ask for them. Opened
 * before a client can connect to an export: if one of them cannot be opened, no guest has seen the
 * server. For one thread.
 */
final class ServerEndpoints implements AutoCloseable {
  private final ServeOptions options;
  private final ServerSignals signals;
  private final StreamEventLog log;
  private @Nullable ControlServer control;
  private @Nullable MetricsServer metrics;

  ServerEndpoints(ServeOptions options, ServerSignals signals, StreamEventLog log) {
    this.options = options;
    this.signals = signals;
    this.log = log;
  }

  /**
   * Opens both. After a failure, the caller closes.
   *
   * @throws dev.platter.aio.PlatterException if the port or the socket cannot be opened
   */
  void open(Server server) {
    if (options.metrics() != null) {
      metrics = MetricsServer.start(options.metrics(), server, log);
    }
    if (options.control() != null) {
      control = ControlServer.start(options.control(), server, log, ExportKinds.ALL, signals::stop);
    }
  }

  /** The address that Prometheus scrapes; null if there are no metrics. */
  @Nullable InetSocketAddress metricsAddress() {
    return metrics == null ? null : metrics.address();
  }

  /** Closes what is open. Idempotent. */
  @Override
  public void close() {
    if (metrics != null) {
      metrics.close();
    }
    if (control != null) {
      control.close();
    }
  }
}
