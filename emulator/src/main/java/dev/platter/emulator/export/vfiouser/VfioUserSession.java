package dev.platter.emulator.export.vfiouser;

import dev.platter.aio.event.HeldUpPipes;
import dev.platter.aio.loop.AdaptivePolling;
import dev.platter.aio.loop.BigLock;
import dev.platter.aio.loop.MainLoop;
import dev.platter.aio.socket.ReceivedFds;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.sys.Errno;
import dev.platter.devices.pci.PciFunction;
import dev.platter.emulator.export.ClientSession;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.export.ProtocolViolation;
import dev.platter.emulator.export.Refusals;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * Serves a PCI function to one client after the other. The connection's thread handles messages in
 * the order they come: it takes the big lock, does what the message says and answers without it. A
 * message waits only for that lock, however slow the storage is. This holds also for messages that
 * take memory away or reset the device, because requests in flight do not use guest memory.
 *
 * <p>A wrong argument is answered with an errno. A client without negotiation, or with a malformed
 * message, loses its connection. When a client leaves, its memory, its eventfds and the device's
 * state go with it: the next client is another machine.
 */
public final class VfioUserSession implements ClientSession {
  /**
   * How long to spin for the next message by default: as long as a halted vCPU spins. A guest waits
   * for each register read, and reads again some 40 us later; a driver comes back with the next
   * command within 200 us.
   */
  public static final long DEFAULT_POLL_MAX_NANOS = 200_000;

  private static final int NO_FD = -1;

  private final MainLoop mainLoop;
  private final BigLock lock;
  private final PciFunction function;
  private final Regions regions;
  private final HeldUpPipes heldUpPipes = new HeldUpPipes();
  private final IrqTable irqs;
  private final DmaTable dma;
  private final AdaptivePolling polling;
  private final VfioUserRequest request;
  private final VfioUserReply reply;
  private final Refusals refusals;
  private boolean negotiated;
  private volatile @Nullable ProtocolViolation offence;
  private Runnable eventFdFull = () -> {};
  private boolean closed;

  /**
   * Prepares to serve.
   *
   * @param mainLoop the loop of the function's I/O
   * @param maxGuestBytes how much memory a client may lend, by the size of its files
   * @param function the device; closed with the session
   * @param pollMaxNanos how long to spin for the next message at most; 0 sleeps at once
   * @param refusals logs messages that are refused
   */
  public VfioUserSession(
      MainLoop mainLoop,
      long maxGuestBytes,
      PciFunction function,
      long pollMaxNanos,
      Refusals refusals) {
    this.mainLoop = mainLoop;
    this.lock = mainLoop.lock();
    this.function = function;
    this.refusals = refusals;
    regions = new Regions(function, lock);
    irqs = new IrqTable(function.vectors(), lock);
    dma = new DmaTable(function.memory(), maxGuestBytes);
    polling = AdaptivePolling.ofVcpu(pollMaxNanos);
    Arena arena = Arena.ofAuto();
    request = new VfioUserRequest(arena);
    reply = new VfioUserReply(arena);
    mainLoop.context().invoke(() -> mainLoop.context().addClient(function));
  }

  @Override
  public HeldUpPipes heldUpPipes() {
    return heldUpPipes;
  }

  @Override
  public void serve(UnixConnection connection) throws IOException {
    try (ReceivedFds fds = new ReceivedFds(heldUpPipes)) {
      negotiated = false;
      offence = null;
      refusals.newClient();
      Runnable lost =
          () -> end(connection, new ProtocolViolation("memory was truncated while it was mapped"));
      eventFdFull = () -> end(connection, ProtocolViolation.byFullEventFd());
      connect();
      try {
        converse(connection, fds, lost);
      } catch (IOException e) {
        checkOffence(); // an offence explains the broken connection better
        throw e;
      }
      checkOffence();
    } finally {
      disconnect();
    }
  }

