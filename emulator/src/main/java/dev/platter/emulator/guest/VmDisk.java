package dev.platter.emulator.guest;

import java.nio.file.Path;

/** A disk of a virtual machine, with its server. */
public sealed interface VmDisk {
  /** The id of QEMU's devices for the disk: letters and digits, unique in a machine. */
  String id();

  /**
   * Platter's virtio-blk, over vhost-user.
   *
   * @param socket the export's socket
   * @param queues virtqueues; 0 for as many as vCPUs
   * @param packed whether the guest is offered packed rings
   */
  record VhostUser(String id, Path socket, int queues, boolean packed) implements VmDisk {}

  /**
   * Platter's AHCI controller with all its disks, over vfio-user.
   *
   * @param socket the export's socket, to which QEMU connects once, when it starts
   */
  record VfioUser(String id, Path socket) implements VmDisk {}

  /**
   * QEMU's own virtio-blk, with an IOThread and io_uring.
   *
   * @param image a raw image or block device
   * @param serial the disk's serial number
   * @param shared whether others serve the same image: then it is opened without QEMU's locks, and
   *     the guest can only read
   */
  record QemuVirtio(String id, Path image, String serial, boolean shared) implements VmDisk {}

  /**
   * QEMU's own AHCI controller with one disk, with io_uring.
   *
   * @param image a raw image or block device; must be writable, since QEMU's IDE disks insist on it
   * @param serial the disk's serial number
   * @param shared whether others serve the same image: then it is opened without QEMU's locks, and
   *     nothing must write
   */
  record QemuAhci(String id, Path image, String serial, boolean shared) implements VmDisk {}
}
