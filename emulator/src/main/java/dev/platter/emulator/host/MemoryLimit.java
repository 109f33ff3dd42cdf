package dev.platter.emulator.host;

/** How much memory this process may have: what its cgroup says, if that can be read. */
public final class MemoryLimit {
  private MemoryLimit() {}

  /** The least limit of the cgroup and those above it in bytes; {@link Long#MAX_VALUE} for none. */
  public static long ofOwnCgroup() {
    Long bytes = CgroupLimits.read(HostFiles.ofHost()).memoryBytes();
    return bytes == null ? Long.MAX_VALUE : bytes;
  }
}
