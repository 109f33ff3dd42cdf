package dev.platter.emulator.server.control;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.IoReason;
import dev.platter.aio.loop.Threads;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.socket.UnixListener;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.host.OwnProcess;
import dev.platter.emulator.server.Server;
import dev.platter.emulator.server.StreamEventLog;
import dev.platter.emulator.server.config.ExportKind;
import dev.platter.emulator.server.config.ExportKinds;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Answers on a control socket (docs/control.md). Of the users that the socket's mode admits, this
 * process's user and root may connect.
 */
public final class ControlServer implements AutoCloseable {
  /** The largest number of connections at a time; further ones get an error and are closed. */
  public static final int MAX_CONNECTIONS = 16;

  private static final long RETRY_MILLIS = 1_000;
  private static final int GOODBYE_MILLIS = 200;
  private static final long END_MILLIS = 5_000;
  private static final int ROOT = 0;

  private final UnixListener listener;
  private final Commands commands;
  private final StreamEventLog log;
  private final int ownUid;
  private final Thread thread;
  private final CountDownLatch stopping = new CountDownLatch(1);
  private final Set<ControlConnection> connections = new HashSet<>();

  private ControlServer(UnixListener listener, Commands commands, StreamEventLog log, int ownUid) {
    this.listener = listener;
    this.commands = commands;
    this.log = log;
    this.ownUid = ownUid;
    thread = Thread.ofPlatform().daemon().name("control").start(this::acceptAll);
  }

  /**
   * Starts a control server without a command that stops the server.
   *
   * @param socket its path; made with mode 0600 as an export's, a stale socket is replaced
   * @throws PlatterException if the socket cannot be made
   */
  public static ControlServer start(Path socket, Server server, StreamEventLog log) {
    return start(socket, server, log, ExportKinds.ALL, null);
  }

  /**
   * Starts a control server.
   *
   * @param socket its path; made with mode 0600 as an export's, a stale socket is replaced
   * @param kinds the kinds of devices that can be added
   * @param stop begins to stop the server and waits for nothing; null if there is no such command
   * @throws PlatterException if the socket cannot be made
   */
  public static ControlServer start(
      Path socket,
      Server server,
      StreamEventLog log,
      List<ExportKind> kinds,
      @Nullable Runnable stop) {
    Commands commands = new Commands(server, log, kinds, stop);
    int uid = ownUid(); // before there is a socket to leave behind
    return new ControlServer(UnixListener.bind(socket), commands, log, uid);
  }

  private static int ownUid() {
    try {
      return OwnProcess.uid();
    } catch (IOException e) {
      throw new PlatterException(
          PlatterException.Kind.HOST_LACKS,
          "cannot look at /proc/self: " + IoReason.of(e),
          "Mount /proc",
          e);
    }
  }

  private void acceptAll() {
    while (true) {
      UnixConnection client;
      try {
        client = listener.accept();
      } catch (IOException e) {
        log.event(Level.ERROR, "", "control-accept-failed", Map.of("reason", IoReason.of(e)));
        if (pause()) {
          return;
        }
        continue;
      }
      if (client == null) {
        return;
      }
      try {
        welcome(client);
      } catch (RuntimeException | Error e) {
        // It costs this peer its connection; uncaught, it would end the server.
        ControlConnection.tellBug(log, new PeerProcess(client.peerPid(), client.peerUid()), "", e);
        client.closeAfterDraining(0);
      }
    }
  }

  /** Waits a while; returns true if the server ends meanwhile. */
  private boolean pause() {
    try {
      return stopping.await(RETRY_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  private void welcome(UnixConnection client) {
    PeerProcess peer = new PeerProcess(client.peerPid(), client.peerUid());
    String refusal = null;
    if (peer.uid() != ownUid && peer.uid() != ROOT) {
      refusal = "user " + peer.uid() + " may not control this server";
    } else if (!admit(client, peer)) {
      refusal = "there are " + MAX_CONNECTIONS + " connections already, which is the most";
    }
    if (refusal != null) {
      Map<String, Object> fields = new LinkedHashMap<>(peer.fields());
      fields.put("reason", refusal);
      log.event(Level.WARNING, "", "control-refused", fields);
      refuse(client, refusal);
    }
  }

  private boolean admit(UnixConnection client, PeerProcess peer) {
    ControlConnection connection = new ControlConnection(client, peer, commands, log);
    synchronized (connections) {
      if (connections.size() == MAX_CONNECTIONS || stopping.getCount() == 0) {
        return false;
      }
      connections.add(connection);
    }
    try {
      connection.start(() -> leave(connection));
      return true;
    } catch (OutOfMemoryError e) {
      synchronized (connections) {
        connections.remove(connection);
      }
      return false; // no thread to be had
    }
  }

  private void leave(ControlConnection connection) {
    synchronized (connections) {
      connections.remove(connection);
      connections.notifyAll();
    }
  }

  private static void refuse(UnixConnection client, String reason) {
    try {
      ControlConnection.send(
          client, Wire.failure(null, PlatterException.failed(reason, "Try again later")));
    } catch (IOException e) {
      // The peer has left already.
    } finally {
      client.closeAfterDraining(0);
    }
  }

  /** The number of connections. */
  int connected() {
    synchronized (connections) {
      return connections.size();
    }
  }

  /**
   * Removes the socket, disconnects all peers, and waits for them, but only shortly for a running
   * request: the stop of the server ends it. Idempotent.
   */
  @Override
  public void close() {
    stopping.countDown();
    listener.close();
    Threads.joinUninterruptibly(thread);
    List<ControlConnection> left;
    synchronized (connections) {
      left = List.copyOf(connections);
    }
    left.forEach(ControlConnection::disconnect);
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(END_MILLIS);
    synchronized (connections) {
      try {
        long millis = END_MILLIS;
        while (!connections.isEmpty() && millis > 0) {
          connections.wait(millis);
          millis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** How long a disconnected peer may take to go. */
  static int goodbyeMillis() {
    return GOODBYE_MILLIS;
  }
}
