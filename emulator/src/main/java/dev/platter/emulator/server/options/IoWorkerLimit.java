package dev.platter.emulator.server.options;

/** A limit of io-wq workers. */
public final class IoWorkerLimit {
  private static final int MOST = 1024;

  private IoWorkerLimit() {}

  /**
   * Parses a limit.
   *
   * @throws IllegalArgumentException if the text is no limit, with the valid form
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
