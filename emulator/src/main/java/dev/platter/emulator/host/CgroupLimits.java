package dev.platter.emulator.host;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The limits of this process's cgroup and its ancestors, in either version of the hierarchy. */
public final class CgroupLimits {
  // In version 1, the largest number of pages means that there is no limit.
  private static final long UNLIMITED_FROM = 1L << 60;

  /**
   * Limits; each is null if there is no such limit or it cannot be read.
   *
   * @param version for people
   * @param memoryBytes memory
   * @param memoryUsedBytes how much memory is used, page cache included
   * @param memoryIdleBytes how much of the used memory is page cache that the kernel would take
   *     back first
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

  /** Reads the limits from a host's files. */
  public static Limits read(HostFiles files) {
    CgroupLimits limits = new CgroupLimits(files);
    Path unified = OwnCgroup.find(limits.cgroup, limits.mountinfo);
    // On a host with both versions, the controllers are in version 1, and only its lines name them.
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
   * The limits for one disk.
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
   * The smallest limit of a cgroup and its ancestors. A cgroup without the controller has no such
   * file, and the limits of its ancestors hold.
   *
   * @param read reads a cgroup's file; null if there is none
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
