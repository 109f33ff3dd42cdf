package dev.platter.emulator.export.vhostuser;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.socket.ReceivedFds;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.sys.ErrnoException;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Mapping;
import dev.platter.devices.driver.DriverQueue;
import dev.platter.devices.driver.GuestAllocator;
import dev.platter.devices.driver.PackedDriverQueue;
import dev.platter.devices.driver.SplitDriverQueue;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.devices.virtio.VirtioFeatures;
import dev.platter.devices.virtio.blk.BlkAbi;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A front-end with a guest in it: speaks the protocol, shares its memory and drives the disk. The
 * steps are apart, so that a test can leave one out or do it wrong.
 */
final class VhostUserClient implements AutoCloseable {
  static final long MEMORY_BYTES = 8 << 20;
  static final long USER_BASE = 0x7f12_3400_0000L;
  static final long BUFFERS = 4 << 20;
  static final long ALL_PROTOCOL = VhostUserFeatures.OFFERED;
  static final long FEATURES =
      VirtioFeatures.SPLIT_RING
          | VhostUserFeatures.PROTOCOL_FEATURES
          | BlkAbi.F_MQ
          | BlkAbi.F_FLUSH
          | BlkAbi.F_CONFIG_WCE
          | BlkAbi.F_BLK_SIZE
          | BlkAbi.F_SEG_MAX;
  private static final int TIMEOUT_MILLIS = 10_000;

  final UnixConnection connection;
  final int memoryFd;
  final Mapping mapping;
  final GuestMemory memory;
  GuestAllocator allocator = new GuestAllocator(0x1000, BUFFERS - 0x1000);
  final List<Queue> queues = new ArrayList<>();
  private final Arena arena = Arena.ofShared();
  private final MemorySegment wire = arena.allocate(8192, 8);
  private final MemorySegment pollfd = arena.allocate(LinuxAbi.POLLFD_SIZE, 8);
  private final MemorySegment counter = arena.allocate(8, 8);
  final ReceivedFds fds = new ReceivedFds();
  long features = FEATURES;
  private boolean ownsMemory = true;

