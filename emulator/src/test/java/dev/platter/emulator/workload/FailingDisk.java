package dev.platter.emulator.workload;

import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.BlockRequest.Operation;
import dev.platter.devices.testkit.DiskDriver;
import dev.platter.emulator.trace.StageRecorder;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** A disk that does what it is asked to, and says once that it did not. */
final class FailingDisk implements IoTarget {
  /** EIO. */
  static final int STATUS = 5;

  private final IoTarget disk;
  private final Operation failing;
  private int left;
  private int failingTag = -1;

  /**
   * Puts the failure in front of a disk.
   *
   * @param failing which operation fails
   * @param nth which of them, from 1
   */
  FailingDisk(IoTarget disk, Operation failing, int nth) {
    this.disk = disk;
    this.failing = failing;
    this.left = nth;
  }

  @Override
  public void submit(int tag, Operation operation, long offsetBytes, int lengthBytes) {
    if (operation == failing && --left == 0) {
      failingTag = tag;
    }
    disk.submit(tag, operation, offsetBytes, lengthBytes);
  }

  @Override
  public void setSink(DiskDriver.Completion sink) {
    disk.setSink((tag, status) -> {
      boolean fails = tag == failingTag;
      failingTag = fails ? -1 : failingTag;
      sink.done(tag, fails ? STATUS : status);
    });
  }

  @Override
  public int queueDepth() {
    return disk.queueDepth();
  }

  @Override
  public long capacityBytes() {
    return disk.capacityBytes();
  }

  @Override
  public int blockSizeBytes() {
    return disk.blockSizeBytes();
  }

  @Override
  public int maxTransferBytes() {
    return disk.maxTransferBytes();
  }

  @Override
  public MemorySegment buffer(int tag) {
    return disk.buffer(tag);
  }

  @Override
  public void kick() {
    disk.kick();
  }

  @Override
  public @Nullable Timeline timeline(int tag) {
    return disk.timeline(tag);
  }

  @Override
  public @Nullable StageRecorder recorder() {
    return disk.recorder();
  }

  @Override
  public void await(long deadlineNanos) {
    disk.await(deadlineNanos);
  }

  @Override
  public void pause(long nanos) {
    disk.pause(nanos);
  }
}
