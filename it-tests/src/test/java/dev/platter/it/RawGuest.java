package dev.platter.it;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Mapping;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * A guest of few words: split virtqueues (virtio 1.3, 2.7) full of reads, over vhost-user without
 * protocol features.
 */
final class RawGuest implements AutoCloseable {
  /** As many reads as a queue holds, of three descriptors each. */
  static final int MOST_READS = 85;

  private static final int QUEUE_SIZE = 256;
  // In what each queue has of the memory.
  private static final long AVAIL = 0x1000;
  private static final long USED = 0x2000;
  private static final long HEADERS = 0x3000;
  private static final long STATUS = 0x4000;
  private static final long QUEUE_BYTES = 0x8000;
  private static final short NEXT = 1;
  private static final short WRITE = 2;
  private static final int SECTOR = 512;
  // vhost-user front-end messages
  private static final int SET_FEATURES = 2;
  private static final int SET_OWNER = 3;
  private static final int SET_MEM_TABLE = 5;
  private static final int SET_VRING_NUM = 8;
  private static final int SET_VRING_ADDR = 9;
  private static final int SET_VRING_BASE = 10;
  private static final int SET_VRING_KICK = 12;
  private static final int SET_VRING_CALL = 13;
  private static final long VERSION_1 = 1L << 32;
  private static final long EVENT_IDX = 1L << 29;

  private final int queues;
  private final int reads;
  private final long dataAt;
  private final long memoryBytes;
  private final int memoryFd = Libc.memfdCreate("guest", LinuxAbi.MFD_CLOEXEC);
  private final int[] kicks;
  private final int[] calls;
  private final Mapping mapping;
  private final MemorySegment memory;
  private @Nullable UnixConnection connection;

  /**
   * A guest that knows what it will read: from the disk's beginning on, the same in each queue.
   *
   * @param reads in each queue, at most {@link #MOST_READS}
   * @param readBytes of each, a multiple of 512
   * @param dataBytes of memory to read into
   * @param place where in it, for each of a queue's reads
   */
  RawGuest(int queues, int reads, int readBytes, long dataBytes, IntToLongFunction place)
      throws Exception {
    this.queues = queues;
    this.reads = reads;
    dataAt = queues * QUEUE_BYTES;
    memoryBytes = (dataAt + dataBytes + 4095) & -4096;
    assertThat(Libc.ftruncate(memoryFd, memoryBytes)).isZero();
    mapping = Mapping.shared(memoryFd, 0, memoryBytes, true);
    memory = mapping.segment();
    memory.fill((byte) 0); // pages count for who touches them first
    kicks = new int[queues];
    calls = new int[queues];
    for (int queue = 0; queue < queues; queue++) {
      kicks[queue] = Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC);
      calls[queue] = Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC | LinuxAbi.EFD_NONBLOCK);
      fill(queue * QUEUE_BYTES, readBytes, place);
    }
  }

  private void fill(long base, int readBytes, IntToLongFunction place) {
    for (int i = 0; i < reads; i++) {
      long header = base + HEADERS + i * 16L;
      memory.set(JAVA_INT, header, 0); // VIRTIO_BLK_T_IN
      memory.set(JAVA_LONG, header + 8, (long) i * (readBytes / SECTOR));
      describe(base, 3 * i, header, 16, NEXT);
      describe(base, 3 * i + 1, dataAt + place.applyAsLong(i), readBytes, (short) (NEXT | WRITE));
      describe(base, 3 * i + 2, base + STATUS + i, 1, WRITE);
      memory.set(JAVA_SHORT, base + AVAIL + 4 + 2L * i, (short) (3 * i));
    }
    memory.set(JAVA_SHORT, base + AVAIL + 2, (short) reads);
  }

  private void describe(long base, int index, long address, int length, short flags) {
    long at = base + index * 16L;
    memory.set(JAVA_LONG_UNALIGNED, at, address);
    memory.set(JAVA_INT, at + 8, length);
    memory.set(JAVA_SHORT, at + 12, flags);
    memory.set(JAVA_SHORT, at + 14, (short) (index + 1));
  }

  /** Connects, and has all of it read. */
  void start(Path socket) throws IOException {
    connection = UnixConnection.connect(socket);
    send(SET_OWNER, new long[0]);
    send(SET_FEATURES, new long[] {VERSION_1 | EVENT_IDX});
    // one region, padding; guest address, size, user address, offset
    send(SET_MEM_TABLE, new long[] {1, 0, memoryBytes, 0, 0}, memoryFd);
    for (long queue = 0; queue < queues; queue++) {
      long base = queue * QUEUE_BYTES;
      send(SET_VRING_NUM, new long[] {queue | (long) QUEUE_SIZE << 32});
      send(SET_VRING_BASE, new long[] {queue});
      // index and flags; descriptors, used, avail, log
      send(SET_VRING_ADDR, new long[] {queue, base, base + USED, base + AVAIL, 0});
      send(SET_VRING_CALL, new long[] {queue}, calls[(int) queue]);
      send(SET_VRING_KICK, new long[] {queue}, kicks[(int) queue]);
    }
    try (Arena arena = Arena.ofConfined()) {
      for (int kick : kicks) {
        Libc.write(kick, arena.allocateFrom(JAVA_LONG, 1).address(), 8);
      }
    }
  }

  private void send(int request, long[] payload, int... descriptors) throws IOException {
    UnixConnection to = connection;
    if (to == null) {
      throw new IllegalStateException("not connected");
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment message = arena.allocate(12 + payload.length * 8L, 8);
      message.set(JAVA_INT, 0, request);
      message.set(JAVA_INT, 4, 1); // version
      message.set(JAVA_INT, 8, payload.length * 8);
      for (int i = 0; i < payload.length; i++) {
        message.set(JAVA_LONG_UNALIGNED, 12 + i * 8L, payload[i]);
      }
      to.send(message, 0, message.byteSize(), descriptors);
    }
  }

  /** How far the server has read a queue's avail ring: avail_event, after the used ring (2.7.8). */
  int taken(int queue) {
    long at = queue * QUEUE_BYTES + USED + 4 + 8L * QUEUE_SIZE;
    return Short.toUnsignedInt(memory.get(JAVA_SHORT, at));
  }

  /** How many reads of all queues have completed. */
  int completed() {
    int all = 0;
    for (int queue = 0; queue < queues; queue++) {
      all += Short.toUnsignedInt(memory.get(JAVA_SHORT, queue * QUEUE_BYTES + USED + 2));
    }
    return all;
  }

  /** How many reads of all queues have completed and failed. */
  int failed() {
    int all = 0;
    for (int queue = 0; queue < queues; queue++) {
      for (int i = 0; i < reads; i++) {
        long at = queue * QUEUE_BYTES + STATUS + i;
        all += memory.get(JAVA_BYTE, at) == 0 ? 0 : 1;
      }
    }
    return all;
  }

  /** The memory that is read into. */
  MemorySegment data() {
    return memory.asSlice(dataAt);
  }

  /** Leaves the server, and keeps its memory. */
  void disconnect() {
    if (connection != null) {
      connection.close();
    }
  }

  @Override
  public void close() {
    disconnect();
    mapping.close();
    Libc.close(memoryFd);
    for (int queue = 0; queue < queues; queue++) {
      Libc.close(kicks[queue]);
      Libc.close(calls[queue]);
    }
  }
}
