package dev.platter.devices.ahci;

import dev.platter.devices.ata.IdentifyDevice;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.memory.BufferPool;

/**
 * A disk to put on a port, and its identity.
 *
 * @param backend its contents; stays the caller's to close, after the controller
 * @param identity model, serial number and firmware revision
 */
public record AhciDisk(BlockBackend backend, IdentifyDevice identity) {
  /**
   * The number of a disk's buffers, each of {@link BufferPool#CHUNK_BYTES}: one for each tag. A
   * command waits for a buffer while longer commands, or abandoned requests, have them all.
   */
  public static final int BUFFERS = AhciRegisters.SLOTS;

  /**
   * A disk with the given strings.
   *
   * @param model up to 40 printable ASCII characters
   * @param serial up to 20
   * @param firmware up to 8
   * @throws IllegalArgumentException if one is longer, or not ASCII
   */
  public AhciDisk(BlockBackend backend, String model, String serial, String firmware) {
    this(backend, new IdentifyDevice(model, serial, firmware));
  }
}
