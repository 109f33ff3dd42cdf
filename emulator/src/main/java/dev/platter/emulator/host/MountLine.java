package dev.platter.emulator.host;

import org.jspecify.annotations.Nullable;

/**
 * A line of {@code /proc/self/mountinfo}, see proc(5).
 *
 * @param root the directory of the file system that is mounted
 * @param point the directory where it is mounted
 * @param options of the mount, separated by commas
 * @param type of the file system, as the kernel names it
 * @param source the mounted device, such as {@code /dev/sda1}
 * @param fileSystemOptions of the file system, separated by commas
 */
public record MountLine(
    String root,
    String point,
    String options,
    String type,
    String source,
    String fileSystemOptions) {
  private static final int ROOT = 3;
  private static final int POINT = 4;
  private static final int OPTIONS = 5;

  /** Reads a line; null if it does not describe a mount. */
  public static @Nullable MountLine parse(String line) {
    String[] halves = line.split(" - ", 2);
    String[] mount = halves[0].split(" ", -1);
    String[] filesystem = halves.length == 2 ? halves[1].split(" ", 3) : new String[0];
    if (mount.length <= OPTIONS || filesystem.length != 3) {
      return null;
    }
    return new MountLine(
        unescaped(mount[ROOT]),
        unescaped(mount[POINT]),
        mount[OPTIONS],
        filesystem[0],
        unescaped(filesystem[1]),
        filesystem[2]);
  }

  /** Decodes blanks, tabs, newlines and backslashes, which the kernel writes as octal numbers. */
  private static String unescaped(String field) {
    return field
        .replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\");
  }
}
