package dev.platter.emulator.export.vfiouser;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.platter.aio.socket.ReceivedFds;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.emulator.export.ProtocolViolation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A message from the client, in a buffer that the client cannot reach. The object is used for all
 * messages.
 */
final class VfioUserRequest {
  /** The longest message, header included, that a client has reason to send. */
  static final int MAX_BYTES = 16 * 1024;

  private final MemorySegment buffer;
  private int sizeBytes;

  VfioUserRequest(Arena arena) {
    buffer = arena.allocate(MAX_BYTES, 8);
  }

  /**
   * Waits for the next message.
   *
   * @param fds takes the descriptors that come with it
   * @return false if the client has left
   * @throws ProtocolViolation if the message is no command, or has a size that no command has
   */
  boolean receive(UnixConnection connection, ReceivedFds fds) throws IOException {
    if (!connection.receive(buffer, 0, VfioUserAbi.HEADER_BYTES, fds)) {
      return false;
    }
    long size = Integer.toUnsignedLong(buffer.get(JAVA_INT, VfioUserAbi.HEADER_SIZE));
    if (size < VfioUserAbi.HEADER_BYTES || size > MAX_BYTES) {
      throw new ProtocolViolation("message " + commandCode() + " with size " + size);
    }
    int type = flags() & VfioUserAbi.TYPE_MASK;
    if (type != VfioUserAbi.TYPE_COMMAND) {
      throw new ProtocolViolation("message " + commandCode() + " of type " + type);
    }
    sizeBytes = (int) size;
    // A message without a rest ends here.
    connection.receiveRest(buffer, VfioUserAbi.HEADER_BYTES, size - VfioUserAbi.HEADER_BYTES, fds);
    return true;
  }

  int id() {
    return buffer.get(JAVA_SHORT, VfioUserAbi.HEADER_ID) & 0xffff;
  }

  int commandCode() {
    return buffer.get(JAVA_SHORT, VfioUserAbi.HEADER_COMMAND) & 0xffff;
  }

  private int flags() {
    return buffer.get(JAVA_INT, VfioUserAbi.HEADER_FLAGS);
  }

  boolean wantsReply() {
    return (flags() & VfioUserAbi.FLAG_NO_REPLY) == 0;
  }

  /** Length of what follows the header. */
  int payloadBytes() {
    return sizeBytes - VfioUserAbi.HEADER_BYTES;
  }

  private static long at(int payloadOffset) {
    return VfioUserAbi.HEADER_BYTES + (long) payloadOffset;
  }

  int int16(int payloadOffset) {
    return buffer.get(JAVA_SHORT, at(payloadOffset)) & 0xffff;
  }

  int int32(int payloadOffset) {
    return buffer.get(JAVA_INT, at(payloadOffset));
  }

  /** 32 bits as 0 to 2^32 - 1. */
  long unsigned32(int payloadOffset) {
    return Integer.toUnsignedLong(int32(payloadOffset));
  }

  long int64(int payloadOffset) {
    return buffer.get(JAVA_LONG_UNALIGNED, at(payloadOffset));
  }

  /** A little-endian number of 1, 2, 4 or 8 bytes. */
  long number(int payloadOffset, int bytes) {
    return LittleEndian.get(buffer, at(payloadOffset), bytes);
  }

  byte int8(int payloadOffset) {
    return (byte) number(payloadOffset, 1);
  }

  /** The payload from {@code payloadOffset} on, copied. */
  byte[] bytes(int payloadOffset) {
    return buffer.asSlice(at(payloadOffset), payloadBytes() - payloadOffset).toArray(JAVA_BYTE);
  }
}
