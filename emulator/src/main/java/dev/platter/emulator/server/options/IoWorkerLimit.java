package dev.platter.emulator.server.options;

/** A limit of io-wq workers. */
public final class IoWorkerLimit {
  private static final int MOST = 1024;

  private IoWorkerLimit() {}

  /**
   * Reads one.
   *
   * @throws IllegalArgumentException if it is none, with what one looks like
   */
  public static int parse(String text) {
    int workers = -1;
    try {
      workers = Integer.parseInt(text);
    } catch (NumberFormatException e) {
      // told below
    }
    if (workers < 1 || workers > MOST) {
      throw new IllegalArgumentException(
          "'" + text + "' is no number of workers from 1 to " + MOST);
    }
    return workers;
  }
}
