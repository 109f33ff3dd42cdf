package dev.platter.emulator.host;

import java.nio.charset.StandardCharsets;

/**
 * The kernel's name of a Java thread, which has at most 15 bytes: the begin and the end of a longer
 * name.
 */
public final class NativeName {
  private static final int MOST = 15;
  private static final int HEAD = 7;
  private static final int TAIL = 6;

  private NativeName() {}

  /**
   * Whether a Java name and a kernel's name belong to the same thread.
   *
   * @param java the name that {@link Thread#getName} gives
   * @param kernel the name that {@code comm} has, one character for each byte
   */
  public static boolean same(String java, String kernel) {
    String bytes = new String(java.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    if (bytes.length() <= MOST) {
      return bytes.equals(kernel);
    }
    // HotSpot leaves out the middle of a long name; other JVMs cut the end off.
    return kernel.equals(bytes.substring(0, HEAD) + ".." + bytes.substring(bytes.length() - TAIL))
        || kernel.equals(bytes.substring(0, MOST));
  }
}
