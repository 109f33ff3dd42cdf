package dev.platter.emulator.result.document;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a result depends on besides the options; null is what could not be found out. */
public record EnvironmentFacts(
    @Nullable String platterVersion,
    @Nullable String kernelRelease,
    @Nullable String architecture,
    @Nullable String cpuModel,
    @Nullable Long cpuCount,
    @Nullable String cpuGovernor,
    @Nullable Map<String, String> mitigations,
    @Nullable Long memoryBytes,
    @Nullable Jvm jvm,
    @Nullable Cgroup cgroup,
    @Nullable ImageFacts image,
    @Nullable StorageFacts storage,
    List<Loop> loops) {
  /** The JVM and its heap. */
  public record Jvm(@Nullable String version, @Nullable String gc, @Nullable Long maxHeapBytes) {}

  /** What the cgroup allows; null is no limit. */
  public record Cgroup(
      @Nullable String version,
      @Nullable Double cpus,
      @Nullable Long memoryBytes,
      @Nullable Long tasks,
      @Nullable DiskLimits io) {}

  /** What the cgroup allows of the image's disk; null is no limit. */
  public record DiskLimits(
      @Nullable Long readBytesPerSecond,
      @Nullable Long writeBytesPerSecond,
      @Nullable Long readsPerSecond,
      @Nullable Long writesPerSecond) {}

  /** The disk below the image, and where its file system is mounted. */
  public record StorageFacts(
      @Nullable Disk device,
      @Nullable String mountPoint,
      @Nullable String mountSource,
      @Nullable String mountOptions) {}

  /** A disk of the host. */
  public record Disk(
      @Nullable String name,
      @Nullable String model,
      @Nullable String driver,
      @Nullable String scheduler,
      @Nullable Long schedulerRequests,
      @Nullable Long queueDepth,
      @Nullable String writeCache,
      @Nullable Boolean rotational,
      List<String> below) {}

  /** A loop's ring. */
  public record Loop(@Nullable String name, @Nullable RingFlags ringFlags) {}

  /**
   * Set-up flags of a ring.
   *
   * @param granted those that the kernel took
   * @param refused those that it did not take, each with the reason
   */
  public record RingFlags(List<String> granted, Map<String, String> refused) {}
}
