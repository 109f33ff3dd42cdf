package dev.platter.emulator.export.vhostuser;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.platter.aio.event.HeldUpPipes;
import dev.platter.aio.socket.ReceivedFds;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.emulator.export.ProtocolViolation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The present message ("Message Specification"), received into one piece of memory in which the
 * answer is made, too. Numbers are in the machine's own byte order. Closing discards the message's
 * descriptors.
 */
final class VhostUserMessage implements AutoCloseable {
  /** Offset of u32 request. */
  static final int REQUEST = 0;

  /** Offset of u32 flags. */
  static final int FLAGS = 4;

  /** Offset of u32 size. */
  static final int SIZE = 8;

  /** Size of the header; the payload follows. */
  static final int HEADER_BYTES = 12;

  /** The protocol's version, in the lower two bits of the flags. */
  static final int VERSION = 1;

  /** Flag: this is an answer. */
  static final int REPLY = 4;

  /** Flag: an answer is asked for. */
  static final int NEED_REPLY = 8;

  private static final int VERSION_MASK = 3;

  /** More than any known payload. */
  private static final int MAX_PAYLOAD_BYTES = 4096;

  private final MemorySegment bytes = Arena.ofAuto().allocate(HEADER_BYTES + MAX_PAYLOAD_BYTES, 8);
  private final ReceivedFds fds;

  /**
   * Creates one.
   *
   * @param heldUpPipes closes the descriptors that were not taken, and counts the pipes among them
   */
  VhostUserMessage(HeldUpPipes heldUpPipes) {
    fds = new ReceivedFds(heldUpPipes);
  }

  /**
   * Waits for a message and receives it whole; no descriptor of the last message may be left.
   *
   * @return false if the peer has left
   * @throws ProtocolViolation if it is no message of this protocol
   * @throws IOException if the connection breaks or the message does not come to its end
   */
  boolean receive(UnixConnection from) throws IOException {
    if (!from.receive(bytes, 0, HEADER_BYTES, fds)) {
      return false;
    }
    int flags = header(FLAGS);
    if ((flags & VERSION_MASK) != VERSION || (flags & REPLY) != 0) {
      throw new ProtocolViolation(
          "request " + header(REQUEST) + " has flags 0x" + Integer.toHexString(flags));
    }
    if (header(SIZE) < 0 || header(SIZE) > MAX_PAYLOAD_BYTES) {
      throw new ProtocolViolation(
          "request " + header(REQUEST) + " has " + (header(SIZE) & 0xffff_ffffL) + " bytes");
    }
    from.receiveRest(bytes, HEADER_BYTES, header(SIZE), fds);
    return true;
  }

  private int header(int offset) {
    return bytes.get(JAVA_INT_UNALIGNED, offset);
  }

  /** The request's number. */
  int request() {
    return header(REQUEST);
  }

  /** Whether an answer is asked for. */
  boolean needsReply() {
    return (header(FLAGS) & NEED_REPLY) != 0;
  }

  /** Size of the payload. */
  int payloadBytes() {
    return header(SIZE);
  }

  /** The descriptors that came along. */
  ReceivedFds fds() {
    return fds;
  }

  /** Byte of the payload at an offset. */
  byte byteAt(int offset) {
    return bytes.get(JAVA_BYTE, HEADER_BYTES + offset);
  }

  /** u16 of the payload at an offset. */
  int u16(int offset) {
    return bytes.get(JAVA_SHORT_UNALIGNED, HEADER_BYTES + offset) & 0xffff;
  }

  /** u32 of the payload at an offset, as it is. */
  int u32(int offset) {
    return bytes.get(JAVA_INT_UNALIGNED, HEADER_BYTES + offset);
  }

  /** u64 of the payload at an offset, as it is. */
  long u64(int offset) {
    return bytes.get(JAVA_LONG_UNALIGNED, HEADER_BYTES + offset);
  }

  void setByte(int offset, byte value) {
    bytes.set(JAVA_BYTE, HEADER_BYTES + offset, value);
  }

  void setU32(int offset, int value) {
    bytes.set(JAVA_INT_UNALIGNED, HEADER_BYTES + offset, value);
  }

  void setU64(int offset, long value) {
    bytes.set(JAVA_LONG_UNALIGNED, HEADER_BYTES + offset, value);
  }

  /** Answers with a single number. */
  void replyNumber(UnixConnection to, long value) throws IOException {
    setU64(0, value);
    reply(to, Long.BYTES);
  }

  /**
   * Answers with the present payload.
   *
   * @param descriptors sent along; they stay the caller's
   */
  void reply(UnixConnection to, int payloadBytes, int... descriptors) throws IOException {
    bytes.set(JAVA_INT_UNALIGNED, FLAGS, VERSION | REPLY);
    bytes.set(JAVA_INT_UNALIGNED, SIZE, payloadBytes);
    to.send(bytes, 0, (long) HEADER_BYTES + payloadBytes, descriptors);
  }

  @Override
  public void close() {
    fds.close();
  }
}
