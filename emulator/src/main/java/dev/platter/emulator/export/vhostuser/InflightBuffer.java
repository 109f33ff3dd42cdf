package dev.platter.emulator.export.vhostuser;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import dev.platter.devices.virtio.InflightRegion;
import dev.platter.emulator.export.SharedMemory;
import org.jspecify.annotations.Nullable;

/**
 * The buffer in which rings record their requests in flight ("Inflight I/O tracking"). The
 * front-end keeps the buffer, and gives it to the next back-end after a crash. A buffer that was
 * made here has a {@link ConfigRecord} behind the queues' parts.
 */
final class InflightBuffer implements AutoCloseable {
  /** Size of an inflight description: two u64, two u16. */
  static final int DESCRIPTION_BYTES = 20;

  /** The same as a C compiler pads it. */
  static final int PADDED_DESCRIPTION_BYTES = 24;

  // No queue here is larger, and a ring's memory for its record grows with this size.
  private static final int MAX_QUEUE_SIZE = 1024;

  private static final int F_SEAL_SEAL = 1;
  private static final int F_SEAL_GROW = 4;

  private final SharedMemory memory;
  private final Description description;
  private final @Nullable ConfigRecord config;

  /**
   * An inflight description.
   *
   * @param sizeBytes size of the buffer
   * @param offset where it begins in its file
   * @param queues number of virtqueues
   * @param queueSize size of virtqueues
   */
  record Description(long sizeBytes, long offset, int queues, int queueSize) {
    /** The description in a message's payload. */
    static Description in(VhostUserMessage message) {
      return new Description(message.u64(0), message.u64(8), message.u16(16), message.u16(18));
    }

    private void check(int maxQueues) throws RequestRefused {
      if (queues < 1 || queues > maxQueues || queueSize < 1 || queueSize > MAX_QUEUE_SIZE) {
        throw new RequestRefused("in-flight buffer for " + queues + " queues of " + queueSize);
      }
    }

    /** How long the queues' parts are in a buffer that can record either layout. */
    private long queuesBytes() {
      return queues * InflightRegion.regionBytes(true, queueSize);
    }
  }

  private InflightBuffer(SharedMemory memory, Description description) {
    this.memory = memory;
    this.description = description;
    long queuesBytes = description.queuesBytes();
    boolean room = memory.segment().byteSize() - queuesBytes >= ConfigRecord.BYTES;
    config =
        room ? new ConfigRecord(memory.segment().asSlice(queuesBytes, ConfigRecord.BYTES)) : null;
  }

  /**
   * Creates a buffer: a file that cannot change its size.
   *
   * @param asked the number and the size of the queues
   * @param maxQueues how many queues the device has
   * @param fd set to the file's descriptor, which the caller closes
   * @return the description of the file
   * @throws RequestRefused if {@code asked} makes no sense
   */
  static Description create(Description asked, int maxQueues, int[] fd) throws RequestRefused {
    asked.check(maxQueues);
    long size = asked.queuesBytes() + ConfigRecord.BYTES;
    int flags = LinuxAbi.MFD_CLOEXEC | LinuxAbi.MFD_ALLOW_SEALING;
    int file = Libc.memfdCreate("platter-inflight", flags);
    if (file < 0) {
      throw new RequestRefused("no in-flight buffer: memfd_create fails with " + name(file));
    }
    int result = Libc.ftruncate(file, size);
    if (result >= 0) {
      int seals = LinuxAbi.F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
      result = Libc.fcntl(file, LinuxAbi.F_ADD_SEALS, seals);
    }
    if (result < 0) {
      Libc.close(file);
      throw new RequestRefused("no in-flight buffer of " + size + " bytes: " + name(result));
    }
    fd[0] = file;
    return new Description(size, 0, asked.queues, asked.queueSize);
  }

  private static String name(int result) {
    return Errno.name(-result);
  }

  /**
   * Maps a buffer.
   *
   * @param fd its file; stays the caller's
   * @param lost is told that the client has truncated the file; any thread, must not block
   * @throws RequestRefused if the description makes no sense
   */
  static InflightBuffer map(Description description, int maxQueues, int fd, Runnable lost)
      throws RequestRefused {
    description.check(maxQueues);
    if (description.offset % Long.BYTES != 0) {
      throw new RequestRefused("in-flight buffer is misaligned");
    }
    try {
      return new InflightBuffer(
          SharedMemory.map(fd, description.offset, description.sizeBytes, true, lost), description);
    } catch (SharedMemory.Unusable e) {
      throw new RequestRefused("in-flight buffer: " + e.getMessage());
    }
  }

  /**
   * A queue's part.
   *
   * @return null if the buffer has none for this queue
   * @throws RequestRefused if the buffer is too small for what it should hold
   */
  @Nullable InflightRegion region(int queue, boolean packed) throws RequestRefused {
    if (queue >= description.queues) {
      return null;
    }
    try {
      return InflightRegion.of(memory.segment(), queue, packed, description.queueSize);
    } catch (IllegalArgumentException e) {
      throw new RequestRefused("in-flight buffer: " + e.getMessage());
    }
  }

  /** The record of the configuration space; null if the buffer has none. */
  @Nullable ConfigRecord config() {
    return config;
  }

  /** Clears all records, while no ring uses the buffer. */
  void clear() {
    clearQueues();
    if (config != null) {
      config.clear();
    }
  }

  /** Clears the records of requests in flight, while no ring uses the buffer. */
  void clearQueues() {
    long bytes = Math.min(description.queuesBytes(), memory.segment().byteSize());
    memory.segment().asSlice(0, bytes).fill((byte) 0);
  }

  /** Unmaps the buffer, once no ring uses it. Idempotent. */
  @Override
  public void close() {
    memory.close();
  }
}
