package dev.platter.emulator.measure.workload;

import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.DiskDriver;
import dev.platter.emulator.measure.stages.StageRecorder;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A disk as a workload sees it. Each tag has a buffer of its own. Completions arrive while {@link
 * #await} or {@link #pause} runs, as a guest takes interrupts while it sleeps and as a raw loop
 * takes CQEs; the workload stamps them.
 */
public interface IoTarget {
  /** How many requests may be outstanding; tags go from 0 to this number minus 1. */
  int queueDepth();

  /** The disk's size in bytes. */
  long capacityBytes();

  /** The logical block size in bytes. */
  int blockSizeBytes();

  /** The longest transfer of one request in bytes. */
  int maxTransferBytes();

  /** Sets the receiver of completions; called once, before the first submission. */
  void setSink(DiskDriver.CompletionSink sink);

  /** The buffer of a tag. */
  MemorySegment buffer(int tag);

  /**
   * Starts a request on the tag's buffer.
   *
   * @param offsetBytes a multiple of the block size
   * @param lengthBytes a multiple of the block size; 0 for a flush
   */
  void submit(int tag, Operation operation, long offsetBytes, int lengthBytes);

  /** Rings the doorbell for the requests of {@link #submit} since the last doorbell. */
  void kick();

  /** Waits until a request has completed, or until {@code deadlineNanos}. */
  void await(long deadlineNanos);

  /**
   * The stamps of a tag's request that has just finished; null unless stages are recorded. The
   * caller completes and records them before it uses the tag again.
   */
  @Nullable Timeline timeline(int tag);

  /** The recorder of stamps; null unless stages are recorded. */
  @Nullable StageRecorder recorder();

  /** Lets {@code nanos} pass. */
  void pause(long nanos);
}
