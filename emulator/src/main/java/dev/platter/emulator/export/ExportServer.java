package dev.platter.emulator.export;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.Threads;
import dev.platter.aio.socket.QueueWatch;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.socket.UnixListener;
import dev.platter.emulator.export.EventLog.Level;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One export at work: accepts a client, has it served, and accepts the next client after that one
 * has left. Further clients wait in the socket's queue, and the log says so. A client that
 * misbehaves loses its own connection and causes one line in the log. After a client that has held
 * up other clients, the export accepts none for a while, so that others are held up for a small
 * part of the time at most.
 */
public final class ExportServer implements AutoCloseable {
  private static final long RETRY_MILLIS = 1_000;
  private static final int GOODBYE_MILLIS = 200;
  private static final int PENALTY_SECONDS = 10;
  private static final int NOBODY = -1;
  private static final String PENALTY = "pause_seconds";

  private final String name;
  private final UnixListener listener;
  private final ClientSession session;
  private final QueueWatch queues;
  private final EventLog log;
  private final Thread thread;
  private final CountDownLatch stopping = new CountDownLatch(1);
  private final Object state = new Object();
  private @Nullable UnixConnection current;
  // Written by the export's thread, read by any.
  private volatile int clientPid = NOBODY;
  private volatile boolean connected;
  private volatile long connections;
  private volatile long dropped;

  /**
   * Begins to serve.
   *
   * @param name the export's name in events
   * @param listener accepts clients; closed with the server
   * @param session the protocol; closed with the server
   * @param queues reports clients that wait for another client to leave; stays the caller's
   */
  public ExportServer(
      String name, UnixListener listener, ClientSession session, QueueWatch queues, EventLog log) {
    this.name = name;
    this.listener = listener;
    this.session = session;
    this.queues = queues;
    this.log = log;
    thread = Thread.ofPlatform().name("export-" + name).start(this::acceptClients);
  }

  private void acceptClients() {
    while (true) {
      UnixConnection connection;
      try {
        connection = listener.accept();
      } catch (IOException e) {
        log.event(Level.ERROR, name, "accept-failed", Map.of("reason", reason(e)));
        if (pause(RETRY_MILLIS)) {
          return;
        }
        continue;
      }
      if (connection == null || !begin(connection)) {
        return;
      }
      if (serve(connection) && pause(TimeUnit.SECONDS.toMillis(PENALTY_SECONDS))) {
        return;
      }
    }
  }

  /** Sleeps; returns true if the server ends meanwhile. */
  private boolean pause(long millis) {
    try {
      return stopping.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  private boolean isStopping() {
    return stopping.getCount() == 0;
  }

  private boolean begin(UnixConnection connection) {
    synchronized (state) {
      if (!isStopping()) {
        current = connection;
        connected = true;
        return true;
      }
    }
    connection.close(); // without the lock: closing may wait for the client
    return false;
  }

  /** Serves a client; returns whether that client has held up others. */
  private boolean serve(UnixConnection connection) {
    int pid = connection.peerPid();
    clientPid = pid;
    countConnection();
    log.event(Level.INFO, name, "client-connected", Map.of("pid", pid));
    watchQueue(pid);
    Farewell farewell = speak(connection, pid);
    queues.remove(listener);
    // A thread that reads in the log that a client is gone finds no client here.
    synchronized (state) {
      current = null;
      connected = false;
      clientPid = NOBODY;
    }
    log.event(farewell.level(), name, farewell.event(), farewell.fields());
    connection.closeAfterDraining(GOODBYE_MILLIS, session.heldUpPipes());
    return farewell.fields().containsKey(PENALTY);
  }

  /** Has waiting clients reported, unless the export stops, when the listener may be closed. */
  private void watchQueue(int pid) {
    Map<String, Object> served = Map.of("served_pid", pid);
    synchronized (state) {
      if (!isStopping()) {
        queues.add(listener, () -> log.event(Level.WARNING, name, "client-queued", served));
      }
    }
  }

  /** The event for a client that is gone. */
  private record Farewell(Level level, String event, Map<String, Object> fields) {}

  private Farewell speak(UnixConnection connection, int pid) {
    try {
      session.serve(connection);
      String event = isStopping() ? "client-disconnected" : "client-left";
      return new Farewell(Level.INFO, event, Map.of("pid", pid));
    } catch (IOException | PlatterException e) {
      if (isStopping()) {
        return new Farewell(Level.INFO, "client-disconnected", Map.of("pid", pid));
      }
      countDropped();
      Map<String, Object> fields = dropped(pid, reason(e));
      if (e instanceof ProtocolViolation violation && violation.heldUpOthers()) {
        fields.put(PENALTY, PENALTY_SECONDS);
      }
      return new Farewell(Level.WARNING, "client-dropped", fields);
    } catch (RuntimeException | Error e) {
      // A bug of Platter's that this client has found; the other exports go on.
      countDropped();
      Map<String, Object> fields = dropped(pid, e.toString());
      fields.put("trace", trace(e));
      return new Farewell(Level.ERROR, "client-failed", fields);
    }
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
  private void countConnection() {
    connections++;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
  private void countDropped() {
    dropped++;
  }

  private static Map<String, Object> dropped(int pid, String reason) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("pid", pid);
    fields.put("reason", reason);
    return fields;
  }

  private static String trace(Throwable e) {
    StringWriter trace = new StringWriter();
    e.printStackTrace(new PrintWriter(trace));
    return trace.toString();
  }

  private static String reason(Exception e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    return Objects.requireNonNullElse(cause.getMessage(), cause.toString());
  }

  /** Whether a client is served. Any thread. */
  public boolean connected() {
    return connected;
  }

  /** Process id of the client that is served, or -1. Any thread. */
  public int clientPid() {
    return clientPid;
  }

  /** Whether a client waits to be served. Any thread. */
  public boolean hasWaiting() {
    return listener.hasWaiting();
  }

  /** How many clients the export has accepted so far. Any thread. */
  public long connections() {
    return connections;
  }

  /** How many of them the export has dropped, for a violation or a bug. Any thread. */
  public long droppedConnections() {
    return dropped;
  }

  /**
   * Begins to stop as {@link #disconnect} does, unless a client is served.
   *
   * @return whether the export stops
   */
  public boolean stopUnlessConnected() {
    synchronized (state) {
      if (current == null) {
        stopping.countDown();
      }
      return isStopping();
    }
  }

  /**
   * Begins to stop and waits for nothing: accepts no more clients and disconnects the present
   * client. Idempotent.
   */
  public void disconnect() {
    synchronized (state) {
      stopping.countDown();
      queues.remove(listener);
      if (current != null) {
        current.shutdown();
      }
    }
  }

  /**
   * Stops: disconnects, lets the client's requests in flight complete, and closes the device. The
   * loops must still run, and the caller must not hold the big lock. Idempotent.
   */
  @Override
  public void close() {
    disconnect();
    listener.close();
    Threads.joinUninterruptibly(thread);
    session.close();
  }
}
