package dev.platter.emulator.export.vhostuser;

import dev.platter.devices.virtio.VirtioFeatures;

/** Feature bits of the protocol itself ("Protocol features"), as masks. */
final class VhostUserFeatures {
  /** Among the virtio features: that there are protocol features ("Communication"). */
  static final long PROTOCOL_FEATURES = 1L << 30;

  /** Several queues, and GET_QUEUE_NUM. */
  static final long MQ = 1L;

  /** Any request may be acknowledged. */
  static final long REPLY_ACK = 1L << 3;

  /** A channel for requests of the back-end's own. */
  static final long BACKEND_REQ = 1L << 5;

  /** The configuration space is the back-end's. */
  static final long CONFIG = 1L << 9;

  /** Requests in flight are recorded in shared memory. */
  static final long INFLIGHT_SHMFD = 1L << 12;

  /** RESET_DEVICE. */
  static final long RESET_DEVICE = 1L << 13;

  /** Guest memory comes and goes by the region. */
  static final long CONFIGURE_MEM_SLOTS = 1L << 15;

  /** The device status field is told. */
  static final long STATUS = 1L << 16;

  /**
   * The protocol features that are offered. There is no log of written memory, so a running disk
   * cannot migrate.
   */
  static final long OFFERED =
      MQ
          | REPLY_ACK
          | BACKEND_REQ
          | CONFIG
          | INFLIGHT_SHMFD
          | RESET_DEVICE
          | CONFIGURE_MEM_SLOTS
          | STATUS;

  /** The features that are offered beside a device's own. */
  static final long TRANSPORT = VirtioFeatures.SPLIT_AND_PACKED | PROTOCOL_FEATURES;

  private VhostUserFeatures() {}
}
