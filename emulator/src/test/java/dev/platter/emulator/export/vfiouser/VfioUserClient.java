package dev.platter.emulator.export.vfiouser;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.platter.aio.socket.ReceivedFds;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.devices.driver.GuestCpu;
import dev.platter.devices.memory.GuestMemory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import tools.jackson.jr.ob.JSON;

/**
 * A vfio-user client: each method is a message and, where there is one, its reply. As a guest's CPU
 * it reaches the AHCI registers at {@link #BAR}: loads wait for their reply, stores are posted.
 */
final class VfioUserClient implements GuestCpu, AutoCloseable {
  static final long BAR = 0xfebf_0000L;
  static final int REGION_REGISTERS = 5;
  static final int REGION_CONFIG = 7;
  static final int NO_REPLY = 0x10;
  private static final int HEADER = 16;
  private static final int ERROR = 0x20;

  /**
   * What the server answered.
   *
   * @param errno 0, or the error
   * @param payload what followed the header
   */
  record Answer(int errno, ByteBuffer payload) {
    int int32(int offset) {
      return payload.getInt(offset);
    }

    long int64(int offset) {
      return payload.getLong(offset);
    }
  }

  private final UnixConnection connection;
  private final GuestMemory memory;
  private final MemorySegment out = Arena.ofAuto().allocate(1 << 16, 8);
  private final MemorySegment in = Arena.ofAuto().allocate(1 << 16, 8);
  private int nextId = 0xfffe;

  VfioUserClient(UnixConnection connection, GuestMemory memory) {
    this.connection = connection;
    this.memory = memory;
  }

  UnixConnection connection() {
    return connection;
  }

