package dev.platter.emulator.server.control;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.platter.aio.PlatterException;
import dev.platter.aio.PlatterException.Kind;
import dev.platter.aio.file.IoReason;
import dev.platter.aio.socket.UnixConnection;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.jr.ob.JSON;

/** The client of a control socket. For one thread. */
public final class ControlClient implements AutoCloseable {
  /** How long a server may take to greet, in milliseconds. */
  public static final int GREETING_MILLIS = 5_000;

  private static final int MAX_ANSWER_BYTES = 16 << 20;

  private final Path socket;
  private final SocketChannel channel;
  private final ByteBuffer received = ByteBuffer.allocate(8192).flip();
  private volatile boolean tooLate;

  private ControlClient(Path socket, SocketChannel channel) {
    this.socket = socket;
    this.channel = channel;
  }

  /**
   * Connects, and reads the greeting.
   *
   * @throws PlatterException of kind HOST_LACKS if no server listens there
   */
  public static ControlClient connect(Path socket) {
    UnixConnection.checkLength(socket);
    SocketChannel channel;
    try {
      channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    } catch (IOException e) {
      throw unreachable(socket, e);
    }
    ControlClient client = new ControlClient(socket, channel);
    try {
      Map<String, Object> greeting = client.parse(client.line(GREETING_MILLIS));
      if (greeting.containsKey("error")) {
        ControlReply.returned(greeting);
      }
      if (!Wire.SCHEMA.equals(greeting.get("schema"))) {
        throw PlatterException.badInput(
            socket + " is no control socket of this version: " + greeting.get("schema"),
            "Use the platter that serves there; this one speaks " + Wire.SCHEMA);
      }
      return client;
    } catch (RuntimeException e) {
      client.close();
      throw e;
    }
  }

  private static PlatterException unreachable(Path socket, IOException e) {
    if (e instanceof ConnectException || !Files.exists(socket, LinkOption.NOFOLLOW_LINKS)) {
      return new PlatterException(
          Kind.HOST_LACKS,
          "nobody serves at " + socket,
          "Start one: platter serve --control " + socket + " --export ...",
          e);
    }
    return new PlatterException(
        Kind.BAD_INPUT,
        "cannot connect to " + socket + ": " + IoReason.of(e),
        "Be the user that serves there, or root",
        e);
  }

  /**
   * Has the server execute a command, without a time limit.
   *
   * @param arguments those that are not null are sent
   * @return what it returns
   * @throws PlatterException if it fails
   */
  public ControlReply execute(String command, Map<String, ? extends @Nullable Object> arguments) {
    return execute(command, arguments, 0);
  }

  /**
   * Has the server execute a command.
   *
   * @param arguments those that are not null are sent
   * @param timeoutMillis the time limit in milliseconds; 0 for none
   * @return what it returns
   * @throws PlatterException if it fails
   */
  public ControlReply execute(
      String command, Map<String, ? extends @Nullable Object> arguments, int timeoutMillis) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("execute", command);
    Map<String, Object> given = new LinkedHashMap<>();
    arguments.forEach((name, value) -> {
      if (value != null) {
        given.put(name, value);
      }
    });
    line.put("arguments", given);
    return ControlReply.returned(parse(send(JSON.std.asString(line), timeoutMillis)));
  }

  /**
   * Sends a line as it is.
   *
   * @return the line that comes back
   */
  public String raw(String line) {
    return send(line, 0);
  }

  /**
   * Whether a line that has come back is an error.
   *
   * @throws PlatterException if it is no answer at all
   */
  public boolean isError(String line) {
    return parse(line).containsKey("error");
  }

  private String send(String line, int timeoutMillis) {
    if (line.contains("\n")) {
      throw PlatterException.badInput("a request is one line", "Leave the line breaks out");
    }
    ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(UTF_8));
    try {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    } catch (IOException e) {
      throw left(e);
    }
    return line(timeoutMillis);
  }

  private String line(int timeoutMillis) {
    Thread guard = timeoutMillis == 0 ? null : closeAfter(timeoutMillis);
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    try {
      while (true) {
        while (received.hasRemaining()) {
          byte next = received.get();
          if (next == '\n') {
            return line.toString(UTF_8);
          }
          line.write(next);
        }
        if (line.size() > MAX_ANSWER_BYTES) {
          throw PlatterException.failed("the answer of " + socket + " does not end", null);
        }
        received.clear();
        int count = channel.read(received);
        received.flip();
        if (count < 0) {
          throw left(null);
        }
      }
    } catch (IOException e) {
      throw left(e);
    } finally {
      if (guard != null) {
        guard.interrupt();
      }
    }
  }

  private Thread closeAfter(int millis) {
    return Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try {
            Thread.sleep(millis);
            tooLate = true;
            close();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the answer came in time
          }
        });
  }

  private PlatterException left(@Nullable IOException e) {
    if (tooLate) {
      return PlatterException.failed(
          "the server at " + socket + " does not answer",
          "Is it the socket of serve --control? Then look at the log of the server");
    }
    return new PlatterException(
        Kind.FAILED,
        "the server at " + socket + " has closed the connection",
        "It may have stopped meanwhile; see its log",
        e);
  }

  private Map<String, Object> parse(String line) {
    try {
      return JSON.std.mapFrom(line);
    } catch (JacksonException e) {
      throw PlatterException.badInput(
          socket + " does not speak the protocol of a control socket: " + e.getOriginalMessage(),
          "Name the socket of serve --control, not that of an export");
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // It was only to be closed.
    }
  }
}
