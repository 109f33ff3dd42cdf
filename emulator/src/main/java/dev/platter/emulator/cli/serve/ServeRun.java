package dev.platter.emulator.cli.serve;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.cli.shared.FailureHandler;
import dev.platter.emulator.cli.shared.RunningFiles;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.host.ChargedMemory;
import dev.platter.emulator.host.HostFiles;
import dev.platter.emulator.server.Server;
import dev.platter.emulator.server.ServiceManager;
import dev.platter.emulator.server.StartListener;
import dev.platter.emulator.server.StreamEventLog;
import dev.platter.emulator.server.SystemdSockets;
import dev.platter.emulator.server.config.ServerOptions;
import dev.platter.emulator.server.confine.Confinement;
import dev.platter.emulator.server.confine.ConfinementPlan;
import dev.platter.emulator.server.confine.ProbeOpen;
import dev.platter.emulator.server.options.ListenAddress;
import dev.platter.emulator.server.options.ServeOptions;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The life of a server process: the order of its start, its waits, and its stop. */
final class ServeRun {
  private final ServeOptions options;
  private final String commandLine;
  private final PrintWriter out;
  private final PrintWriter err;

  /**
   * Prepares a server process.
   *
   * @param commandLine its command line, for the record of stages
   */
  ServeRun(ServeOptions options, String commandLine, PrintWriter out, PrintWriter err) {
    this.options = options;
    this.commandLine = commandLine;
    this.out = out;
    this.err = err;
  }

  /**
   * Serves until a signal ends it. Parts are stopped in reverse order of their start.
   *
   * @throws PlatterException if the server cannot start, or has not stopped in order
   */
  void run() {
    Confinement.enter(plan(), err::println); // before there is a thread or an open file of ours
    RunningFiles.hold(); // it may run for months
    FailureHandler.serving();
    ServerSignals signals = ServerSignals.install();
    try (StreamEventLog log =
        options.jsonLog() ? StreamEventLog.json(err) : StreamEventLog.text(err)) {
      log.setLevel(options.logLevel());
      log.event(Level.INFO, "", "confined", Confinement.state().fields());
      if (options.allowsInVain()) {
        log.event(
            Level.WARNING,
            "",
            "no-effect",
            Map.of("option", "allow", "reason", ServeOptions.ALLOWED_IN_VAIN));
      }
      serve(signals, log);
    } finally {
      Confinement.leave();
    }
  }

  /** The files and addresses that the confined server needs. */
  private ConfinementPlan plan() {
    ConfinementPlan plan =
        ConfinementPlan.of(options.confine(), options.config()).allowing(options.allowed());
    if (options.file() != null) {
      plan = plan.reading(options.file()); // read again by the confined process
    }
    if (options.control() != null) {
      plan = plan.controlledAt(options.control());
    }
    if (options.stages() != null && !options.stages().equals("-")) {
      plan = plan.writing(Path.of(options.stages()));
    }
    return options.metrics() == null ? plan : plan.listeningOn(options.metrics());
  }

  private void serve(ServerSignals signals, StreamEventLog log) {
    SystemdSockets activated = SystemdSockets.of(System.getenv(), ProcessHandle.current().pid());
    ServiceManager manager = new ServiceManager(System.getenv(), log);
    ServerEndpoints endpoints = new ServerEndpoints(options, signals, log);
    Server server = start(ProbeOpen.on(log), activated, new Start(signals, manager, endpoints));
    if (server == null) {
      log.event(Level.INFO, "", "stopped", Map.of("flushed", true));
      return;
    }
    signals.onStop(server::beginStop); // requests on the control socket are given up or refused
    signals.onResume(server::giveUpQuiesce); // the main thread may wait for the quiesce
    PlatterException unwritten = null;
    try (server;
        ServedStages recorded = ServedStages.begin(options, server)) {
      serveUntilStopped(server, endpoints, signals, log, manager);
      server.stopServing();
      try {
        recorded.write(commandLine, out);
      } catch (PlatterException e) {
        unwritten = e; // the images come first
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    log.event(Level.INFO, "", "stopped", Map.of("flushed", server.flushed()));
    if (!server.flushed()) {
      throw PlatterException.failed(
          "what guests have written could not all be made stable", "See the log for the image");
    }
    if (unwritten != null) {
      throw unwritten;
    }
  }

  /** Reacts to the progress of the start. */
  private static final class Start implements StartListener {
    private final ServerSignals signals;
    private final ServiceManager manager;
    private final ServerEndpoints endpoints;
    private boolean gaveUp;

    Start(ServerSignals signals, ServiceManager manager, ServerEndpoints endpoints) {
      this.signals = signals;
      this.manager = manager;
      this.endpoints = endpoints;
    }

    @Override
    public void waitsForLock(String image, long nanos) {
      manager.waitsForLock(image, nanos);
    }

    @Override
    public void hasLock(String image) {
      manager.hasLock();
    }

    @Override
    public boolean givesUp() {
      gaveUp = signals.stopAsked();
      return gaveUp;
    }

    @Override
    public void beforeOpen(Server server) {
      endpoints.open(server);
    }
  }

  /** Starts the server; returns null if it was told to stop while it waited for a lock. */
  private @Nullable Server start(EventLog log, SystemdSockets activated, Start listener) {
    ServerOptions its =
        new ServerOptions(options.stages() != null, options.metrics() != null)
            .withLockWait(options.lockWaitNanos())
            .withIoWorkers(options.ioWorkers())
            .withMemoryLimit(ChargedMemory.limitBytes(HostFiles.ofHost()));
    try {
      return Server.start(options.config(), log, activated, its, listener);
    } catch (RuntimeException e) {
      listener.endpoints.close();
      if (listener.gaveUp && e instanceof PlatterException) {
        return null;
      }
      throw e;
    }
  }

  private void serveUntilStopped(
      Server server,
      ServerEndpoints endpoints,
      ServerSignals signals,
      StreamEventLog log,
      ServiceManager manager)
      throws InterruptedException {
    try (endpoints) {
      log.event(Level.INFO, "", "ready", ready(server, endpoints.metricsAddress()));
      manager.ready();
      ProbeOpen.fromInside(server, log);
      log.event(Level.INFO, "", "stopping", Map.of("signal", awaitStop(server, signals)));
      manager.stopping();
    }
  }

  private Map<String, Object> ready(Server server, @Nullable InetSocketAddress metrics) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("exports", server.exports().size());
    fields.put("pid", ProcessHandle.current().pid());
    if (metrics != null) {
      fields.put("metrics", ListenAddress.text(metrics));
    }
    if (options.control() != null) {
      fields.put("control", options.control().toString());
    }
    return fields;
  }

  /** Carries out signals until one ends the server; returns that signal. */
  static String awaitStop(Server server, ServerSignals signals) throws InterruptedException {
    while (true) {
      String signal = signals.next();
      switch (signal) {
        case ServerSignals.QUIESCE -> attempt(server::quiesce);
        case ServerSignals.RESUME -> attempt(server::resume);
        default -> {
          return signal;
        }
      }
    }
  }

  private static void attempt(Runnable request) {
    try {
      request.run();
    } catch (PlatterException e) {
      // The server stops, or the failure is logged: the server stays quiesced, and can be told to
      // resume again.
    }
  }
}
