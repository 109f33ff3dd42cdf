package dev.platter.emulator.result.document;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code platter.guest/1}.
 *
 * @param failure what ended the runs early; null if nothing did
 */
public record GuestDocument(
    @Inline Frame frame, List<GuestDiskRow> rows, GuestFacts guest, @Nullable String failure) {
  /** What the guest ran in. */
  public record GuestFacts(
      @Nullable String kernelRelease,
      @Nullable String qemu,
      @Nullable String qemuVersion,
      @Nullable String accelerator,
      @Nullable Long cpuCount,
      @Nullable Long memoryBytes) {}

  /**
   * A workload on a disk. What is Platter's own to know is null for QEMU's disks.
   *
   * @param totalSeconds of an {@code iotest}; else null
   * @param iops of a closed loop; else null
   */
  public record GuestDiskRow(
      String workload,
      String backend,
      String device,
      @Nullable String loop,
      long runs,
      boolean partial,
      @Nullable RunRange totalSeconds,
      @Nullable RunRange iops,
      RunRange p50Us,
      @Nullable Double ratioToVirtio,
      @Nullable PairRatios ratioToVirtioPairs,
      @Nullable Double ratioToQemu,
      @Nullable PairRatios ratioToQemuPairs,
      Percentiles latencyUs,
      @Nullable Long bytesPerSecond,
      List<GuestSample> samples,
      SchedulingFacts scheduling,
      @Nullable CpuSeconds cpuSeconds,
      @Nullable Double qemuCpuSeconds,
      CpuSeconds guestCpuSeconds,
      @Nullable Double requestsPerEnter,
      @Nullable Notifies notifies,
      @Nullable LoopCounters loopCounters,
      @Nullable RequestStages stages) {}

  /** What one run measured by itself; null is what the guest did not tell. */
  public record GuestSample(
      boolean partial,
      @Nullable Double totalSeconds,
      @Nullable Double iops,
      @Nullable Long bytesPerSecond,
      Percentiles latencyUs,
      @Nullable CpuSeconds cpuSeconds) {}
}
