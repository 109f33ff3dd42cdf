package dev.platter.emulator.cli;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Libc;
import java.io.PrintWriter;
import java.lang.foreign.Arena;

/**
 * A line on stderr that is rewritten in place, on a terminal; nothing elsewhere. Rewritten at most
 * ten times a second. For one thread.
 */
final class Progress implements AutoCloseable {
  private static final long INTERVAL_NANOS = 100_000_000L;
  private static final int STDERR = 2;
  private static final int TERMIOS_ROOM = 256; // struct termios has 36 to 60 bytes
  private static final String ERASE = "\r\u001b[K";

  private final PrintWriter err;
  private final boolean shown;
  private boolean drawn;
  private long lastNanos;

  private Progress(PrintWriter err, boolean shown) {
    this.err = err;
    this.shown = shown;
  }

  /** Shows progress if stderr is a terminal; System.console() would tell of stdin and stdout. */
  static Progress on(PrintWriter err) {
    try (Arena arena = Arena.ofConfined()) {
      long termios = arena.allocate(TERMIOS_ROOM, Long.BYTES).address();
      return new Progress(err, Libc.ioctl(STDERR, LinuxAbi.TCGETS, termios) >= 0);
    }
  }

  /** For tests: with or without a terminal. */
  static Progress on(PrintWriter err, boolean terminal) {
    return new Progress(err, terminal);
  }

  /** Whether anybody sees it; if not, texts need not be made. */
  boolean shown() {
    return shown;
  }

  /** Replaces the line, unless that was done a moment ago. */
  void update(String text) {
    long now = System.nanoTime();
    if (shown && (!drawn || now - lastNanos >= INTERVAL_NANOS)) {
      err.print(ERASE + text);
      err.flush();
      drawn = true;
      lastNanos = now;
    }
  }

  /** Erases the line. */
  @Override
  public void close() {
    if (drawn) {
      err.print(ERASE);
      err.flush();
      drawn = false;
    }
  }
}