  /** A little-endian payload of 32-bit numbers. */
  static byte[] ints(int... values) {
    ByteBuffer buffer = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int value : values) {
      buffer.putInt(value);
    }
    return buffer.array();
  }

  /** Joins payloads; a Long is 8 bytes, an Integer 4, a byte array itself. */
  static byte[] payload(Object... parts) {
    ByteBuffer buffer = ByteBuffer.allocate(1 << 15).order(ByteOrder.LITTLE_ENDIAN);
    for (Object part : parts) {
      switch (part) {
        case Integer i -> buffer.putInt(i);
        case Long l -> buffer.putLong(l);
        case byte[] bytes -> buffer.put(bytes);
        default -> throw new IllegalArgumentException(part.toString());
      }
    }
    byte[] bytes = new byte[buffer.flip().remaining()];
    buffer.get(bytes);
    return bytes;
  }

  /** Sends a message; returns its id. */
  int send(int command, int flags, byte[] payload, int... fds) {
    nextId = (nextId + 1) & 0xffff;
    header(nextId, command, HEADER + payload.length, flags);
    MemorySegment.copy(payload, 0, out, JAVA_BYTE, HEADER, payload.length);
    sendRaw(HEADER + payload.length, fds);
    return nextId;
  }

  /** Prepares a header that may be nonsense. */
  void header(int id, int command, int size, int flags) {
    ByteBuffer header = out.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    header.putShort(0, (short) id).putShort(2, (short) command);
    header.putInt(4, size).putInt(8, flags).putInt(12, 0);
  }

  /** Sends the first bytes of what was prepared. */
  void sendRaw(int bytes, int... fds) {
    try {
      connection.send(out, 0, bytes, fds);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Waits for the reply to a message; there must be no other before it.
   *
   * @throws UncheckedIOException if the server has gone
   */
  Answer receive(int id, int command) {
    try (ReceivedFds fds = new ReceivedFds()) {
      if (!connection.receive(in, 0, HEADER, fds)) {
        throw new IOException("the server has gone");
      }
      ByteBuffer header = in.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
      int size = header.getInt(4);
      connection.receiveRest(in, HEADER, size - HEADER, fds);
      int flags = header.getInt(8);
      int errno = header.getInt(12);
      boolean failed = (flags & ERROR) != 0;
      if ((header.getShort(0) & 0xffff) != id
          || header.getShort(2) != command
          || (flags & ~ERROR) != 1
          || failed != (errno != 0)
          || (failed && size != HEADER)
          || fds.size() != 0) {
        throw new AssertionError("reply " + header.getShort(0) + " " + flags + " " + errno);
      }
      byte[] payload = new byte[size - HEADER];
      MemorySegment.copy(in, JAVA_BYTE, HEADER, payload, 0, payload.length);
      return new Answer(errno, ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A message and its reply. */
  Answer call(VfioUserCommand command, byte[] payload, int... fds) {
    return receive(send(command.code(), 0, payload, fds), command.code());
  }

  /** Whether the server ends the connection without a further message. */
  boolean seesTheEnd() {
    try (ReceivedFds fds = new ReceivedFds()) {
      return !connection.receive(in, 0, 1, fds);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // ---- messages ------------------------------------------------------------------------------

  /** Proposes a version; answers with the server's capabilities. */
  Map<?, ?> negotiate(int minor, String json) {
    byte[] data = (json + "\0").getBytes(StandardCharsets.UTF_8);
    Answer answer = call(VfioUserCommand.VERSION, payload(minor << 16, data));
    if (answer.errno != 0 || answer.payload.getShort(0) != 0) {
      throw new AssertionError("VERSION failed");
    }
    byte[] text = new byte[answer.payload.capacity() - 5];
    answer.payload.get(4, text);
    Map<?, ?> all = JSON.std.mapFrom(new String(text, StandardCharsets.UTF_8));
    return (Map<?, ?>) Objects.requireNonNull(all.get("capabilities"));
  }

  void negotiate() {
    negotiate(1, "{\"capabilities\":{\"write_multiple\":true}}");
  }

  Answer regionRead(int region, long offset, int count) {
    return call(VfioUserCommand.REGION_READ, payload(offset, region, count));
  }

  /** A read of 1, 2, 4 or 8 bytes that must succeed. */
  long read(int region, long offset, int size) {
    Answer answer = regionRead(region, offset, size);
    if (answer.errno != 0 || answer.payload.capacity() != 16 + size) {
      throw new AssertionError("read of " + region + " failed: " + answer.errno);
    }
    long value = 0;
    for (int i = 0; i < size; i++) {
      value |= (answer.payload.get(16 + i) & 0xffL) << (8 * i);
    }
    return value;
  }

  private static byte[] bytes(long value, int size) {
    byte[] bytes = new byte[size];
    for (int i = 0; i < size; i++) {
      bytes[i] = (byte) (value >> (8 * i));
    }
    return bytes;
  }

  /** A write that is answered; the errno. */
  int write(int region, long offset, int size, long value) {
    byte[] message = payload(offset, region, size, bytes(value, size));
    return call(VfioUserCommand.REGION_WRITE, message).errno;
  }

  void post(int region, long offset, int size, long value) {
    byte[] message = payload(offset, region, size, bytes(value, size));
    send(VfioUserCommand.REGION_WRITE.code(), NO_REPLY, message);
  }

  int dmaMap(long address, long size, long offset, int flags, int... fds) {
    return call(VfioUserCommand.DMA_MAP, payload(32, flags, offset, address, size), fds).errno;
  }

  int dmaUnmap(long address, long size, int flags) {
    return call(VfioUserCommand.DMA_UNMAP, payload(24, flags, address, size)).errno;
  }

  int setIrqs(int index, int flags, int start, int count, byte[] data, int... fds) {
    byte[] message = payload(20 + data.length, flags, index, start, count, data);
    return call(VfioUserCommand.DEVICE_SET_IRQS, message, fds).errno;
  }

  int reset() {
    return call(VfioUserCommand.DEVICE_RESET, new byte[0]).errno;
  }

  // ---- a guest's CPU -------------------------------------------------------------------------

  @Override
  public int load32(long guestAddress) {
    return (int) read(REGION_REGISTERS, guestAddress - BAR, 4);
  }

  @Override
  public void store32(long guestAddress, int value) {
    post(REGION_REGISTERS, guestAddress - BAR, 4, value);
  }

  @Override
  public GuestMemory memory() {
    return memory;
  }

  @Override
  public void close() {
    connection.close();
  }
}
