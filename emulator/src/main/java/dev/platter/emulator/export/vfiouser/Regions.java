package dev.platter.emulator.export.vfiouser;

import dev.platter.aio.loop.BigLock;
import dev.platter.aio.sys.Errno;
import dev.platter.devices.bus.MmioDevice;
import dev.platter.devices.pci.PciBar;
import dev.platter.devices.pci.PciConfig;
import dev.platter.devices.pci.PciFunction;
import org.jspecify.annotations.Nullable;

/**
 * The function's regions as a client sees them: BARs and configuration space; the others are empty.
 * An access that is longer than a register, or not aligned, becomes several accesses. Each of them
 * takes and gives back the big lock, so that a long message does not hold it long. Methods answer 0
 * or an errno.
 */
final class Regions {
  private static final String TOO_SHORT = "it is too short";
  private static final String NO_REGION = "there is no such region";
  private static final String OUTSIDE = "the access is not inside a region, or is too long";

  private final BigLock lock;
  private final @Nullable Region[] regions = new Region[VfioUserAbi.REGIONS];

  private record Region(MmioDevice registers, int sizeBytes) {
    /**
     * Whether an access of at least one byte lies inside, and is as long as "Read and Write
     * Operations" allows.
     */
    boolean allows(long offset, long count) {
      return count > 0
          && count <= Math.min(sizeBytes, Negotiation.MAX_TRANSFER_BYTES)
          && offset >= 0
          && offset <= sizeBytes - count;
    }
  }

  Regions(PciFunction function, BigLock lock) {
    this.lock = lock;
    regions[VfioUserAbi.REGION_CONFIG] = new Region(function.config(), PciConfig.SIZE_BYTES);
    for (PciBar bar : function.bars()) {
      regions[VfioUserAbi.REGION_BAR_0 + bar.index()] =
          new Region(bar.registers(), bar.sizeBytes());
    }
  }

  /** "VFIO_USER_DEVICE_GET_REGION_INFO". */
  int info(VfioUserRequest request, VfioUserReply reply) {
    if (request.payloadBytes() < VfioUserAbi.REGION_INFO_BYTES
        || request.unsigned32(0) < VfioUserAbi.REGION_INFO_BYTES) {
      return reply.refuse(Errno.EINVAL, TOO_SHORT);
    }
    int index = request.int32(VfioUserAbi.REGION_INFO_INDEX);
    if (!exists(index)) {
      return reply.refuse(Errno.EINVAL, NO_REGION);
    }
    Region region = region(index);
    int size = region == null ? 0 : region.sizeBytes;
    reply.payload(VfioUserAbi.REGION_INFO_BYTES);
    reply.set(0, 4, VfioUserAbi.REGION_INFO_BYTES);
    reply.set(
        VfioUserAbi.REGION_INFO_FLAGS,
        4,
        size == 0 ? 0 : VfioUserAbi.REGION_READABLE | VfioUserAbi.REGION_WRITABLE);
    reply.set(VfioUserAbi.REGION_INFO_INDEX, 4, index);
    reply.set(VfioUserAbi.REGION_INFO_SIZE, 8, size);
    return 0;
  }

  /** "VFIO_USER_DEVICE_GET_REGION_IO_FDS": there are none. */
  int ioFds(VfioUserRequest request, VfioUserReply reply) {
    if (request.payloadBytes() < VfioUserAbi.REGION_IO_FDS_BYTES
        || request.unsigned32(0) < VfioUserAbi.REGION_IO_FDS_BYTES
        || request.int32(VfioUserAbi.REGION_IO_FDS_FLAGS) != 0
        || request.int32(VfioUserAbi.REGION_IO_FDS_COUNT) != 0) {
      return reply.refuse(Errno.EINVAL, "it is too short, or has a flag or a count");
    }
    int index = request.int32(VfioUserAbi.REGION_IO_FDS_INDEX);
    if (!exists(index)) {
      return reply.refuse(Errno.EINVAL, NO_REGION);
    }
    reply.payload(VfioUserAbi.REGION_IO_FDS_BYTES);
    reply.set(0, 4, VfioUserAbi.REGION_IO_FDS_BYTES);
    reply.set(VfioUserAbi.REGION_IO_FDS_INDEX, 4, index);
    return 0;
  }

  private static boolean exists(int index) {
    return index >= 0 && index < VfioUserAbi.REGIONS;
  }

  /** The region with an index, or null. */
  private @Nullable Region region(int index) {
    return exists(index) ? regions[index] : null;
  }

