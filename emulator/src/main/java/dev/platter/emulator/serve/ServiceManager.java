package dev.platter.emulator.serve;

import dev.platter.aio.socket.UnixDatagram;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.export.EventLog.Level;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Tells systemd, if it asks to be told, how the server is doing (sd_notify(3)). */
public final class ServiceManager {
  private final @Nullable String socket;
  private final EventLog log;

  /**
   * Finds out whether anybody asks.
   *
   * @param environment the process's environment
   * @param log where a failure to tell goes; it is no reason to stop
   */
  public ServiceManager(Map<String, String> environment, EventLog log) {
    this.socket = environment.get("NOTIFY_SOCKET");
    this.log = log;
  }

  /** Clients can connect. */
  public void ready() {
    tell("READY=1");
  }

  /** The server has begun to stop. */
  public void stopping() {
    tell("STOPPING=1");
  }

  private void tell(String state) {
    if (socket == null || socket.isEmpty()) {
      return;
    }
    try {
      UnixDatagram.send(socket, state);
    } catch (IOException e) {
      log.event(
          Level.WARNING, "", "notify-failed", Map.of("reason", socket + ": " + e.getMessage()));
    }
  }
}
