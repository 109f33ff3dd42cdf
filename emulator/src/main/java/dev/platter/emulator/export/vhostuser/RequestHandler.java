package dev.platter.emulator.export.vhostuser;

import dev.platter.aio.event.HeldUpPipes;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.sys.Libc;
import dev.platter.emulator.export.ProtocolViolation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Carries out the requests of one client: reads each from its message, has the back-end do what it
 * says, and answers those that have an answer of their own. The export's thread.
 */
final class RequestHandler {
  private static final int VRING_INDEX = 0xff;
  private static final int VRING_NO_FD = 1 << 8;
  private static final int CONFIG_HEADER_BYTES = 12;
  private static final int CONFIG_MIGRATION = 1;
  private static final int ANY_NUMBER = -1;

  private final UnixConnection connection;
  private final VhostUserMessage message;
  private final VhostUserBackend backend;
  private final DeviceControl control;
  private final HeldUpPipes heldUpPipes;

  /**
   * Handles requests of a client.
   *
   * @param message where each request is received into, and its answer is made
   * @param heldUpPipes gets the descriptors that nobody has kept
   */
  RequestHandler(
      UnixConnection connection,
      VhostUserMessage message,
      VhostUserBackend backend,
      DeviceControl control,
      HeldUpPipes heldUpPipes) {
    this.connection = connection;
    this.message = message;
    this.backend = backend;
    this.control = control;
    this.heldUpPipes = heldUpPipes;
  }

  /** Whether as many descriptors came with a request as belong to it. */
  boolean takesDescriptors(VhostUserRequest request) {
    int expected = expectedFds(request);
    return expected == ANY_NUMBER || expected == message.fds().size();
  }

  private int expectedFds(VhostUserRequest request) {
    return switch (request) {
      case SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR ->
          (message.u64(0) & VRING_NO_FD) != 0 ? 0 : 1;
      case SET_BACKEND_REQ_FD, SET_INFLIGHT_FD, ADD_MEM_REG -> 1;
      case GET_FEATURES,
          SET_FEATURES,
          SET_OWNER,
          RESET_OWNER,
          SET_VRING_NUM,
          SET_VRING_ADDR,
          SET_VRING_BASE,
          GET_VRING_BASE,
          GET_PROTOCOL_FEATURES,
          SET_PROTOCOL_FEATURES,
          GET_QUEUE_NUM,
          SET_VRING_ENABLE,
          GET_CONFIG,
          SET_CONFIG,
          GET_INFLIGHT_FD,
          RESET_DEVICE,
          GET_MAX_MEM_SLOTS,
          SET_STATUS,
          GET_STATUS ->
          0;
      // SET_MEM_TABLE says how many, REM_MEM_REG may have one, and the others are refused.
      default -> ANY_NUMBER;
    };
  }

  /**
   * Carries out a request.
   *
   * @return whether it was answered
   * @throws ProtocolViolation for a message that is not of this protocol
   * @throws RequestRefused if it cannot be carried out
   */
  boolean carryOut(VhostUserRequest request) throws IOException, RequestRefused {
    switch (request) {
      case GET_FEATURES -> {
        return answer(control.offered());
      }
      case GET_PROTOCOL_FEATURES -> {
        return answer(VhostUserFeatures.OFFERED);
      }
      case GET_QUEUE_NUM -> {
        return answer(backend.queueCount());
      }
      case GET_MAX_MEM_SLOTS -> {
        return answer(MemoryTable.MAX_SLOTS);
      }
      case GET_STATUS -> {
        return answer(backend.getStatus());
      }
      case GET_VRING_BASE -> {
        message.setU32(4, backend.getVringBase(message.u32(0)));
        message.reply(connection, VhostUserRequest.Size.STATE);
        return true;
      }
      case GET_CONFIG -> {
        return getConfig();
      }
      case GET_INFLIGHT_FD -> {
        return getInflight();
      }
      case SET_FEATURES -> backend.setFeatures(message.u64(0));
      case SET_PROTOCOL_FEATURES -> backend.setProtocolFeatures(message.u64(0));
      case SET_OWNER -> {} // there is one front-end to a connection
      case RESET_OWNER -> backend.disableRings();
      case SET_MEM_TABLE -> setMemoryTable();
      case ADD_MEM_REG -> addMemory();
      case REM_MEM_REG -> backend.removeMemory(MemoryTable.Description.at(message, 8));
      case SET_VRING_NUM -> backend.setVringNum(message.u32(0), message.u32(4));
      case SET_VRING_BASE -> backend.setVringBase(message.u32(0), message.u32(4));
      case SET_VRING_ENABLE -> backend.setVringEnable(message.u32(0), message.u32(4));
      case SET_VRING_ADDR ->
          backend.setVringAddresses(
              message.u32(0),
              new VringState.Addresses(message.u64(8), message.u64(16), message.u64(24)));
      case SET_VRING_KICK -> backend.setVringKick(vring(), takeFd());
      case SET_VRING_CALL -> backend.setVringCall(vring(), takeFd());
      case SET_VRING_ERR -> backend.setVringError(vring(), takeFd());
      case SET_BACKEND_REQ_FD -> {
        backend.require(VhostUserFeatures.BACKEND_REQ);
        backend.setChannel(message.fds().take());
      }
      case SET_CONFIG -> setConfig();
      case SET_INFLIGHT_FD -> setInflight();
      case SET_STATUS -> backend.setStatus(message.u64(0));
      case RESET_DEVICE -> backend.reset();
      default -> throw new RequestRefused("not supported");
    }
    return false;
  }