  private void converse(UnixConnection connection, ReceivedFds fds, Runnable lost)
      throws IOException {
    heldUpPipes.checkClient();
    // After an offence, the loop must end though older messages can still be received.
    while (offence == null && receive(connection, fds)) {
      reply.begin(request);
      int errno = handle(fds, lost);
      fds.discard();
      heldUpPipes.checkClient();
      if (errno != 0) {
        tellRefused(errno);
      }
      if (request.wantsReply()) {
        reply.send(connection, errno);
      }
    }
  }

  private void checkOffence() throws ProtocolViolation {
    ProtocolViolation what = offence;
    if (what != null) {
      throw what;
    }
  }

  /** Ends a connection because of its client's offence. Any thread. */
  private void end(UnixConnection connection, ProtocolViolation what) {
    offence = what;
    connection.shutdown();
  }

  private boolean receive(UnixConnection connection, ReceivedFds fds) throws IOException {
    if (!polling.enabled()) {
      return request.receive(connection, fds);
    }
    connection.spinNanos(polling.nanos());
    long start = System.nanoTime();
    boolean received = request.receive(connection, fds);
    polling.adjust(System.nanoTime() - start);
    return received;
  }

  /** Carries out the message; answers 0 or an errno. */
  private int handle(ReceivedFds fds, Runnable lost) throws ProtocolViolation {
    VfioUserCommand command = VfioUserCommand.of(request.commandCode());
    if (command == VfioUserCommand.VERSION) {
      return negotiate();
    }
    if (!negotiated) {
      throw new ProtocolViolation("message " + request.commandCode() + " before VERSION");
    }
    if (command == null) {
      return reply.refuse(Errno.EOPNOTSUPP, "there is no command " + request.commandCode());
    }
    return switch (command) {
      case REGION_READ -> regions.read(request, reply);
      case REGION_WRITE -> regions.write(request, reply);
      case REGION_WRITE_MULTI -> regions.writeMultiple(request, reply);
      case DMA_MAP -> map(fds, lost);
      case DMA_UNMAP -> unmap();
      case DEVICE_GET_INFO -> deviceInfo();
      case DEVICE_GET_REGION_INFO -> regions.info(request, reply);
      case DEVICE_GET_REGION_IO_FDS -> regions.ioFds(request, reply);
      case DEVICE_GET_IRQ_INFO -> irqs.info(request, reply);
      case DEVICE_SET_IRQS -> irqs.set(request, fds, eventFdFull, reply);
      case DEVICE_RESET -> reset();
      default -> reply.refuse(Errno.EOPNOTSUPP, "it is optional, and not done here");
    };
  }

  private void tellRefused(int errno) {
    VfioUserCommand command = VfioUserCommand.of(request.commandCode());
    // Clients ask for optional features, and take back memory that they never lent.
    boolean usual = errno == Errno.EOPNOTSUPP || errno == Errno.ENOENT;
    refusals.tell(
        usual ? Level.INFO : Level.WARNING,
        command == null ? "unknown" : command.name(),
        Errno.name(errno),
        reply.reason());
  }

  private int negotiate() throws ProtocolViolation {
    if (negotiated) {
      throw new ProtocolViolation("a second VERSION");
    }
    Negotiation.answer(request, reply);
    negotiated = true;
    return 0;
  }

  private int deviceInfo() {
    if (request.payloadBytes() < VfioUserAbi.DEVICE_INFO_BYTES
        || request.unsigned32(0) < VfioUserAbi.DEVICE_INFO_BYTES) {
      return reply.refuse(Errno.EINVAL, "it is too short");
    }
    reply.payload(VfioUserAbi.DEVICE_INFO_BYTES);
    reply.set(0, 4, VfioUserAbi.DEVICE_INFO_BYTES);
    reply.set(
        VfioUserAbi.DEVICE_INFO_FLAGS, 4, VfioUserAbi.DEVICE_RESETS | VfioUserAbi.DEVICE_IS_PCI);
    reply.set(VfioUserAbi.DEVICE_INFO_REGIONS, 4, VfioUserAbi.REGIONS);
    reply.set(VfioUserAbi.DEVICE_INFO_IRQS, 4, VfioUserAbi.IRQ_TYPES);
    return 0;
  }

