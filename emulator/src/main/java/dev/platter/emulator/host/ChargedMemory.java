package dev.platter.emulator.host;

import dev.platter.emulator.host.CgroupLimits.Limits;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How much of the memory that this process may use is in use. Any thread. */
public final class ChargedMemory {
  private ChargedMemory() {}

  /**
   * The memory that counts against the limit of this process's cgroup, without inactive page cache,
   * which the kernel takes back when memory runs short. Without a limit below the host's memory:
   * the host's memory that is not available.
   *
   * @return bytes; not a number if it cannot be read
   */
  public static double bytes(HostFiles files) {
    Map<String, String> host = files.fields("/proc/meminfo");
    Long total = HostFiles.bytes(host, "MemTotal");
    Limits limits = CgroupLimits.read(files);
    Long most = limits.memoryBytes();
    Long used = limits.memoryUsedBytes();
    if (most != null && used != null && (total == null || most < total)) {
      Long idle = limits.memoryIdleBytes();
      // They are read one after the other.
      return Math.max(0, used - (idle == null ? 0 : idle));
    }
    Long available = HostFiles.bytes(host, "MemAvailable");
    return total == null || available == null ? Double.NaN : total - available;
  }

  /**
   * How much more memory this process may take: the smaller of the host's available memory and the
   * rest of its cgroup's limit.
   *
   * @return bytes, not negative; {@link Long#MAX_VALUE} if neither can be read
   */
  public static long availableBytes(HostFiles files) {
    Long available = HostFiles.bytes(files.fields("/proc/meminfo"), "MemAvailable");
    long most = available == null ? Long.MAX_VALUE : available;
    Limits limits = CgroupLimits.read(files);
    Long limit = limits.memoryBytes();
    Long used = limits.memoryUsedBytes();
    if (limit == null || used == null) {
      return most;
    }
    Long idle = limits.memoryIdleBytes();
    // They are read one after the other.
    return Math.min(most, Math.max(0, limit - used + (idle == null ? 0 : idle)));
  }

  /**
   * The smallest limit of this process's cgroup and its ancestors.
   *
   * @return bytes; null if there is no limit or it cannot be read
   */
  public static @Nullable Long limitBytes(HostFiles files) {
    return CgroupLimits.read(files).memoryBytes();
  }
}
