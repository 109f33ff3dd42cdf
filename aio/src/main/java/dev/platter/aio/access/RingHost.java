package dev.platter.aio.access;

import dev.platter.aio.KernelVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The settings that decide whether this process may have a ring, read from {@code /proc}. A setting
 * that cannot be read is null or -1.
 *
 * @param release as {@code uname -r}
 * @param disabled {@code kernel.io_uring_disabled}; null before Linux 6.6
 * @param group {@code kernel.io_uring_group}; -1 is no group; null before Linux 6.6
 * @param groups the groups of this process, in which the kernel looks for {@code group}
 * @param capabilities the effective ones, as bits
 * @param initialUserNamespace whether the host knows users and groups by the same numbers
 * @param seccompMode 0 none, 1 strict, 2 filters
 * @param seccompFilters how many; -1 before Linux 5.9
 * @param memlock soft and hard limit of locked memory
 * @param nofile soft and hard limit of descriptors
 */
public record RingHost(
    String release,
    @Nullable Integer disabled,
    @Nullable Long group,
    Set<Long> groups,
    long capabilities,
    boolean initialUserNamespace,
    int seccompMode,
    int seccompFilters,
    Limit memlock,
    Limit nofile) {
  /** CAP_IPC_LOCK, by number. */
  static final int CAP_IPC_LOCK = 14;

  /** CAP_SYS_ADMIN, by number. */
  static final int CAP_SYS_ADMIN = 21;

  /** {@code kernel.io_uring_disabled} for everybody but a group and administrators. */
  static final int DISABLED_BUT_FOR_GROUP = 1;

  /** {@code kernel.io_uring_disabled} for everybody. */
  static final int DISABLED_FOR_ALL = 2;

  /** Seccomp's mode with filters. */
  public static final int SECCOMP_FILTER = 2;

  private static final Pattern BLANKS = Pattern.compile("\\s+");
  private static final Pattern WHOLE_RANGE = Pattern.compile("\\s*0\\s+0\\s+4294967295\\s*");

  /** Copies the groups. */
  public RingHost {
    groups = Set.copyOf(groups);
  }

  /**
   * A resource limit.
   *
   * @param soft the limit in force: a number or {@code unlimited}
   * @param hard the highest soft limit that the process may set
   */
  public record Limit(String soft, String hard) {
    /** Not known. */
    public static final Limit UNKNOWN = new Limit("?", "?");

    /** The soft limit; {@link Long#MAX_VALUE} if there is none or it is not known. */
    public long softOrMax() {
      return soft.matches("\\d{1,18}") ? Long.parseLong(soft) : Long.MAX_VALUE;
    }

    @Override
    public String toString() {
      return "soft " + soft + ", hard " + hard;
    }
  }

  /** This process now. */
  public static RingHost read() {
    return read(Path.of("/proc"));
  }

  /**
   * This process now.
   *
   * @param proc where procfs is
   */
  public static RingHost read(Path proc) {
    Map<String, String> status = fields(lines(proc.resolve("self/status")));
    List<String> limits = lines(proc.resolve("self/limits"));
    String release = first(proc.resolve("sys/kernel/osrelease"));
    Long disabled = number(first(proc.resolve("sys/kernel/io_uring_disabled")));
    List<String> map = lines(proc.resolve("self/uid_map"));
    return new RingHost(
        release == null ? System.getProperty("os.version", "?") : release,
        disabled == null ? null : disabled.intValue(),
        number(first(proc.resolve("sys/kernel/io_uring_group"))),
        groups(status),
        bits(status.get("CapEff")),
        map.size() == 1 && WHOLE_RANGE.matcher(map.getFirst()).matches(),
        number(status.get("Seccomp"), -1),
        number(status.get("Seccomp_filters"), -1),
        limit(limits, "Max locked memory"),
        limit(limits, "Max open files"));
  }

  /** The kernel's version; null if the release does not begin with one. */
  public @Nullable KernelVersion version() {
    return KernelVersion.parse(release);
  }

  /** Whether the process may have rings where {@code kernel.io_uring_disabled} is 1. */
  boolean exceptedFromSysctl() {
    // The kernel asks for the host's own groups and its administrators, not for a container's.
    return initialUserNamespace && (has(CAP_SYS_ADMIN) || isInGroup());
  }

  /** Whether the process is in {@code kernel.io_uring_group}. */
  public boolean isInGroup() {
    return group != null && group >= 0 && groups.contains(group);
  }

  /** Whether it has a capability, by number. */
  boolean has(int capability) {
    return (capabilities & 1L << capability) != 0;
  }

  /** The file system's group (which is what the kernel compares) and the supplementary ones. */
  private static Set<Long> groups(Map<String, String> status) {
    String gid = status.getOrDefault("Gid", "");
    String own = gid.substring(gid.lastIndexOf('\t') + 1);
    return BLANKS
        .splitAsStream(own + " " + status.getOrDefault("Groups", ""))
        .filter(word -> word.matches("\\d{1,10}"))
        .map(Long::valueOf)
        .collect(Collectors.toUnmodifiableSet());
  }

  private static Map<String, String> fields(List<String> lines) {
    Map<String, String> fields = new HashMap<>();
    for (String line : lines) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        fields.put(line.substring(0, colon), line.substring(colon + 1).strip());
      }
    }
    return fields;
  }

  /** Columns of {@code /proc/self/limits} are two blanks or more apart. */
  private static Limit limit(List<String> lines, String name) {
    Pattern row = Pattern.compile(Pattern.quote(name) + "\\s+(\\S+)\\s+(\\S+).*");
    for (String line : lines) {
      Matcher matcher = row.matcher(line);
      if (matcher.matches()) {
        return new Limit(matcher.group(1), matcher.group(2));
      }
    }
    return Limit.UNKNOWN;
  }

  private static long bits(@Nullable String hex) {
    return hex != null && hex.matches("[0-9a-f]{1,16}") ? Long.parseUnsignedLong(hex, 16) : 0;
  }

  private static @Nullable Long number(@Nullable String text) {
    return text != null && text.matches("-?\\d{1,18}") ? Long.valueOf(text) : null;
  }

  private static int number(@Nullable String text, int absent) {
    Long number = number(text);
    return number == null ? absent : (int) Math.min(Integer.MAX_VALUE, number);
  }

  private static @Nullable String first(Path file) {
    List<String> lines = lines(file);
    return lines.isEmpty() ? null : lines.getFirst().strip();
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      return List.of(); // older kernels, and sandboxes that hide it
    }
  }
}
