package dev.platter.emulator.host;

import java.nio.charset.StandardCharsets;

/** What the kernel calls a Java thread: 15 bytes, of a longer name its begin and its end. */
public final class NativeName {
  private static final int MOST = 15;
  private static final int HEAD = 7;
  private static final int TAIL = 6;

  private NativeName() {}

  /**
   * Whether a Java thread's name is the kernel's.
   *
   * @param java the name that {@link Thread#getName} gives
   * @param kernel the name that {@code comm} has, one character for each byte
   */
  public static boolean same(String java, String kernel) {
    String bytes = new String(java.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    if (bytes.length() <= MOST) {
      return bytes.equals(kernel);
    }
    // HotSpot leaves out the middle; other JVMs cut the end off.
    return kernel.equals(bytes.substring(0, HEAD) + ".." + bytes.substring(bytes.length() - TAIL))
        || kernel.equals(bytes.substring(0, MOST));
  }
}
