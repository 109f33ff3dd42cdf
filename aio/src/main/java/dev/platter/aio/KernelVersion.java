package dev.platter.aio;

import java.util.Comparator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The version in a kernel release such as {@code 6.18.44-amd64}. Distributions carry features back
 * to older versions, so a version only explains an answer of a system call; the system call itself
 * says what the kernel can do.
 *
 * @param major e.g. 6
 * @param minor e.g. 18
 * @param patch e.g. 44; 0 if the release has none
 */
public record KernelVersion(int major, int minor, int patch) implements Comparable<KernelVersion> {
  private static final Pattern RELEASE =
      Pattern.compile("(\\d{1,4})\\.(\\d{1,4})(?:\\.(\\d{1,4}))?(?:\\D.*)?");

  private static final Comparator<KernelVersion> ORDER =
      Comparator.comparingInt(KernelVersion::major)
          .thenComparingInt(KernelVersion::minor)
          .thenComparingInt(KernelVersion::patch);

  /**
   * Reads a release as {@code uname -r} prints it.
   *
   * @return its version, or null if it does not begin with one
   */
  public static @Nullable KernelVersion parse(String release) {
    Matcher matcher = RELEASE.matcher(release.strip());
    if (!matcher.matches()) {
      return null;
    }
    String patch = matcher.group(3);
    return new KernelVersion(
        Integer.parseInt(matcher.group(1)),
        Integer.parseInt(matcher.group(2)),
        patch == null ? 0 : Integer.parseInt(patch));
  }

  /** Whether this is that version or newer. */
  public boolean atLeast(int major, int minor) {
    return atLeast(major, minor, 0);
  }

  /** Whether this is that version or newer. */
  public boolean atLeast(int major, int minor, int patch) {
    return compareTo(new KernelVersion(major, minor, patch)) >= 0;
  }

  @Override
  public int compareTo(KernelVersion other) {
    return ORDER.compare(this, other);
  }
}
