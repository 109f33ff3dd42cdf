package dev.platter.emulator.guest;

import java.util.Comparator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The version of a QEMU.
 *
 * @param major e.g. 11
 * @param minor e.g. 1
 * @param micro e.g. 3; from 50 on it is a development build
 */
public record QemuVersion(int major, int minor, int micro) implements Comparable<QemuVersion> {
  /** The first version that is known to speak vhost-user as Platter does. */
  public static final QemuVersion VHOST_USER = new QemuVersion(7, 0, 0);

  /** The first version with a vfio-user client. */
  public static final QemuVersion VFIO_USER = new QemuVersion(10, 1, 0);

  /** The first version that can end with its parent ({@code -run-with exit-with-parent=on}). */
  static final QemuVersion EXIT_WITH_PARENT = new QemuVersion(10, 2, 0);

  private static final Pattern VERSION =
      Pattern.compile("QEMU emulator version (\\d{1,4})\\.(\\d{1,4})(?:\\.(\\d{1,4}))?");

  private static final Comparator<QemuVersion> ORDER =
      Comparator.comparingInt(QemuVersion::major)
          .thenComparingInt(QemuVersion::minor)
          .thenComparingInt(QemuVersion::micro);

  /**
   * Reads what {@code qemu-system-x86_64 --version} prints.
   *
   * @return the version, or null if there is none in it
   */
  public static @Nullable QemuVersion parse(String output) {
    Matcher matcher = VERSION.matcher(output);
    if (!matcher.find()) {
      return null;
    }
    String micro = matcher.group(3);
    return new QemuVersion(
        Integer.parseInt(matcher.group(1)),
        Integer.parseInt(matcher.group(2)),
        micro == null ? 0 : Integer.parseInt(micro));
  }

  /** Whether this is {@code other} or newer. */
  public boolean atLeast(QemuVersion other) {
    return compareTo(other) >= 0;
  }

  @Override
  public int compareTo(QemuVersion other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return major + "." + minor + "." + micro;
  }
}
