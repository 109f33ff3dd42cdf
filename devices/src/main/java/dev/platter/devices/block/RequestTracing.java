package dev.platter.devices.block;

import dev.platter.aio.trace.Timeline;
import dev.platter.devices.block.meter.Operation;

/** The destination of the stamps of a device's request slots. Set before the guest starts. */
public interface RequestTracing {
  /**
   * The timeline of a slot, asked for once.
   *
   * @param unit the AHCI port, or the virtqueue
   * @param slot the command slot, or the descriptor chain's id
   */
  Timeline timeline(int unit, int slot);

  /**
   * A request's completion is in guest memory, and the interrupt that tells of it has been raised
   * where the guest wants one. Called on the loop, before the slot is used again; the guest may
   * have seen the completion by now.
   *
   * @param timeline the slot's
   * @param operation what the guest has asked for
   * @param offsetBytes where on the disk
   * @param lengthBytes how much, in however many pieces the device has done it
   * @param unit as in {@link #timeline}
   */
  void completed(
      Timeline timeline, Operation operation, long offsetBytes, long lengthBytes, int unit);
}
