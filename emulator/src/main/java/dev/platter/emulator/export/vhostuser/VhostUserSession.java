package dev.platter.emulator.export.vhostuser;

import dev.platter.aio.event.HeldUpPipes;
import dev.platter.aio.loop.BigLock;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.sys.Libc;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.devices.virtio.VirtioDevice;
import dev.platter.emulator.export.ClientSession;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.export.ProtocolViolation;
import dev.platter.emulator.export.Refusals;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Serves a virtio device to vhost-user front-ends, one after the other. Owns the device.
 *
 * <p>A message that is not of this protocol ends the connection: a wrong size, descriptors too few
 * or too many. So does a request that cannot be carried out, unless the front-end has asked for an
 * answer ("REPLY_ACK"), which then says so.
 */
public final class VhostUserSession implements ClientSession {
  private static final int VRING_INDEX = 0xff;
  private static final int VRING_NO_FD = 1 << 8;
  private static final int CONFIG_HEADER_BYTES = 12;
  private static final int CONFIG_MIGRATION = 1;
  private static final int ANY_NUMBER = -1;

  private final VirtioDevice device;
  private final DeviceControl control;
  private final GuestMemory memory;
  private final long maxGuestBytes;
  private final String export;
  private final EventLog log;
  private final Refusals refusals;
  private final LongWaits waits;
  private final HeldUpPipes heldUpPipes = new HeldUpPipes();
  private volatile @Nullable VhostUserBackend current;
  private boolean closed;

  /**
   * Puts the protocol in front of a device.
   *
   * @param device the device, closed with the session; its queues run on its own contexts
   * @param memory what the device was made over; empty but while a client is served
   * @param lock the big lock, if there is one: the device's configuration is read and changed under
   *     it. No caller of this session holds it
   * @param maxGuestBytes how much memory a client may lend
   * @param export what the export is called in events
   */
  public VhostUserSession(
      VirtioDevice device,
      GuestMemory memory,
      @Nullable BigLock lock,
      long maxGuestBytes,
      String export,
      EventLog log) {
    this(device, memory, lock, maxGuestBytes, export, log, LongWaits.PATIENCE_NANOS);
  }

  VhostUserSession(
      VirtioDevice device,
      GuestMemory memory,
      @Nullable BigLock lock,
      long maxGuestBytes,
      String export,
      EventLog log,
      long patienceNanos) {
    this.maxGuestBytes = maxGuestBytes;
    this.device = device;
    this.memory = memory;
    this.export = export;
    this.log = log;
    refusals = new Refusals(log, export);
    waits = new LongWaits(log, export, patienceNanos);
    control = new DeviceControl(device, lock);
    device.onConfigChange(this::configChanged);
  }

  private void configChanged() {
    VhostUserBackend backend = current;
    if (backend != null) {
      backend.configChanged();
    }
  }

  @Override
  public HeldUpPipes heldUpPipes() {
    return heldUpPipes;
  }

  @Override
  public void serve(UnixConnection connection) throws IOException {
    Client client = new Client(connection);
    try {
      client.serve();
    } finally {
      current = null;
      client.close();
    }
    client.checkOffence();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      device.close();
    }
  }

  /** One client, from its first message to its last. */
  private final class Client implements AutoCloseable {
    private final UnixConnection connection;
    private final VhostUserMessage message = new VhostUserMessage(heldUpPipes);
    private final VhostUserBackend backend;
    private final BitSet toldBroken = new BitSet();
    private volatile @Nullable ProtocolViolation offence;

    Client(UnixConnection connection) {
      this.connection = connection;
      backend =
          new VhostUserBackend(
              device,
              control,
              memory,
              maxGuestBytes,
              this::broken,
              () -> end(new ProtocolViolation("the client has truncated memory that it shares")),
              () -> end(ProtocolViolation.byFullEventFd()),
              heldUpPipes);
      current = backend;
      refusals.newClient();
    }

    /** One line for each queue: a guest could break it again and again. */
    private void broken(int queue, String reason) {
      synchronized (toldBroken) {
        if (toldBroken.get(queue)) {
          return;
        }
        toldBroken.set(queue);
      }
      log.event(Level.WARNING, export, "queue-broken", Map.of("queue", queue, "reason", reason));
    }

    /** Ends the connection for what the client has done. Any thread. */
    private void end(ProtocolViolation what) {
      offence = what;
      connection.shutdown();
    }

    void checkOffence() throws ProtocolViolation {
      ProtocolViolation what = offence;
      if (what != null) {
        throw what;
      }
    }

    void serve() throws IOException {
      try {
        heldUpPipes.checkClient();
        // After an offence, what the client has sent before is still there to be received.
        while (offence == null && message.receive(connection)) {
          handle();
          message.fds().discard();
          heldUpPipes.checkClient();
        }
      } catch (IOException e) {
        checkOffence(); // the better reason for a connection that breaks
        throw e;
      }
    }

    private void handle() throws IOException {
      VhostUserRequest request = VhostUserRequest.of(message.request());
      String name = request == null ? "request " + message.request() : request.name();
      boolean done = true;
      boolean answered = false;
      try {
        if (request == null) {
          throw new RequestRefused("unknown");
        }
        if (!request.takes(message.payloadBytes())) {
          throw new ProtocolViolation(name + " with " + message.payloadBytes() + " bytes");
        }
        int fds = expectedFds(request);
        if (fds != ANY_NUMBER && fds != message.fds().size()) {
          throw new ProtocolViolation(name + " with " + message.fds().size() + " descriptors");
        }
        try (LongWaits.Step _ = waits.begin(name)) {
          answered = carryOut(request);
        }
      } catch (RequestRefused e) {
        if (!wantsAck() || hasAnswer(request)) {
          throw new ProtocolViolation(name + ": " + e.getMessage());
        }
        refusals.tell(
            Level.WARNING, request == null ? "unknown" : name, "", String.valueOf(e.getMessage()));
        done = false;
      }
      if (!answered && wantsAck()) {
        message.replyNumber(connection, done ? 0 : 1);
      }
    }

    /** Whether its answer has no room for a failure. */
    private static boolean hasAnswer(@Nullable VhostUserRequest request) {
      return request == VhostUserRequest.GET_VRING_BASE
          || request == VhostUserRequest.GET_INFLIGHT_FD
          || request == VhostUserRequest.GET_STATUS
          || request == VhostUserRequest.GET_CONFIG;
    }

    private boolean wantsAck() {
      return message.needsReply() && backend.has(VhostUserFeatures.REPLY_ACK);
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
     */
    private boolean carryOut(VhostUserRequest request) throws IOException, RequestRefused {
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

    // ---- memory ------------------------------------------------------------------------------

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

    // ---- configuration -----------------------------------------------------------------------

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

    // ---- what is in flight -------------------------------------------------------------------

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

    @Override
    public void close() {
      try (LongWaits.Step _ = waits.begin("what the client has left in flight")) {
        backend.close();
      }
      message.close();
    }
  }
}
