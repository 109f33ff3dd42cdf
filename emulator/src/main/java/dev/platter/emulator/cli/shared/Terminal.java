package dev.platter.emulator.cli.shared;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** What the process's standard streams are connected to; System.console() tells of both at once. */
public final class Terminal {
  private static final int STDOUT = 1;
  private static final int STDERR = 2;
  private static final int TERMIOS_ROOM = 256; // struct termios has 36 to 60 bytes
  private static final int WINSIZE_BYTES = 8; // struct winsize: rows, columns, and two in pixels
  private static final int COLUMNS_AT = 2;
  private static final int LEAST = 40;

  private Terminal() {}

  /** Whether standard error is a terminal. */
  static boolean isStderr() {
    try (Arena arena = Arena.ofConfined()) {
      long termios = arena.allocate(TERMIOS_ROOM, Long.BYTES).address();
      return Libc.ioctl(STDERR, LinuxAbi.TCGETS, termios) >= 0;
    }
  }

  /**
   * How wide the terminal is that standard output goes to, in characters.
   *
   * @param otherwise the answer if there is none, or none that knows
   */
  public static int columns(int otherwise) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment size = arena.allocate(WINSIZE_BYTES, Long.BYTES);
      if (Libc.ioctl(STDOUT, LinuxAbi.TIOCGWINSZ, size.address()) < 0) {
        return otherwise;
      }
      int columns = Short.toUnsignedInt(size.get(ValueLayout.JAVA_SHORT, COLUMNS_AT));
      return columns == 0 ? otherwise : Math.max(LEAST, columns);
    }
  }
}
