package dev.platter.emulator.measure.workload;

import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.BlockRequest.Operation;
import dev.platter.devices.testkit.DiskDriver;
import dev.platter.emulator.measure.stages.StageRecorder;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A disk as a workload sees it. Each tag has a buffer of its own. Completions arrive, stamped by
 * the workload, while {@link #await} or {@link #pause} runs: as a guest takes interrupts while it
 * sleeps, and as the raw loop takes CQEs.
 */
public interface IoTarget {
  /** How many requests may be outstanding; tags are 0 to this minus 1. */
  int queueDepth();

  /** The disk's size in bytes. */
  long capacityBytes();

  /** The logical block size in bytes. */
  int blockSizeBytes();

  /** The longest transfer of one request in bytes. */
  int maxTransferBytes();

  /** Where completions go; set once, before the first submission. */
  void setSink(DiskDriver.Completion sink);

  /** The buffer of a tag. */
  MemorySegment buffer(int tag);

  /**
   * Starts a request on the tag's buffer.
   *
   * @param offsetBytes a multiple of the block size
   * @param lengthBytes a multiple of the block size; 0 for a flush
   */
  void submit(int tag, Operation operation, long offsetBytes, int lengthBytes);

  /** Rings the doorbell for what {@link #submit} has held back. */
  void kick();

  /** Waits until something has completed, or until {@code deadlineNanos}. */
  void await(long deadlineNanos);

  /**
   * The stamps of a tag's request that has just finished, for the caller to complete and record
   * before the tag is used again; null unless stages are recorded.
   */
  @Nullable Timeline timeline(int tag);

  /** Where stamps are recorded; null unless they are. */
  @Nullable StageRecorder recorder();

  /** Lets {@code nanos} pass. */
  void pause(long nanos);
}