  private boolean answer(long value) throws IOException {
    message.replyNumber(connection, value);
    return true;
  }

  private int vring() {
    return (int) message.u64(0) & VRING_INDEX;
  }

  private int takeFd() {
    return message.fds().size() == 0 ? -1 : message.fds().take();
  }

  // ---- memory -------------------------------------------------------------------------------

  private void setMemoryTable() throws IOException, RequestRefused {
    int bytes = message.payloadBytes();
    int count = bytes < 8 ? -1 : message.u32(0);
    if (count < 0
        || count > MemoryTable.MAX_TABLE_REGIONS
        || bytes < 8 + count * MemoryTable.REGION_BYTES
        || message.fds().size() != count) {
      throw new ProtocolViolation(
          "SET_MEM_TABLE of %d bytes and %d descriptors for %d regions"
              .formatted(bytes, message.fds().size(), count));
    }
    List<MemoryTable.Description> descriptions = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      descriptions.add(MemoryTable.Description.at(message, 8 + i * MemoryTable.REGION_BYTES));
    }
    int[] fds = MemoryTable.takeFds(message);
    try {
      backend.setMemoryTable(descriptions, fds);
    } finally {
      for (int fd : fds) {
        heldUpPipes.discard(fd);
      }
    }
  }

  private void addMemory() throws RequestRefused {
    MemoryTable.Description description = MemoryTable.Description.at(message, 8);
    int fd = message.fds().take();
    try {
      backend.addMemory(description, fd);
    } finally {
      heldUpPipes.discard(fd);
    }
  }

  // ---- configuration ------------------------------------------------------------------------

  private int configBytes() throws IOException, RequestRefused {
    backend.require(VhostUserFeatures.CONFIG);
    int bytes = message.payloadBytes() - CONFIG_HEADER_BYTES;
    if (bytes < 0 || message.u32(4) != bytes) {
      throw new ProtocolViolation("configuration access of the wrong size");
    }
    return bytes;
  }

  private static boolean inConfig(int offset, int bytes) {
    return offset >= 0
        && bytes > 0
        && bytes <= DeviceControl.MAX_CONFIG_BYTES
        && offset <= DeviceControl.MAX_CONFIG_BYTES - bytes;
  }

  private boolean getConfig() throws IOException, RequestRefused {
    int bytes = configBytes();
    int offset = message.u32(0);
    if (!inConfig(offset, bytes)) {
      message.reply(connection, 0); // no payload: an error ("GET_CONFIG")
      return true;
    }
    byte[] space = new byte[bytes];
    control.readConfig(offset, space);
    for (int i = 0; i < bytes; i++) {
      message.setByte(CONFIG_HEADER_BYTES + i, space[i]);
    }
    message.reply(connection, message.payloadBytes());
    return true;
  }

  private void setConfig() throws IOException, RequestRefused {
    int bytes = configBytes();
    int offset = message.u32(0);
    boolean migration = message.u32(8) == CONFIG_MIGRATION;
    if (!inConfig(offset, bytes) || (message.u32(8) & ~CONFIG_MIGRATION) != 0) {
      throw new RequestRefused("no such configuration field");
    }
    byte[] space = new byte[bytes];
    for (int i = 0; i < bytes; i++) {
      space[i] = message.byteAt(CONFIG_HEADER_BYTES + i);
    }
    // A migration brings along all fields, and those that are read-only are ours already.
    if (!backend.writeConfig(offset, space) && !migration) {
      throw new RequestRefused("a field is read-only, or the disk's cache could not be flushed");
    }
  }

  // ---- what is in flight --------------------------------------------------------------------

  private InflightBuffer.Description inflightDescription() throws IOException, RequestRefused {
    backend.require(VhostUserFeatures.INFLIGHT_SHMFD);
    int bytes = message.payloadBytes();
    if (bytes != InflightBuffer.DESCRIPTION_BYTES
        && bytes != InflightBuffer.PADDED_DESCRIPTION_BYTES) {
      throw new ProtocolViolation("in-flight description of " + bytes + " bytes");
    }
    return InflightBuffer.Description.in(message);
  }

  private boolean getInflight() throws IOException, RequestRefused {
    int[] fd = new int[1];
    InflightBuffer.Description made =
        InflightBuffer.create(inflightDescription(), backend.queueCount(), fd);
    try {
      message.setU64(0, made.sizeBytes());
      message.setU64(8, made.offset());
      message.reply(connection, message.payloadBytes(), fd);
    } finally {
      Libc.close(fd[0]);
    }
    return true;
  }

  private void setInflight() throws IOException, RequestRefused {
    InflightBuffer.Description description = inflightDescription();
    int fd = message.fds().take();
    try {
      backend.setInflight(description, fd);
    } finally {
      heldUpPipes.discard(fd);
    }
  }
}
