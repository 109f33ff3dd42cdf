package dev.platter.emulator.export.vhostuser;

import dev.platter.aio.event.HeldUpPipes;
import dev.platter.aio.loop.BigLock;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.devices.memory.GuestMemory;
import dev.platter.devices.virtio.VirtioDevice;
import dev.platter.emulator.export.ClientSession;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.export.ProtocolViolation;
import dev.platter.emulator.export.Refusals;
import java.io.IOException;
import java.util.BitSet;
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
    private final RequestHandler requests;
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
      requests = new RequestHandler(connection, message, backend, control, heldUpPipes);
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
        if (!requests.takesDescriptors(request)) {
          throw new ProtocolViolation(name + " with " + message.fds().size() + " descriptors");
        }
        try (LongWaits.Step _ = waits.begin(name)) {
          answered = requests.carryOut(request);
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

    @Override
    public void close() {
      try (LongWaits.Step _ = waits.begin("what the client has left in flight")) {
        backend.close();
      }
      message.close();
    }
  }
}
