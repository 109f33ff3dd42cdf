package dev.platter.devices.driver;

import dev.platter.devices.block.meter.Operation;

/** A guest's block driver, once it has brought its disk up. One request is known by its tag. */
public interface DiskDriver {
  /** Success, as {@link CompletionSink#done} reports it; anything else is a device error code. */
  int OK = 0;

  /** Receives finished requests. */
  interface CompletionSink {
    /**
     * A request has finished.
     *
     * @param tag the tag it was submitted with
     * @param status {@link #OK}, or the device's own error code
     */
    void done(int tag, int status);
  }

  /**
   * Which of the device's units an outstanding tag's request went to: the AHCI port, the virtqueue.
   */
  int unitOf(int tag);

  /** Its place there: the command slot, the descriptor chain's id. */
  int slotOf(int tag);

  /** How many requests may be outstanding; tags are 0 to this minus 1. */
  int queueDepth();

  /** The disk's size in bytes. */
  long capacityBytes();

  /** The logical block size in bytes. */
  int blockSizeBytes();

  /** The longest transfer of one request in bytes. */
  int maxTransferBytes();

  /**
   * Gives a request to the device; a driver whose hardware batches may wait for {@link #kick}.
   *
   * @param tag a tag that is not outstanding
   * @param operation READ, WRITE, FLUSH, and what else the disk offers
   * @param offsetBytes first byte, a multiple of the block size
   * @param buffer guest physical address of the data
   * @param lengthBytes transfer length, a multiple of the block size
   */
  void submit(int tag, Operation operation, long offsetBytes, long buffer, int lengthBytes);

  /** Rings the doorbell for what {@link #submit} has held back. */
  void kick();

  /**
   * The interrupt handler: acknowledges the device and reports what has finished. Safe to call when
   * nothing has.
   *
   * @return how many requests were reported
   */
  int interrupt(CompletionSink sink);
}