  /** A queue of the guest's and its eventfds. */
  static final class Queue {
    final int index;
    DriverQueue ring;
    final int kick = Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC);
    final int call = Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC | LinuxAbi.EFD_NONBLOCK);
    final int error = Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC | LinuxAbi.EFD_NONBLOCK);

    Queue(int index, DriverQueue ring) {
      this.index = index;
      this.ring = ring;
    }
  }

  VhostUserClient(UnixConnection connection) throws ErrnoException {
    this(connection, LinuxAbi.MFD_CLOEXEC);
  }

  VhostUserClient(UnixConnection connection, int memfdFlags) throws ErrnoException {
    this.connection = connection;
    memoryFd = Libc.memfdCreate("guest", memfdFlags);
    assertThat(Libc.ftruncate(memoryFd, MEMORY_BYTES)).isZero();
    mapping = Mapping.shared(memoryFd, 0, MEMORY_BYTES, true);
    memory = new GuestMemory(List.of(new GuestMemory.Region(0, mapping.segment())));
  }

  /** The same guest at a new back-end. */
  VhostUserClient(UnixConnection connection, VhostUserClient guest) {
    this.connection = connection;
    memoryFd = guest.memoryFd;
    mapping = guest.mapping;
    memory = guest.memory;
    allocator = guest.allocator;
    features = guest.features;
    queues.addAll(guest.queues);
    ownsMemory = false;
  }

  // ---- messages ------------------------------------------------------------------------------

  static byte[] bytes(Object... fields) {
    ByteBuffer buffer = ByteBuffer.allocate(512).order(ByteOrder.nativeOrder());
    for (Object field : fields) {
      switch (field) {
        case Long value -> buffer.putLong(value);
        case Integer value -> buffer.putInt(value);
        case Short value -> buffer.putShort(value);
        case Byte value -> buffer.put(value);
        default -> throw new IllegalArgumentException(field.toString());
      }
    }
    byte[] result = new byte[buffer.position()];
    buffer.flip().get(result);
    return result;
  }

  void sendRaw(int request, int flags, byte[] payload, int... descriptors) throws IOException {
    wire.set(JAVA_INT, VhostUserMessage.REQUEST, request);
    wire.set(JAVA_INT, VhostUserMessage.FLAGS, flags);
    wire.set(JAVA_INT, VhostUserMessage.SIZE, payload.length);
    MemorySegment.copy(
        MemorySegment.ofArray(payload), 0, wire, VhostUserMessage.HEADER_BYTES, payload.length);
    connection.send(wire, 0, VhostUserMessage.HEADER_BYTES + payload.length, descriptors);
  }

  void send(VhostUserRequest request, byte[] payload, int... descriptors) throws IOException {
    sendRaw(request.code(), VhostUserMessage.VERSION, payload, descriptors);
  }

  /** Receives an answer. */
  ByteBuffer answer(VhostUserRequest request) throws IOException {
    fds.discard();
    assertThat(connection.receive(wire, 0, VhostUserMessage.HEADER_BYTES, fds))
        .as("answer to " + request)
        .isTrue();
    assertThat(wire.get(JAVA_INT, VhostUserMessage.REQUEST)).isEqualTo(request.code());
    assertThat(wire.get(JAVA_INT, VhostUserMessage.FLAGS))
        .isEqualTo(VhostUserMessage.VERSION | VhostUserMessage.REPLY);
    int size = wire.get(JAVA_INT, VhostUserMessage.SIZE);
    connection.receiveRest(wire, VhostUserMessage.HEADER_BYTES, size, fds);
    byte[] payload = new byte[size];
    MemorySegment.copy(
        wire, VhostUserMessage.HEADER_BYTES, MemorySegment.ofArray(payload), 0, size);
    return ByteBuffer.wrap(payload).order(ByteOrder.nativeOrder());
  }

  ByteBuffer ask(VhostUserRequest request, byte[] payload) throws IOException {
    send(request, payload);
    return answer(request);
  }

  long askNumber(VhostUserRequest request) throws IOException {
    return ask(request, new byte[0]).getLong();
  }

  /** Sends with need_reply and gives the answer: 0 for success. */
  long ack(VhostUserRequest request, byte[] payload, int... descriptors) throws IOException {
    sendRaw(
        request.code(),
        VhostUserMessage.VERSION | VhostUserMessage.NEED_REPLY,
        payload,
        descriptors);
    return answer(request).getLong();
  }

  /** Sends with need_reply; it must succeed. */
  void must(VhostUserRequest request, byte[] payload, int... descriptors) throws IOException {
    assertThat(ack(request, payload, descriptors)).as(request.name()).isZero();
  }

  // ---- setting up ----------------------------------------------------------------------------

  void negotiate() throws IOException {
    assertThat(askNumber(VhostUserRequest.GET_FEATURES) & features).isEqualTo(features);
    assertThat(askNumber(VhostUserRequest.GET_PROTOCOL_FEATURES)).isEqualTo(ALL_PROTOCOL);
    send(VhostUserRequest.SET_PROTOCOL_FEATURES, bytes(ALL_PROTOCOL));
    send(VhostUserRequest.SET_OWNER, new byte[0]);
    must(VhostUserRequest.SET_FEATURES, bytes(features));
  }

  void shareMemory() throws IOException {
    must(VhostUserRequest.SET_MEM_TABLE, bytes(1, 0, 0L, MEMORY_BYTES, USER_BASE, 0L), memoryFd);
  }

  Queue newQueue(int index, int size) {
    boolean eventIdx = (features & VirtioFeatures.EVENT_IDX) != 0;
    DriverQueue ring =
        (features & VirtioFeatures.RING_PACKED) != 0
            ? new PackedDriverQueue(memory, allocator, size, eventIdx)
            : new SplitDriverQueue(memory, allocator, size, eventIdx);
    Queue queue = new Queue(index, ring);
    queues.add(queue);
    return queue;
  }

  /** As QEMU does it: number, base, address, kick, call, enable. */
  void start(Queue queue, int base) throws IOException {
    configure(queue, base);
    must(VhostUserRequest.SET_VRING_KICK, bytes((long) queue.index), queue.kick);
    must(VhostUserRequest.SET_VRING_CALL, bytes((long) queue.index), queue.call);
    must(VhostUserRequest.SET_VRING_ENABLE, bytes(queue.index, 1));
  }

  void configure(Queue queue, int base) throws IOException {
    must(VhostUserRequest.SET_VRING_NUM, bytes(queue.index, queue.ring.size()));
    must(VhostUserRequest.SET_VRING_BASE, bytes(queue.index, base));
    must(VhostUserRequest.SET_VRING_ADDR, addresses(queue));
    must(VhostUserRequest.SET_VRING_ERR, bytes((long) queue.index), queue.error);
  }

  byte[] addresses(Queue queue) {
    return bytes(
        queue.index,
        0,
        USER_BASE + queue.ring.descriptorArea(),
        USER_BASE + queue.ring.deviceArea(),
        USER_BASE + queue.ring.driverArea(),
        0L);
  }

  int base() {
    return (features & VirtioFeatures.RING_PACKED) != 0 ? 0x8000_8000 : 0;
  }

  /** All of it, with one queue. */
  Queue bringUp() throws IOException {
    negotiate();
    shareMemory();
    Queue queue = newQueue(0, 16);
    start(queue, base());
    return queue;
  }

  int stop(Queue queue) throws IOException {
    ByteBuffer state = ask(VhostUserRequest.GET_VRING_BASE, bytes(queue.index, 0));
    assertThat(state.getInt()).isEqualTo(queue.index);
    return state.getInt();
  }

  // ---- guest ---------------------------------------------------------------------------------

  /** Offers a request on data at {@code buffer}, its header and status before it. */
  int offer(Queue queue, int type, long sector, long buffer, int length) {
    long header = buffer - 64;
    memory.writeInt(header, type);
    memory.writeInt(header + 4, 0);
    memory.writeLong(header + BlkAbi.HEADER_SECTOR, sector);
    memory.writeByte(header + 32, 0xff);
    queue.ring.add(header, BlkAbi.HEADER_BYTES, false);
    if (length > 0) {
      queue.ring.add(buffer, length, type == BlkAbi.T_IN);
    }
    queue.ring.add(header + 32, 1, true);
    int id = queue.ring.offer();
    assertThat(id).isNotNegative();
    return id;
  }

  int statusAt(long buffer) {
    return memory.readByte(buffer - 32);
  }

  void kick(Queue queue) {
    if (queue.ring.kickNeeded()) {
      ring(queue);
    }
  }

  void ring(Queue queue) {
    counter.set(JAVA_LONG_UNALIGNED, 0, 1);
    assertThat(Libc.write(queue.kick, counter.address(), 8)).isEqualTo(8);
  }

  /** Waits for an interrupt; takes all it was for. */
  void awaitUsed(Queue queue, int count) {
    int taken = 0;
    while (true) {
      while (queue.ring.take() != DriverQueue.NONE) {
        taken++;
      }
      if (taken >= count) {
        assertThat(taken).isEqualTo(count);
        return;
      }
      if (!queue.ring.enableInterrupts()) {
        awaitEvent(queue.call);
      }
    }
  }

  void awaitEvent(int eventFd) {
    pollfd.set(JAVA_INT, LinuxAbi.POLLFD_FD, eventFd);
    pollfd.set(JAVA_SHORT, LinuxAbi.POLLFD_EVENTS, (short) LinuxAbi.POLLIN);
    assertThat(Libc.poll(pollfd.address(), 1, TIMEOUT_MILLIS)).as("event").isEqualTo(1);
    assertThat(Libc.read(eventFd, counter.address(), 8)).isEqualTo(8);
  }

  /** One request from the doorbell to the interrupt; gives its status. */
  int run(Queue queue, int type, long sector, long buffer, int length) {
    offer(queue, type, sector, buffer, length);
    kick(queue);
    awaitUsed(queue, 1);
    return statusAt(buffer);
  }

  void fill(long buffer, int length, int seed) {
    for (int i = 0; i < length; i += 4) {
      memory.writeInt(buffer + i, (seed * 31 + i) * 0x9E3779B1);
    }
  }

  void check(long buffer, int length, int seed) {
    for (int i = 0; i < length; i += 4) {
      assertThat(memory.readInt(buffer + i))
          .as("word " + i)
          .isEqualTo((seed * 31 + i) * 0x9E3779B1);
    }
  }

  /** Writes and reads back. */
  void checkDisk(Queue queue, long sector, int seed) {
    long out = BUFFERS + 0x1000;
    long in = BUFFERS + 0x4000;
    fill(out, 8192, seed);
    assertThat(run(queue, BlkAbi.T_OUT, sector, out, 8192)).isEqualTo(BlkAbi.S_OK);
    assertThat(run(queue, BlkAbi.T_IN, sector, in, 8192)).isEqualTo(BlkAbi.S_OK);
    check(in, 8192, seed);
  }

  /** Leaves, as a process does that ends; what is the guest's stays. */
  void leave() {
    connection.shutdown();
  }

  /** Closes the connection and the descriptors; the memory, if it is this client's own. */
  @Override
  public void close() {
    connection.close();
    fds.close();
    if (ownsMemory) {
      for (Queue queue : queues) {
        Libc.close(queue.kick);
        Libc.close(queue.call);
        Libc.close(queue.error);
      }
      mapping.close();
      Libc.close(memoryFd);
    }
    arena.close();
  }
}
