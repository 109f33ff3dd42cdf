package dev.platter.emulator.measure.workload;

import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.DiskDriver;
import dev.platter.devices.driver.GuestAllocator;
import dev.platter.emulator.measure.machine.Vcpu;
import dev.platter.emulator.measure.stages.StageRecorder;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** A disk behind a guest driver, used on the driver's vCPU. */
public final class GuestTarget implements IoTarget {
  private static final int PAGE = 4096;

  private final Vcpu cpu;
  private final DiskDriver driver;
  private final int depth;
  private final long[] addresses;
  private final MemorySegment[] buffers;
  private final int line;
  private final @Nullable GuestStamps stamps;
  private DiskDriver.CompletionSink sink = (tag, status) -> {};

  /**
   * Takes over the driver's interrupt line.
   *
   * @param line the line that the disk's controller raises
   * @param depth how many tags to make buffers for, at most the driver's queue depth
   * @param bufferBytes size of each tag's buffer
   * @param stamps the device's stamps, or null
   */
  public GuestTarget(
      Vcpu cpu,
      DiskDriver driver,
      int line,
      GuestAllocator ram,
      int depth,
      int bufferBytes,
      @Nullable GuestStamps stamps) {
    this.cpu = cpu;
    this.driver = driver;
    this.line = line;
    this.stamps = stamps;
    this.depth = Math.min(depth, driver.queueDepth());
    this.addresses = new long[this.depth];
    this.buffers = new MemorySegment[this.depth];
    for (int tag = 0; tag < this.depth; tag++) {
      addresses[tag] = ram.allocate(bufferBytes, PAGE);
      MemorySegment buffer = cpu.memory().slice(addresses[tag], bufferBytes);
      if (buffer == null) {
        throw new IllegalStateException("guest buffer outside RAM");
      }
      buffers[tag] = buffer;
      // Touches the buffers first, as a program does, so that page faults do not count as the
      // disk's time.
      buffer.fill((byte) 0);
    }
    cpu.setInterruptHandler(line, () -> driver.interrupt(sink));
  }

  @Override
  public int queueDepth() {
    return depth;
  }

  @Override
  public long capacityBytes() {
    return driver.capacityBytes();
  }

  @Override
  public int blockSizeBytes() {
    return driver.blockSizeBytes();
  }

  @Override
  public int maxTransferBytes() {
    return driver.maxTransferBytes();
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
    driver.submit(tag, operation, offsetBytes, addresses[tag], lengthBytes);
    if (stamps != null) {
      stamps.submitted(tag);
    }
  }

  @Override
  public void kick() {
    if (stamps != null) {
      stamps.kick(System.nanoTime());
    }
    driver.kick();
  }

  @Override
  public @Nullable Timeline timeline(int tag) {
    return stamps == null ? null : stamps.finished(driver, tag, cpu.raisedNanos(line));
  }

  @Override
  public @Nullable StageRecorder recorder() {
    return stamps == null ? null : stamps.recorder();
  }

  @Override
  public void await(long deadlineNanos) {
    cpu.halt(deadlineNanos);
  }

  @Override
  public void pause(long nanos) {
    cpu.pause(nanos);
  }
}
