package dev.platter.emulator.workload;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.BlockRequest.Operation;
import dev.platter.devices.testkit.DiskDriver;

/**
 * The requests that a workload has outstanding on a target: stamps them, takes their completions in
 * order of arrival and gives up on a disk that has gone silent, as a kernel's block layer does.
 */
final class Outstanding implements DiskDriver.Completion {
  /** As long as Linux waits for a SCSI command. */
  private static final long TIMEOUT_NANOS = 30_000_000_000L;

  private final IoTarget target;
  private final long[] submittedNanos;
  private final long[] latencyNanos;
  private final int[] statuses;
  private final int[] finished;
  private int head;
  private int tail;
  private int count;

  Outstanding(IoTarget target, int depth) {
    this.target = target;
    this.submittedNanos = new long[depth];
    this.latencyNanos = new long[depth];
    this.statuses = new int[depth];
    this.finished = new int[depth + 1];
    target.setSink(this);
  }

  void submit(int tag, Operation operation, long offsetBytes, int lengthBytes) {
    count++;
    submittedNanos[tag] = System.nanoTime();
    target.submit(tag, operation, offsetBytes, lengthBytes);
  }

  @Override
  public void done(int tag, int status) {
    latencyNanos[tag] = System.nanoTime() - submittedNanos[tag];
    statuses[tag] = status;
    finished[tail] = tag;
    tail = tail + 1 == finished.length ? 0 : tail + 1;
  }

  /** How many have been submitted and not taken. */
  int count() {
    return count;
  }

  /** Whether {@link #take} has one to give. */
  boolean hasFinished() {
    return head != tail;
  }

  /** Takes the tag of the next finished request. */
  int take() {
    int tag = finished[head];
    head = head + 1 == finished.length ? 0 : head + 1;
    count--;
    return tag;
  }

  long latencyNanos(int tag) {
    return latencyNanos[tag];
  }

  /** The device's status of a finished request, {@link DiskDriver#OK} if it went well. */
  int status(int tag) {
    return statuses[tag];
  }

  /**
   * Waits until one has finished.
   *
   * @throws PlatterException of kind FAILED if none does in 30 s
   */
  void await() {
    long deadline = System.nanoTime() + TIMEOUT_NANOS;
    while (!hasFinished()) {
      target.await(deadline);
      if (!hasFinished() && System.nanoTime() - deadline >= 0) {
        throw PlatterException.failed(
            count + " requests outstanding and none completed in 30 s", null);
      }
    }
  }
}
