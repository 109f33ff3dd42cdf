package dev.platter.emulator.host;

import dev.platter.emulator.host.CgroupLimits.Limits;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How much memory is in use of that which this process may use. Any thread. */
public final class ChargedMemory {
  private ChargedMemory() {}

  /**
   * All that counts against the limit of this process' cgroup, without inactive page cache, which
   * is taken back when it runs short; of a cgroup without a limit below the host's memory, what is
   * not available of that.
   *
   * @return bytes; not a number if it is not to be seen
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
   * How much more memory this process may take: what the host has available, or what the limit of
   * its cgroup leaves, if that is less.
   *
   * @return bytes, not negative; {@link Long#MAX_VALUE} if neither is to be seen
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
   * The limit of this process' cgroup and those above it.
   *
   * @return bytes; null if there is none or it is not to be seen
   */
  public static @Nullable Long limitBytes(HostFiles files) {
    return CgroupLimits.read(files).memoryBytes();
  }
}
