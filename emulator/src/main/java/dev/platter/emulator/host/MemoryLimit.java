package dev.platter.emulator.host;

/** The memory limit of this process's cgroup. */
public final class MemoryLimit {
  private MemoryLimit() {}

  /**
   * The smallest limit of the cgroup and its ancestors in bytes; {@link Long#MAX_VALUE} if there is
   * none or it cannot be read.
   */
  public static long ofOwnCgroup() {
    Long bytes = CgroupLimits.read(HostFiles.ofHost()).memoryBytes();
    return bytes == null ? Long.MAX_VALUE : bytes;
  }
}
