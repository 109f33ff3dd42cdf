package dev.platter.emulator.guest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;

/**
 * Splits the output of a serial console into lines, and remembers the last lines. Terminal
 * sequences of the firmware and other control characters are dropped. One thread writes; other
 * threads may read the last lines.
 */
final class ConsoleTail {
  private static final int KEPT_LINES = 40;

  /** Longer lines are cut up: a console that sends no line feed must not fill the heap. */
  private static final int MAX_LINE_BYTES = 1 << 16;

  private final ByteArrayOutputStream partial = new ByteArrayOutputStream();
  private final Deque<String> lines = new ArrayDeque<>();
  private final Consumer<String> listener;

  /**
   * Begins without a line.
   *
   * @param listener gets each line, without its end
   */
  ConsoleTail(Consumer<String> listener) {
    this.listener = listener;
  }

  /** Takes output, in pieces of any size. */
  void add(byte[] bytes, int length) {
    for (int i = 0; i < length; i++) {
      if (bytes[i] == '\n' || partial.size() >= MAX_LINE_BYTES) {
        flush();
      }
      if (bytes[i] != '\n') {
        partial.write(bytes[i]);
      }
    }
  }

  /** Ends the output: the rest is a line. */
  void end() {
    if (partial.size() > 0) {
      flush();
    }
  }

  private void flush() {
    String line = printable(partial.toString(UTF_8));
    partial.reset();
    synchronized (lines) {
      lines.add(line);
      if (lines.size() > KEPT_LINES) {
        lines.remove();
      }
    }
    listener.accept(line);
  }

  /** Without terminal sequences (ECMA-48: ESC [ parameters letter) and control characters. */
  private static String printable(String line) {
    return line.replaceAll("\u001b\\[[0-9;?=]*[ -/]*[@-~]|\u001b[@-Z\\\\-_c]", "")
        .replaceAll("[\\x00-\\x08\\x0b-\\x1f\\x7f]", "");
  }

  /** The last lines, oldest first. */
  String last() {
    synchronized (lines) {
      return String.join("\n", lines);
    }
  }
}
