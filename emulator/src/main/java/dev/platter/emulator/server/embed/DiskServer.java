package dev.platter.emulator.server.embed;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.BlockBackend;
import dev.platter.emulator.server.Server;
import dev.platter.emulator.server.StartListener;
import dev.platter.emulator.server.StreamEventLog;
import dev.platter.emulator.server.SystemdSockets;
import dev.platter.emulator.server.config.AhciExport;
import dev.platter.emulator.server.config.Endpoint;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ImageConfig;
import dev.platter.emulator.server.config.ServeConfig;
import dev.platter.emulator.server.config.ServerOptions;
import dev.platter.emulator.server.config.VirtioBlkExport;
import dev.platter.emulator.server.control.ControlServer;
import dev.platter.emulator.server.metrics.MetricsServer;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A server of disks that a program has made itself, in this process.
 *
 * <pre>{@code
 * try (StreamEventLog log = StreamEventLog.text(new PrintWriter(System.err));
 *     BlockBackend disk = new StoreDisk("mine", store);
 *     DiskServer server = DiskServer.with(log).virtioBlk("vda", Path.of("vda.sock"), disk, 2).start()) {
 *   ...
 * }
 * }</pre>
 *
 * <p>Disks stay the program's: it closes them after the server. The JVM needs {@code
 * --enable-native-access=ALL-UNNAMED}.
 */
public final class DiskServer implements AutoCloseable {
  private final Server server;
  private final List<Runnable> endpoints;

  private DiskServer(Server server, List<Runnable> endpoints) {
    this.server = server;
    this.endpoints = endpoints;
  }

  /**
   * Begins a server without exports.
   *
   * @param log the event log; closed by its owner, after the server
   */
  public static Builder with(StreamEventLog log) {
    return new Builder(log);
  }

  /** The exports and endpoints of a server to start. For one thread. */
  public static final class Builder {
    private final StreamEventLog log;
    private final List<ExportConfig> exports = new ArrayList<>();
    private boolean stages;
    private @Nullable Path control;
    private @Nullable InetSocketAddress metrics;

    private Builder(StreamEventLog log) {
      this.log = log;
    }

    /**
     * Serves a disk as virtio-blk over vhost-user, on a loop of its own.
     *
     * @param name its name in the log, and the disk's serial number
     * @param socket the socket's path; made at the start
     * @param queues how many request queues, 1 to 64: as many as the guest has CPUs
     */
    public Builder virtioBlk(String name, Path socket, BlockBackend disk, int queues) {
      exports.add(
          new VirtioBlkExport(
              name,
              new Endpoint.SocketPath(socket),
              ImageConfig.of(disk),
              name,
              queues,
              List.of(),
              OptionalLong.empty()));
      return this;
    }

    /**
     * Serves disks on the ports of an AHCI controller over vfio-user.
     *
     * @param name its name in the log; the disks' serial numbers begin with it
     * @param socket the socket's path; made at the start
     */
    public Builder ahci(String name, Path socket, List<BlockBackend> disks) {
      List<AhciExport.Port> ports = new ArrayList<>();
      for (BlockBackend disk : disks) {
        ports.add(
            new AhciExport.Port(
                ImageConfig.of(disk),
                name + "-" + ports.size(),
                AhciExport.Port.DEFAULT_MODEL,
                AhciExport.Port.DEFAULT_FIRMWARE));
      }
      exports.add(
          new AhciExport(
              name,
              new Endpoint.SocketPath(socket),
              ports,
              OptionalLong.empty(),
              OptionalLong.empty()));
      return this;
    }

    /** Serves {@code platter ctl} on a socket: lists, drains, quiesces, resumes, removes. */
    public Builder control(Path socket) {
      control = socket;
      return this;
    }

    /** Serves metrics for Prometheus, with histograms of latencies. */
    public Builder metrics(InetSocketAddress address) {
      metrics = address;
      return this;
    }

    /** Records the stages of each request, for {@link Server#takeStages} and the metrics. */
    public Builder stages() {
      stages = true;
      return this;
    }

    /**
     * Starts the server. No client can connect to an export before the control socket and the port
     * of metrics are open.
     *
     * @throws PlatterException if anything is missing; nothing is left behind then
     */
    public DiskServer start() {
      List<Runnable> endpoints = new ArrayList<>();
      StartListener opener =
          new StartListener() {
            @Override
            public void beforeOpen(Server server) {
              open(server, endpoints);
            }
          };
      try {
        Server server =
            Server.start(
                new ServeConfig(List.of(), exports),
                log,
                SystemdSockets.none(),
                new ServerOptions(stages, metrics != null),
                opener);
        return new DiskServer(server, endpoints);
      } catch (RuntimeException | Error e) {
        endpoints.forEach(Runnable::run);
        throw e;
      }
    }

    private void open(Server server, List<Runnable> endpoints) {
      if (metrics != null) {
        endpoints.add(MetricsServer.start(metrics, server, log)::close);
      }
      if (control != null) {
        endpoints.add(ControlServer.start(control, server, log)::close);
      }
    }
  }

  /**
   * The server itself, to quiesce, resume and drain it, to change exports, and to read counters.
   */
  public Server server() {
    return server;
  }

  /** Stops: disconnects clients, waits for what is in flight, flushes. Idempotent. */
  @Override
  public void close() {
    server.beginStop(); // requests on the control socket are given up or refused
    try {
      endpoints.forEach(Runnable::run);
    } finally {
      server.close();
    }
  }
}
