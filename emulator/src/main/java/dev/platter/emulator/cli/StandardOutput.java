package dev.platter.emulator.cli;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.IoReason;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import org.jspecify.annotations.Nullable;

/**
 * Standard output, which keeps the reason of a failed write: a PrintWriter keeps only the fact.
 * After the first failure nothing more is written, so that no part is missing from the middle.
 */
final class StandardOutput extends OutputStream {
  private final OutputStream to;
  private @Nullable IOException failure;

  /** Writes to {@code to} without a buffer. */
  StandardOutput(OutputStream to) {
    this.to = to;
  }

  @Override
  public synchronized void write(int value) throws IOException {
    write(new byte[] {(byte) value}, 0, 1);
  }

  @Override
  public synchronized void write(byte[] bytes, int from, int length) throws IOException {
    if (failure != null) {
      return;
    }
    try {
      to.write(bytes, from, length);
    } catch (IOException e) {
      failure = e;
      throw e;
    }
  }

  @Override
  public synchronized void flush() throws IOException {
    if (failure == null) {
      to.flush();
    }
  }

  /**
   * The first failure; null if all output was written, or if the reader has closed the pipe,
   * because it has what it wanted.
   */
  synchronized @Nullable PlatterException failure() {
    IOException reason = failure;
    if (reason == null || isClosedPipe(reason)) {
      return null;
    }
    return new PlatterException(
        PlatterException.Kind.FAILED,
        "cannot write to standard output: " + IoReason.of(reason),
        "Free some space where it goes, or send it somewhere else",
        reason);
  }

  /**
   * Compares with the message of a pipe that is closed here, because the C library's words are in
   * the user's language.
   */
  private static boolean isClosedPipe(IOException reason) {
    try {
      Pipe pipe = Pipe.open();
      try (Pipe.SinkChannel sink = pipe.sink()) {
        pipe.source().close();
        int _ = sink.write(ByteBuffer.allocate(1));
        return false;
      }
    } catch (IOException closed) {
      return IoReason.of(reason).equals(IoReason.of(closed));
    }
  }
}
