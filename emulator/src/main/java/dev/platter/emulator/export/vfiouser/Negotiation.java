package dev.platter.emulator.export.vfiouser;

import dev.platter.aio.socket.UnixConnection;
import dev.platter.emulator.export.ProtocolViolation;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.jr.ob.JSON;

/** The agreement on a version and on limits ("VFIO_USER_VERSION"). */
final class Negotiation {
  /**
   * The most descriptors that a message may carry; a client sends more vectors in several messages.
   */
  static final int MAX_MESSAGE_FDS = UnixConnection.MAX_FDS;

  /** The longest access to a region. */
  static final int MAX_TRANSFER_BYTES = 8192;

  private static final int MAJOR = 0;
  private static final int MINOR = 1;
  private static final int PAGE_SIZES = 4096;

  private Negotiation() {}

  /**
   * Answers a client's proposal.
   *
   * @throws ProtocolViolation if there is no version in common, or the proposal cannot be
   *     understood
   */
  static void answer(VfioUserRequest request, VfioUserReply reply) throws ProtocolViolation {
    if (request.payloadBytes() < VfioUserAbi.VERSION_DATA) {
      throw new ProtocolViolation("VERSION of " + request.payloadBytes() + " bytes");
    }
    int major = request.int16(VfioUserAbi.VERSION_MAJOR);
    int minor = request.int16(VfioUserAbi.VERSION_MINOR);
    if (major != MAJOR) {
      throw new ProtocolViolation("VERSION " + major + "." + minor + ": we speak 0.x");
    }
    byte[] data = answer(proposed(request)).getBytes(StandardCharsets.UTF_8);
    reply.payload(VfioUserAbi.VERSION_DATA + data.length + 1);
    reply.set(VfioUserAbi.VERSION_MAJOR, 2, MAJOR);
    reply.set(VfioUserAbi.VERSION_MINOR, 2, Math.min(minor, MINOR));
    for (int i = 0; i < data.length; i++) {
      reply.set(VfioUserAbi.VERSION_DATA + i, 1, data[i]);
    }
  }

  private static Map<?, ?> proposed(VfioUserRequest request) throws ProtocolViolation {
    byte[] data = request.bytes(VfioUserAbi.VERSION_DATA);
    int length = 0;
    while (length < data.length && data[length] != 0) {
      length++;
    }
    if (length == 0) {
      return Map.of();
    }
    try {
      Object all = JSON.std.anyFrom(new String(data, 0, length, StandardCharsets.UTF_8));
      if (all instanceof Map<?, ?> object) {
        Object capabilities = object.get("capabilities");
        if (capabilities == null) {
          return Map.of();
        }
        if (capabilities instanceof Map<?, ?> found) {
          return found;
        }
      }
    } catch (JacksonException e) {
      // Told below.
    }
    throw new ProtocolViolation("VERSION with data that is no JSON object of capabilities");
  }

  private static String answer(Map<?, ?> proposed) {
    Map<String, Object> capabilities = new LinkedHashMap<>();
    capabilities.put("max_msg_fds", MAX_MESSAGE_FDS);
    capabilities.put("max_data_xfer_size", MAX_TRANSFER_BYTES);
    capabilities.put("max_dma_maps", DmaTable.MAX_MAPS);
    capabilities.put("pgsizes", PAGE_SIZES);
    if (Boolean.TRUE.equals(proposed.get("write_multiple"))) {
      capabilities.put("write_multiple", true);
    }
    return JSON.std.asString(Map.of("capabilities", capabilities));
  }
}
