package dev.platter.emulator.measure.workload;

import dev.platter.devices.block.meter.Operation;
import dev.platter.devices.driver.DiskDriver;

/** A disk that does what it is asked to, and says once that it did not. */
final class FailingDisk extends ForwardingTarget {
  /** EIO. */
  static final int STATUS = 5;

  private final Operation failing;
  private int left;
  private int failingTag = -1;
  private int submitted;

  /**
   * Puts the failure in front of a disk.
   *
   * @param failing which operation fails
   * @param nth which of them, from 1
   */
  FailingDisk(IoTarget disk, Operation failing, int nth) {
    super(disk);
    this.failing = failing;
    this.left = nth;
  }

  /** How many requests it was given. */
  int submitted() {
    return submitted;
  }

  @Override
  public void submit(int tag, Operation operation, long offsetBytes, int lengthBytes) {
    submitted++;
    if (operation == failing && --left == 0) {
      failingTag = tag;
    }
    disk.submit(tag, operation, offsetBytes, lengthBytes);
  }

  @Override
  public void setSink(DiskDriver.CompletionSink sink) {
    disk.setSink((tag, status) -> {
      boolean fails = tag == failingTag;
      failingTag = fails ? -1 : failingTag;
      sink.done(tag, fails ? STATUS : status);
    });
  }
}
