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
  /** The virtual machine that the guest ran in. */
  public record GuestFacts(
      @Nullable String kernelRelease,
      @Nullable String qemu,
      @Nullable String qemuVersion,
      @Nullable String accelerator,
      @Nullable Long cpuCount,
      @Nullable Long memoryBytes) {}

  /**
   * A workload on a disk. A figure that only Platter's devices count is null for QEMU's disks.
   *
   * @param totalSeconds the time of an {@code iotest}; null for other workloads
   * @param iops requests per second of a closed loop; null for other workloads
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

  /** The figures of one run; null is a figure that the guest did not report. */
  public record GuestSample(
      boolean partial,
      @Nullable Double totalSeconds,
      @Nullable Double iops,
      @Nullable Long bytesPerSecond,
      Percentiles latencyUs,
      @Nullable CpuSeconds cpuSeconds) {}
}