  /** "VFIO_USER_REGION_READ". */
  int read(VfioUserRequest request, VfioUserReply reply) {
    if (request.payloadBytes() != VfioUserAbi.REGION_RW_BYTES) {
      return reply.refuse(Errno.EINVAL, "it is of another length");
    }
    long offset = request.int64(VfioUserAbi.REGION_RW_OFFSET);
    int index = request.int32(VfioUserAbi.REGION_RW_REGION);
    long count = request.unsigned32(VfioUserAbi.REGION_RW_COUNT);
    Region region = region(index);
    if (region == null || !region.allows(offset, count)) {
      return reply.refuse(Errno.EINVAL, OUTSIDE);
    }
    answer(reply, offset, index, (int) count, (int) count);
    int done = 0;
    while (done < count) {
      int size = accessBytes(offset + done, (int) count - done);
      reply.set(
          VfioUserAbi.REGION_RW_DATA + done, size, read(region.registers, offset + done, size));
      done += size;
    }
    return 0;
  }

  private long read(MmioDevice device, long offset, int sizeBytes) {
    lock.lock();
    try {
      return device.read(offset, sizeBytes);
    } finally {
      lock.unlock();
    }
  }

  private void write(MmioDevice device, long offset, int sizeBytes, long value) {
    lock.lock();
    try {
      device.write(offset, sizeBytes, value);
    } finally {
      lock.unlock();
    }
  }

  /** "VFIO_USER_REGION_WRITE". */
  int write(VfioUserRequest request, VfioUserReply reply) {
    if (request.payloadBytes() < VfioUserAbi.REGION_RW_BYTES) {
      return reply.refuse(Errno.EINVAL, TOO_SHORT);
    }
    long count = request.unsigned32(VfioUserAbi.REGION_RW_COUNT);
    if (request.payloadBytes() != VfioUserAbi.REGION_RW_BYTES + count) {
      return reply.refuse(Errno.EINVAL, "its data are of another length");
    }
    int errno = write(request, 0, count, reply);
    if (errno == 0) {
      long offset = request.int64(VfioUserAbi.REGION_RW_OFFSET);
      answer(reply, offset, request.int32(VfioUserAbi.REGION_RW_REGION), (int) count, 0);
    }
    return errno;
  }

  private static void answer(
      VfioUserReply reply, long offset, int index, int count, int dataBytes) {
    reply.payload(VfioUserAbi.REGION_RW_BYTES + dataBytes);
    reply.set(VfioUserAbi.REGION_RW_OFFSET, 8, offset);
    reply.set(VfioUserAbi.REGION_RW_REGION, 4, index);
    reply.set(VfioUserAbi.REGION_RW_COUNT, 4, count);
  }

  /** "VFIO_USER_REGION_WRITE_MULTI": writes in order, up to the first wrong one. */
  int writeMultiple(VfioUserRequest request, VfioUserReply reply) {
    if (request.payloadBytes() < VfioUserAbi.MULTI_WRITES) {
      return reply.refuse(Errno.EINVAL, TOO_SHORT);
    }
    long writes = request.int64(VfioUserAbi.MULTI_COUNT);
    int room = request.payloadBytes() - VfioUserAbi.MULTI_WRITES;
    if (writes < 0
        || writes > room / VfioUserAbi.MULTI_WRITE_BYTES
        || writes * VfioUserAbi.MULTI_WRITE_BYTES != room) {
      return reply.refuse(Errno.EINVAL, "its length is not that of its writes");
    }
    for (int i = 0; i < writes; i++) {
      int at = VfioUserAbi.MULTI_WRITES + i * VfioUserAbi.MULTI_WRITE_BYTES;
      long count = request.unsigned32(at + VfioUserAbi.REGION_RW_COUNT);
      int errno =
          count > VfioUserAbi.MULTI_DATA_BYTES
              ? reply.refuse(Errno.EINVAL, "one of its writes is too long")
              : write(request, at, count, reply);
      if (errno != 0) {
        return errno;
      }
    }
    reply.payload(VfioUserAbi.MULTI_WRITES);
    reply.set(VfioUserAbi.MULTI_COUNT, 8, writes);
    return 0;
  }

  /** One write, described {@code at} bytes into the payload; the payload holds all its data. */
  private int write(VfioUserRequest request, int at, long count, VfioUserReply reply) {
    long offset = request.int64(at + VfioUserAbi.REGION_RW_OFFSET);
    int index = request.int32(at + VfioUserAbi.REGION_RW_REGION);
    Region region = region(index);
    if (region == null || !region.allows(offset, count)) {
      return reply.refuse(Errno.EINVAL, OUTSIDE);
    }
    int done = 0;
    while (done < count) {
      int size = accessBytes(offset + done, (int) count - done);
      long value = request.number(at + VfioUserAbi.REGION_RW_DATA + done, size);
      write(region.registers, offset + done, size, value);
      done += size;
    }
    return 0;
  }

  /** The longest aligned access, of 8 bytes at most, that a CPU would make here. */
  private static int accessBytes(long offset, int left) {
    int aligned = offset == 0 ? Long.BYTES : (int) Math.min(Long.BYTES, Long.lowestOneBit(offset));
    return Math.min(aligned, Integer.highestOneBit(left));
  }
}
