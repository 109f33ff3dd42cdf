package dev.platter.emulator.server.control;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.platter.aio.PlatterException;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.export.EventLog.Level;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A connection of one peer: each line that it sends is answered before the next is read. Errors of
 * the peer cost at most its own connection.
 */
final class ControlConnection {
  /** How long a peer may be silent between two requests, in milliseconds. */
  static final int IDLE_MILLIS = 60_000;

  private final UnixConnection connection;
  private final PeerProcess peer;
  private final Commands commands;
  private final EventLog log;

  ControlConnection(UnixConnection connection, PeerProcess peer, Commands commands, EventLog log) {
    this.connection = connection;
    this.peer = peer;
    this.commands = commands;
    this.log = log;
  }

  /**
   * Begins to serve it.
   *
   * @param left runs when the peer has gone
   */
  void start(Runnable left) {
    Thread.ofPlatform()
        .daemon()
        .name("control-" + peer.pid())
        .start(() -> {
          try {
            serve();
          } catch (RuntimeException | Error e) {
            // It ends this connection; uncaught, it would end the server.
            tellBug("", e);
          } finally {
            left.run();
          }
        });
  }

  private void serve() {
    try (LineReader lines = new LineReader(connection, IDLE_MILLIS)) {
      send(connection, Wire.greeting());
      byte[] line;
      while ((line = lines.next()) != null) {
        if (line.length > 0) {
          answer(line);
        }
      }
    } catch (PlatterException e) {
      sayGoodbye(e);
    } catch (IOException e) {
      // The peer was silent for too long, has not read its answer, or is gone.
    } finally {
      connection.closeAfterDraining(ControlServer.goodbyeMillis());
    }
  }

  private void sayGoodbye(PlatterException why) {
    try {
      send(connection, Wire.failure(null, why));
    } catch (IOException e) {
      // The peer has gone or does not read.
    }
  }

  private void answer(byte[] line) throws IOException {
    Wire.Request request;
    try {
      request = Wire.parse(line);
    } catch (PlatterException e) {
      send(connection, Wire.failure(null, e));
      return;
    }
    Commands.Answer answer;
    try {
      answer = commands.execute(request, peer);
    } catch (PlatterException e) {
      send(connection, Wire.failure(request.id(), e));
      return;
    } catch (RuntimeException e) {
      tellBug(request.command(), e);
      send(
          connection,
          Wire.failure(
              request.id(),
              PlatterException.failed("internal error: " + e, "See the server's log")));
      return;
    }
    try {
      send(connection, Wire.success(request.id(), answer.result()));
    } finally {
      answer.afterwards().run(); // also if the peer has left meanwhile
    }
  }

  private void tellBug(String command, Throwable bug) {
    tellBug(log, peer, command, bug);
  }

  /** Logs a bug, as far as there is memory for that. */
  static void tellBug(EventLog log, PeerProcess peer, String command, Throwable bug) {
    try {
      StringWriter trace = new StringWriter();
      bug.printStackTrace(new PrintWriter(trace));
      Map<String, Object> fields = new LinkedHashMap<>(peer.fields());
      fields.put("command", command);
      fields.put("reason", bug.toString());
      fields.put("trace", trace.toString());
      log.event(Level.ERROR, "", "control-failed", fields);
    } catch (OutOfMemoryError e) {
      // The server's disks matter more.
    }
  }

  static void send(UnixConnection to, Map<String, @Nullable Object> line) throws IOException {
    byte[] bytes = (Wire.text(line) + "\n").getBytes(UTF_8);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment message = arena.allocate(bytes.length);
      message.copyFrom(MemorySegment.ofArray(bytes));
      to.send(message, 0, bytes.length);
    }
  }

  /** Ends the connection soon; its running request is still done. Any thread. */
  void disconnect() {
    connection.shutdown();
  }
}
