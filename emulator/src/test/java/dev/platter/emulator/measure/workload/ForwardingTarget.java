package dev.platter.emulator.measure.workload;

import dev.platter.aio.trace.Timeline;
import dev.platter.devices.driver.DiskDriver;
import dev.platter.emulator.measure.stages.StageRecorder;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** A disk in front of another, which forwards all but requests: each subclass says what they do. */
@NullMarked
public abstract class ForwardingTarget implements IoTarget {
  /** The disk beneath. */
  protected final IoTarget disk;

  /** Puts this disk in front of another. */
  protected ForwardingTarget(IoTarget disk) {
    this.disk = disk;
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
  public void setSink(DiskDriver.CompletionSink sink) {
    disk.setSink(sink);
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
  public void await(long deadlineNanos) {
    disk.await(deadlineNanos);
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
  public void pause(long nanos) {
    disk.pause(nanos);
  }
}
