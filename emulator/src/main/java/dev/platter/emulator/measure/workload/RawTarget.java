package dev.platter.emulator.measure.workload;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.AioTimer;
import dev.platter.aio.sys.Mapping;
import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.BlockRequest;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.DiskDriver;
import dev.platter.emulator.measure.stages.StageRecorder;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The image straight on the ring of the calling thread's loop, with no device in front: the fastest
 * case, with which emulated disks are compared.
 */
public final class RawTarget implements IoTarget, AutoCloseable {
  private static final int MAX_TRANSFER = 32 << 20;

  private final class Slot extends BlockRequest {
    private final int tag;

    Slot(int tag) {
      super(1);
      this.tag = tag;
    }

    @Override
    protected void completed(int result) {
      completions++;
      sink.done(tag, -result);
    }
  }

  private final AioContext loop;
  private final BlockBackend image;
  private final @Nullable StageRecorder recorder;
  private final Slot[] slots;
  private final MemorySegment[] buffers;
  private final AioTimer alarm;
  private DiskDriver.CompletionSink sink = (tag, status) -> {};
  private long submissions;
  private long completions;

  /**
   * Uses the calling thread's loop.
   *
   * @param recorder where stamps are recorded, or null
   * @param memory at least {@code depth * bufferBytes} bytes, page-aligned
   */
  public RawTarget(
      AioContext loop,
      BlockBackend image,
      Mapping memory,
      int depth,
      int bufferBytes,
      @Nullable StageRecorder recorder) {
    this.loop = loop;
    this.recorder = recorder;
    this.image = image;
    this.slots = new Slot[depth];
    this.buffers = new MemorySegment[depth];
    for (int tag = 0; tag < depth; tag++) {
      slots[tag] = new Slot(tag);
      slots[tag].setTimeline(recorder == null ? null : new Timeline());
      buffers[tag] = memory.segment().asSlice((long) tag * bufferBytes, bufferBytes);
      buffers[tag].fill((byte) 0); // so that page faults do not count as the disk's time
    }
    this.alarm = loop.newTimer(() -> {});
  }

  @Override
  public int queueDepth() {
    return slots.length;
  }

  @Override
  public long capacityBytes() {
    return image.sizeBytes();
  }

  @Override
  public int blockSizeBytes() {
    return image.blockSizeBytes();
  }

  @Override
  public int maxTransferBytes() {
    return MAX_TRANSFER;
  }

  @Override
  public void setSink(DiskDriver.CompletionSink sink) {
    this.sink = sink;
  }

  @Override
  public MemorySegment buffer(int tag) {
    return buffers[tag];
  }

  @Override
  public void submit(int tag, Operation operation, long offsetBytes, int lengthBytes) {
    Slot slot = slots[tag];
    Timeline timeline = slot.timeline();
    if (timeline != null) {
      timeline.clear();
    }
    slot.vector().clear();
    slot.vector().add(buffers[tag].address(), lengthBytes);
    switch (operation) {
      case READ -> slot.prepareRead(offsetBytes);
      case WRITE -> slot.prepareWrite(offsetBytes, false);
      case FLUSH -> slot.prepareFlush();
      case DISCARD -> slot.prepareDiscard(offsetBytes, lengthBytes);
      case WRITE_ZEROES -> slot.prepareWriteZeroes(offsetBytes, lengthBytes, true);
    }
    image.submit(slot);
    submissions++;
  }

  @Override
  public @Nullable Timeline timeline(int tag) {
    return slots[tag].timeline();
  }

  @Override
  public @Nullable StageRecorder recorder() {
    return recorder;
  }

  @Override
  public void kick() {
    // The next turn of the loop submits.
  }

  @Override
  public void await(long deadlineNanos) {
    alarm.armAt(deadlineNanos);
    long before = completions;
    while (completions == before && alarm.isArmed()) {
      loop.turn(true);
    }
    alarm.cancel();
  }

  @Override
  public void pause(long nanos) {
    alarm.armAt(System.nanoTime() + nanos);
    while (alarm.isArmed()) {
      loop.turn(true);
    }
  }

  /** Waits for requests that a failed workload has left in flight, and frees the request slots. */
  @Override
  public void close() {
    while (completions < submissions) {
      loop.turn(true);
    }
    for (Slot slot : slots) {
      slot.close();
    }
  }
}
