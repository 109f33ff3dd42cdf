/**
 * The virtio block device (section 5.2) in front of a {@link
 * dev.platter.devices.block.BlockBackend}.
 *
 * <p>Read {@link dev.platter.devices.virtio.blk.VirtioBlk} for what is offered, {@link
 * dev.platter.devices.virtio.blk.BlkQueue} for how a queue runs on its loop, {@link
 * dev.platter.devices.virtio.blk.BlkRequest} for what becomes of one request.
 *
 * <p>Threading: each queue belongs to one {@code AioContext}, which takes its doorbells, parses,
 * submits and completes; the configuration space belongs to the big lock. This package knows
 * neither the ring layout nor the transport. It has no legacy interface, no SCSI passthrough, no
 * zones and no secure erase.
 */
@NullMarked
package dev.platter.devices.virtio.blk;

import org.jspecify.annotations.NullMarked;
