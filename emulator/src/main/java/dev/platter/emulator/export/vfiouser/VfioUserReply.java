package dev.platter.emulator.export.vfiouser;

import dev.platter.aio.socket.UnixConnection;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The answer to a message, filled in while the message is handled and sent once. The object is used
 * for all messages.
 */
final class VfioUserReply {
  private static final int[] NO_FDS = {};

  private final MemorySegment buffer;
  private int payloadBytes;
  private String reason = "";

  VfioUserReply(Arena arena) {
    buffer = arena.allocate(VfioUserRequest.MAX_BYTES, 8);
  }

  /** Begins an empty answer. */
  void begin(VfioUserRequest request) {
    payloadBytes = 0;
    reason = "";
    LittleEndian.set(buffer, VfioUserAbi.HEADER_ID, 2, request.id());
    LittleEndian.set(buffer, VfioUserAbi.HEADER_COMMAND, 2, request.commandCode());
  }

  /**
   * Says for the log why the message is refused.
   *
   * @return {@code errno}, for the caller to answer
   */
  int refuse(int errno, String why) {
    reason = why;
    return errno;
  }

  /** The reason that {@link #refuse} was given. */
  String reason() {
    return reason;
  }

  /** Gives the answer a payload of {@code bytes} bytes, all 0. */
  void payload(int bytes) {
    payloadBytes = bytes;
    for (long i = 0; i < bytes; i += Long.BYTES) {
      LittleEndian.set(buffer, VfioUserAbi.HEADER_BYTES + i, Long.BYTES, 0);
    }
  }

  /** Sets a number of 1, 2, 4 or 8 bytes in the payload. */
  void set(int payloadOffset, int bytes, long value) {
    LittleEndian.set(buffer, VfioUserAbi.HEADER_BYTES + (long) payloadOffset, bytes, value);
  }

  /**
   * Sends the answer.
   *
   * @param errno 0, or the error: then only the header is sent ("Header")
   */
  void send(UnixConnection connection, int errno) throws IOException {
    int size = VfioUserAbi.HEADER_BYTES + (errno == 0 ? payloadBytes : 0);
    int flags = VfioUserAbi.TYPE_REPLY | (errno == 0 ? 0 : VfioUserAbi.FLAG_ERROR);
    LittleEndian.set(buffer, VfioUserAbi.HEADER_SIZE, 4, size);
    LittleEndian.set(buffer, VfioUserAbi.HEADER_FLAGS, 4, flags);
    LittleEndian.set(buffer, VfioUserAbi.HEADER_ERROR, 4, errno);
    connection.send(buffer, 0, size, NO_FDS);
  }
}
