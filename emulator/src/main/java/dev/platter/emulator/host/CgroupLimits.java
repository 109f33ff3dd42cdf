package dev.platter.emulator.host;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What this process' cgroup and those above it allow, in either version of the hierarchy. */
public final class CgroupLimits {
  // Version 1 tells no limit as the largest number of pages.
  private static final long UNLIMITED_FROM = 1L << 60;

  /**
   * Limits; each is null if there is none or it cannot be seen.
   *
   * @param version for people
   * @param memoryBytes memory
   * @param memoryUsedBytes how much of that is used, page cache included
   * @param memoryIdleBytes how much of what is used is page cache that the kernel would take back
   *     first
   * @param tasks threads and processes
   * @param cpus CPU time per time
   */
  public record Limits(
      String version,
      @Nullable Long memoryBytes,
      @Nullable Long memoryUsedBytes,
      @Nullable Long memoryIdleBytes,
      @Nullable Long tasks,
      @Nullable Double cpus) {}

  private final HostFiles files;
  private final List<String> cgroup;
  private final List<String> mountinfo;

  private CgroupLimits(HostFiles files) {
    this.files = files;
    this.cgroup = files.lines("/proc/self/cgroup");
    this.mountinfo = files.lines("/proc/self/mountinfo");
  }

  /** Reads them from a host's files. */
  public static Limits read(HostFiles files) {
    CgroupLimits limits = new CgroupLimits(files);
    Path unified = OwnCgroup.find(limits.cgroup, limits.mountinfo);
    // With both, controllers are in version 1's; only its lines name any.
    boolean legacy =
        limits.cgroup.stream().anyMatch(line -> line.matches("\\d+:(.*,)?(memory|pids|cpu)[,:].*"));
    if (legacy) {
      return limits.legacy(unified == null ? "version 1" : "version 1, with version 2 beside it");
    }
    return unified == null
        ? new Limits("none is seen", null, null, null, null, null)
        : limits.unified(unified);
  }

  /**
   * What they allow of a disk.
   *
   * @param device the numbers of the whole disk: {@code 8:0}
   */
  public static IoLimits io(HostFiles files, String device) {
    CgroupLimits limits = new CgroupLimits(files);
    Path legacy = OwnCgroup.find(limits.cgroup, limits.mountinfo, "blkio");
    if (legacy != null) {
      return new IoLimits(
          limits.io(legacy, "blkio.throttle.read_bps_device", device, ""),
          limits.io(legacy, "blkio.throttle.write_bps_device", device, ""),
          limits.io(legacy, "blkio.throttle.read_iops_device", device, ""),
          limits.io(legacy, "blkio.throttle.write_iops_device", device, ""));
    }
    Path own = OwnCgroup.find(limits.cgroup, limits.mountinfo);
    return own == null
        ? new IoLimits(null, null, null, null)
        : new IoLimits(
            limits.io(own, "io.max", device, "rbps="),
            limits.io(own, "io.max", device, "wbps="),
            limits.io(own, "io.max", device, "riops="),
            limits.io(own, "io.max", device, "wiops="));
  }

  private @Nullable Long io(Path own, String file, String device, String key) {
    return least(
        own,
        at -> files.lines(at.resolve(file).toString()),
        lines -> IoLimits.of(lines, device, key));
  }

  private Limits unified(Path own) {
    return new Limits(
        "version 2",
        least(own, "memory.max", text -> HostFiles.parse(text)),
        files.number(own + "/memory.current"),
        statistic(own, "inactive_file"),
        least(own, "pids.max", text -> HostFiles.parse(text)),
        least(own, "cpu.max", text -> share(text.split(" ", -1))));
  }

  private Limits legacy(String version) {
    Path memory = OwnCgroup.find(cgroup, mountinfo, "memory");
    Path pids = OwnCgroup.find(cgroup, mountinfo, "pids");
    Path cpu = OwnCgroup.find(cgroup, mountinfo, "cpu");
    return new Limits(
        version,
        memory == null ? null : least(memory, "memory.limit_in_bytes", text -> memory(text)),
        memory == null ? null : files.number(memory + "/memory.usage_in_bytes"),
        memory == null ? null : statistic(memory, "total_inactive_file"),
        pids == null ? null : least(pids, "pids.max", text -> HostFiles.parse(text)),
        cpu == null ? null : quota(cpu));
  }

  /** A line of {@code memory.stat}: name, blank, number. */
  private @Nullable Long statistic(Path memory, String name) {
    for (String line : files.lines(memory + "/memory.stat")) {
      if (line.startsWith(name + " ")) {
        return HostFiles.parse(line.substring(name.length() + 1));
      }
    }
    return null;
  }

  private static @Nullable Long memory(String text) {
    Long bytes = HostFiles.parse(text);
    return bytes == null || bytes > UNLIMITED_FROM ? null : bytes;
  }

  private @Nullable Double quota(Path cpu) {
    String period = files.first(cpu + "/cpu.cfs_period_us");
    return period == null
        ? null
        : least(cpu, "cpu.cfs_quota_us", text -> share(new String[] {text, period}));
  }

  /** Quota and period; no quota is {@code max} or -1. */
  private static @Nullable Double share(String[] words) {
    Long quota = HostFiles.parse(words[0]);
    Long period = words.length < 2 ? null : HostFiles.parse(words[1]);
    return quota == null || period == null || quota <= 0 || period <= 0
        ? null
        : (double) quota / period;
  }

  private <T extends Comparable<T>> @Nullable T least(
      Path own, String file, Function<String, @Nullable T> parse) {
    return least(own, at -> files.first(at.resolve(file).toString()), parse);
  }

  /**
   * The least of a cgroup's and its ancestors'. One for which the controller is not enabled has no
   * such file, and those of its ancestors hold.
   *
   * @param read what a cgroup's file says; null if it has none
   */
  private static <F, T extends Comparable<T>> @Nullable T least(
      Path own, Function<Path, @Nullable F> read, Function<F, @Nullable T> parse) {
    T least = null;
    for (Path at = own; at != null; at = at.getParent()) {
      F said = read.apply(at);
      T limit = said == null ? null : parse.apply(said);
      if (limit != null && (least == null || limit.compareTo(least) < 0)) {
        least = limit;
      }
    }
    return least;
  }
}
