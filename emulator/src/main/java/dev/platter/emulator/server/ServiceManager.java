package dev.platter.emulator.server;

import dev.platter.aio.file.IoReason;
import dev.platter.aio.socket.UnixDatagram;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.export.EventLog.Level;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Tells systemd, if it asks to be told, how the server is doing (sd_notify(3)). */
public final class ServiceManager {
  private static final long REST_OF_THE_START_MICROS = TimeUnit.SECONDS.toMicros(30);

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

  /**
   * The start waits for the lock of an image, and may take longer than it is given.
   *
   * @param nanos how long it may wait
   */
  public void waitsForLock(String image, long nanos) {
    long micros = TimeUnit.NANOSECONDS.toMicros(nanos) + REST_OF_THE_START_MICROS;
    tell("EXTEND_TIMEOUT_USEC=" + micros + "\nSTATUS=Waiting for the lock of " + image);
  }

  /** It waits no more. */
  public void hasLock() {
    tell("STATUS=");
  }

  private void tell(String state) {
    if (socket == null || socket.isEmpty()) {
      return;
    }
    try {
      UnixDatagram.send(socket, state);
    } catch (IOException e) {
      log.event(
          Level.WARNING, "", "notify-failed", Map.of("reason", socket + ": " + IoReason.of(e)));
    }
  }
}
