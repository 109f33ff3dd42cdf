package dev.platter.emulator.server.control;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.platter.aio.PlatterException;
import dev.platter.aio.socket.ReceivedFds;
import dev.platter.aio.socket.UnixConnection;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Reads lines from a peer, and limits their length and their time. For one thread. */
final class LineReader implements AutoCloseable {
  /** The longest line in bytes, without its end. */
  static final int MAX_BYTES = 64 << 10;

  private final UnixConnection connection;
  private final int idleMillis;
  private final MemorySegment buffer = Arena.ofAuto().allocate(MAX_BYTES + 1L);
  private final ReceivedFds fds = new ReceivedFds();
  private int start;
  private int end;
  private long begunNanos;
  private boolean over;

  /**
   * Creates a reader.
   *
   * @param idleMillis how long the peer may be silent between two lines
   */
  LineReader(UnixConnection connection, int idleMillis) {
    this.connection = connection;
    this.idleMillis = idleMillis;
  }

  /**
   * Reads the next line, without its line end; the last line needs none.
   *
   * @return the line; null at the end
   * @throws PlatterException of kind BAD_INPUT if it is too long; no further line can be read then
   * @throws java.net.SocketTimeoutException if no whole line comes in time
   */
  byte @Nullable [] next() throws IOException {
    int looked = start;
    while (true) {
      for (; looked < end; looked++) {
        if (buffer.get(JAVA_BYTE, looked) == '\n') {
          byte[] line = take(looked);
          start++; // the newline
          return line;
        }
      }
      if (over) {
        return start == end ? null : take(end);
      }
      if (end - start > MAX_BYTES) {
        throw PlatterException.badInput(
            "a line is longer than " + MAX_BYTES + " bytes", "Send one request in each line");
      }
      looked -= makeRoom();
      receive();
    }
  }

  private byte[] take(int to) {
    byte[] line = new byte[to - start];
    MemorySegment.copy(buffer, JAVA_BYTE, start, line, 0, line.length);
    start = to;
    return line;
  }

  private int makeRoom() {
    int moved = start;
    MemorySegment.copy(buffer, start, buffer, 0, end - start);
    start = 0;
    end -= moved;
    return moved;
  }

  private void receive() throws IOException {
    boolean begins = end == start;
    int received =
        connection.receiveSome(
            buffer, end, buffer.byteSize() - end, fds, begins ? idleMillis : left());
    fds.discard(); // the protocol passes no descriptors
    if (begins) {
      begunNanos = System.nanoTime();
    }
    end += received;
    over = received == 0;
  }

  /** The rest of the time that a line may take from its first byte to its last, in milliseconds. */
  private int left() {
    long gone = (System.nanoTime() - begunNanos) / 1_000_000;
    return Math.clamp(UnixConnection.PATIENCE_MILLIS - gone, 0, Integer.MAX_VALUE);
  }

  @Override
  public void close() {
    fds.close();
  }
}
