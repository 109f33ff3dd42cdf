package dev.platter.emulator.export.vhostuser;

import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The requests of a front-end ("Front-end message types"), with the size of the payload. */
enum VhostUserRequest {
  /** Which virtio features there are. */
  GET_FEATURES(1, 0),
  /** Which virtio features the driver takes. */
  SET_FEATURES(2, Size.U64),
  /** A front-end begins. */
  SET_OWNER(3, 0),
  /** Deprecated: all rings are to be disabled. */
  RESET_OWNER(4, 0),
  /** All of guest memory, a descriptor for each region. */
  SET_MEM_TABLE(5, Size.VARIES),
  /** Where to log what was written, for migration. */
  SET_LOG_BASE(6, Size.VARIES),
  /** The eventfd to signal after each entry of that log. */
  SET_LOG_FD(7, Size.VARIES),
  /** The queue size. */
  SET_VRING_NUM(8, Size.STATE),
  /** Where the parts of a ring are, as addresses of the front-end's own. */
  SET_VRING_ADDR(9, Size.ADDR),
  /** The position at which a ring starts. */
  SET_VRING_BASE(10, Size.STATE),
  /** Stops a ring, and asks for its position. */
  GET_VRING_BASE(11, Size.STATE),
  /** The doorbell, which starts the ring. */
  SET_VRING_KICK(12, Size.U64),
  /** The interrupt. */
  SET_VRING_CALL(13, Size.U64),
  /** The eventfd to signal when a ring is broken. */
  SET_VRING_ERR(14, Size.U64),
  /** Which protocol features there are. */
  GET_PROTOCOL_FEATURES(15, 0),
  /** Which protocol features the front-end takes. */
  SET_PROTOCOL_FEATURES(16, Size.U64),
  /** How many queues there are. */
  GET_QUEUE_NUM(17, 0),
  /** Whether a started ring is to be processed. */
  SET_VRING_ENABLE(18, Size.STATE),
  /** Network devices: announce a migrated guest. */
  SEND_RARP(19, Size.VARIES),
  /** Network devices: the MTU. */
  NET_SET_MTU(20, Size.VARIES),
  /** A socket for requests of the back-end. */
  SET_BACKEND_REQ_FD(21, 0),
  /** An IOMMU's translations. */
  IOTLB_MSG(22, Size.VARIES),
  /** A legacy driver's byte order. */
  SET_VRING_ENDIAN(23, Size.VARIES),
  /** A part of the device's configuration space. */
  GET_CONFIG(24, Size.VARIES),
  /** The guest has written to the configuration space. */
  SET_CONFIG(25, Size.VARIES),
  /** Crypto devices: begin a session. */
  CREATE_CRYPTO_SESSION(26, Size.VARIES),
  /** Crypto devices: end a session. */
  CLOSE_CRYPTO_SESSION(27, Size.VARIES),
  /** A migration will fetch memory late. */
  POSTCOPY_ADVISE(28, Size.VARIES),
  /** From now on memory comes late. */
  POSTCOPY_LISTEN(29, Size.VARIES),
  /** All memory has come. */
  POSTCOPY_END(30, Size.VARIES),
  /** Makes a buffer for the record of what is in flight. */
  GET_INFLIGHT_FD(31, Size.VARIES),
  /** The buffer to keep that record in, perhaps from a process before this one. */
  SET_INFLIGHT_FD(32, Size.VARIES),
  /** Graphics devices: a socket. */
  GPU_SET_SOCKET(33, Size.VARIES),
  /** Puts the device back to its first state. */
  RESET_DEVICE(34, 0),
  /** A doorbell in the form of a message. */
  VRING_KICK(35, Size.VARIES),
  /** How many regions guest memory may have. */
  GET_MAX_MEM_SLOTS(36, 0),
  /** One more region of guest memory. */
  ADD_MEM_REG(37, Size.REGION),
  /** A region of guest memory to remove. */
  REM_MEM_REG(38, Size.REGION),
  /** The device status field, as the driver has written it. */
  SET_STATUS(39, Size.U64),
  /** The device status field. */
  GET_STATUS(40, 0),
  /** Graphics devices: an object shared with another device. */
  GET_SHARED_OBJECT(41, Size.VARIES),
  /** Migrates a device's inner state. */
  SET_DEVICE_STATE_FD(42, Size.VARIES),
  /** Whether the inner state has arrived. */
  CHECK_DEVICE_STATE(43, Size.VARIES);

  /** Sizes of payloads in bytes ("Payload"). */
  static final class Size {
    /** The handler of the request checks the size. */
    static final int VARIES = -1;

    /** A u64. */
    static final int U64 = 8;

    /** A vring state: u32 index, u32 num. */
    static final int STATE = 8;

    /** A vring address: u32 index, u32 flags; u64 descriptor, used, available, log. */
    static final int ADDR = 40;

    /** A single memory region: 64 bits of padding, the region. */
    static final int REGION = 40;

    private Size() {}
  }

  private static final Map<Integer, VhostUserRequest> BY_CODE =
      Arrays.stream(values()).collect(Collectors.toMap(r -> r.code, Function.identity()));

  private final int code;
  private final int payloadBytes;

  VhostUserRequest(int code, int payloadBytes) {
    this.code = code;
    this.payloadBytes = payloadBytes;
  }

  /** The request with a number, or null. */
  static @Nullable VhostUserRequest of(int code) {
    return BY_CODE.get(code);
  }

  /** Its number on the wire. */
  int code() {
    return code;
  }

  /** Whether a payload may be of this size. */
  boolean takes(int bytes) {
    return payloadBytes == Size.VARIES || bytes == payloadBytes;
  }
}