  // ---- memory --------------------------------------------------------------------------------

  private int map(ReceivedFds fds, Runnable lost) {
    if (request.payloadBytes() < VfioUserAbi.DMA_MAP_BYTES || fds.size() > 1) {
      return reply.refuse(Errno.EINVAL, "it is too short, or has several descriptors");
    }
    int fd = fds.size() == 0 ? NO_FD : fds.take();
    try {
      return dma.add(request, fd, lost, reply);
    } finally {
      if (fd != NO_FD) {
        heldUpPipes.discard(fd); // a mapping keeps its file
      }
    }
  }

  private int unmap() {
    if (request.payloadBytes() < VfioUserAbi.DMA_UNMAP_BYTES
        || request.unsigned32(0) < VfioUserAbi.DMA_UNMAP_BYTES) {
      return reply.refuse(Errno.EINVAL, "it is too short");
    }
    int flags = request.int32(VfioUserAbi.DMA_UNMAP_FLAGS);
    long address = request.int64(VfioUserAbi.DMA_UNMAP_ADDRESS);
    long size = request.int64(VfioUserAbi.DMA_UNMAP_SIZE);
    boolean all = flags == VfioUserAbi.DMA_UNMAP_ALL;
    if (flags != 0 && !all) {
      return reply.refuse(Errno.EOPNOTSUPP, "there are no dirty page bitmaps");
    }
    if (all && (address != 0 || size != 0)) {
      return reply.refuse(Errno.EINVAL, "all ranges are named by address 0 and size 0");
    }
    List<MemorySegment> removed = List.of();
    if (all) {
      dma.removeAll();
    } else {
      removed = dma.remove(address, size);
      if (removed.isEmpty()) {
        return reply.refuse(Errno.ENOENT, "there is no such range");
      }
    }
    tellRemoved();
    if (all) {
      dma.unmapAll();
    } else {
      dma.unmap(removed);
    }
    reply.payload(VfioUserAbi.DMA_UNMAP_BYTES);
    reply.set(0, 4, VfioUserAbi.DMA_UNMAP_BYTES);
    reply.set(VfioUserAbi.DMA_UNMAP_FLAGS, 4, flags);
    reply.set(VfioUserAbi.DMA_UNMAP_ADDRESS, 8, address);
    reply.set(VfioUserAbi.DMA_UNMAP_SIZE, 8, size);
    return 0;
  }

  /**
   * Once this returns, no copy uses removed memory, because each copy is made while the big lock is
   * held.
   */
  private void tellRemoved() {
    lock.lock();
    try {
      function.memoryRemoved();
    } finally {
      lock.unlock();
    }
  }

  // ---- the device's life ---------------------------------------------------------------------

  private int reset() {
    lock.lock();
    try {
      function.reset();
    } finally {
      lock.unlock();
    }
    return 0;
  }

  private void connect() {
    lock.lock();
    try {
      function.connect(irqs);
    } finally {
      lock.unlock();
    }
  }

  private void disconnect() {
    lock.lock();
    try {
      // Memory and eventfds go first, so that the next client finds none of them even if a later
      // step fails.
      dma.removeAll();
      irqs.clear();
      function.memoryRemoved();
      function.reset();
      function.connect(null);
    } finally {
      lock.unlock();
      dma.unmapAll();
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    lock.lock();
    try {
      // Requests at the backends use only the function's buffers and the backends' files.
      function.hold();
      while (function.inFlight() > 0) {
        CountDownLatch idle = new CountDownLatch(1);
        function.whenIdle(idle::countDown);
        mainLoop.context().waitFor(idle);
      }
      mainLoop.context().removeClient(function);
      function.close();
    } finally {
      lock.unlock();
    }
  }
}
