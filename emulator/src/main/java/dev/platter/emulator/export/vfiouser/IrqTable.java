package dev.platter.emulator.export.vfiouser;

import dev.platter.aio.PlatterException;
import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.loop.BigLock;
import dev.platter.aio.socket.ReceivedFds;
import dev.platter.aio.sys.Errno;
import dev.platter.devices.pci.PciInterrupts;
import dev.platter.devices.pci.PciVectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The function's interrupts (INTx, MSI, MSI-X), each an eventfd of the client's. INTx is level
 * triggered and masks itself: it is signalled once, and again after an unmask if the device still
 * asserts it. A client may also set eventfds for device errors and for requests to release the
 * device, as clients do; no device here sends these.
 *
 * <p>Handlers of messages answer 0 or an errno. They take the big lock for one interrupt at a time,
 * so that a long message does not hold it long. All other methods are called with the lock held.
 */
final class IrqTable implements PciInterrupts {
  private static final int DATA_TYPES =
      VfioUserAbi.IRQ_DATA_NONE | VfioUserAbi.IRQ_DATA_BOOL | VfioUserAbi.IRQ_DATA_EVENTFD;
  private static final int ACTIONS =
      VfioUserAbi.IRQ_ACTION_MASK | VfioUserAbi.IRQ_ACTION_UNMASK | VfioUserAbi.IRQ_ACTION_TRIGGER;

  private static final String NO_TYPE = "there is no such type of interrupt";

  private final BigLock lock;
  private final Interrupt[][] types = new Interrupt[VfioUserAbi.IRQ_TYPES][];
  private boolean pinAsserted;
  private boolean masked;

  /** One interrupt: its eventfd, and whether a message was sent while it had none. */
  private static final class Interrupt {
    @Nullable EventNotifier trigger;
    boolean missed;
  }

  IrqTable(PciVectors vectors, BigLock lock) {
    this.lock = lock;
    int[] counts = new int[VfioUserAbi.IRQ_TYPES];
    counts[VfioUserAbi.IRQ_INTX] = vectors.intx();
    counts[VfioUserAbi.IRQ_MSI] = vectors.msi();
    counts[VfioUserAbi.IRQ_MSIX] = vectors.msix();
    counts[VfioUserAbi.IRQ_ERROR] = 1;
    counts[VfioUserAbi.IRQ_RELEASE] = 1;
    for (int index = 0; index < counts.length; index++) {
      types[index] = Stream.generate(Interrupt::new).limit(counts[index]).toArray(Interrupt[]::new);
    }
  }

  // ---- the device's side ---------------------------------------------------------------------

  @Override
  public void intx(boolean asserted) {
    pinAsserted = asserted;
    signalPin();
  }

  @Override
  public void msi(int vector) {
    send(types[VfioUserAbi.IRQ_MSI], vector);
  }

  @Override
  public void msix(int vector) {
    send(types[VfioUserAbi.IRQ_MSIX], vector);
  }

  /**
   * Sends a message. Drops a message with an unknown number, since a guest may choose the number.
   */
  private static void send(Interrupt[] messages, int vector) {
    if (vector < 0 || vector >= messages.length) {
      return;
    }
    Interrupt message = messages[vector];
    EventNotifier trigger = message.trigger;
    if (trigger == null) {
      message.missed = true;
    } else {
      trigger.signal();
    }
  }

  private void signalPin() {
    EventNotifier trigger = types[VfioUserAbi.IRQ_INTX][0].trigger;
    if (pinAsserted && !masked && trigger != null) {
      masked = true;
      trigger.signal();
    }
  }

  // ---- the client's side ---------------------------------------------------------------------

  /** "VFIO_USER_DEVICE_GET_IRQ_INFO". */
  int info(VfioUserRequest request, VfioUserReply reply) {
    if (request.payloadBytes() < VfioUserAbi.IRQ_INFO_BYTES
        || request.unsigned32(0) < VfioUserAbi.IRQ_INFO_BYTES) {
      return reply.refuse(Errno.EINVAL, "it is too short");
    }
    int index = request.int32(VfioUserAbi.IRQ_INFO_INDEX);
    if (!exists(index)) {
      return reply.refuse(Errno.EINVAL, NO_TYPE);
    }
    int count = types[index].length;
    reply.payload(VfioUserAbi.IRQ_INFO_BYTES);
    reply.set(0, 4, VfioUserAbi.IRQ_INFO_BYTES);
    reply.set(VfioUserAbi.IRQ_INFO_FLAGS, 4, count == 0 ? 0 : flags(index));
    reply.set(VfioUserAbi.IRQ_INFO_INDEX, 4, index);
    reply.set(VfioUserAbi.IRQ_INFO_COUNT, 4, count);
    return 0;
  }

  /**
   * The abilities of an interrupt. MSI-X vectors may be added one by one, while others are in use.
   */
  private static int flags(int index) {
    return switch (index) {
      case VfioUserAbi.IRQ_INTX ->
          VfioUserAbi.IRQ_EVENTFD | VfioUserAbi.IRQ_MASKABLE | VfioUserAbi.IRQ_AUTOMASKED;
      case VfioUserAbi.IRQ_MSIX -> VfioUserAbi.IRQ_EVENTFD;
      default -> VfioUserAbi.IRQ_EVENTFD | VfioUserAbi.IRQ_NORESIZE;
    };
  }

  private static boolean exists(int index) {
    return index >= 0 && index < VfioUserAbi.IRQ_TYPES;
  }

  /** "VFIO_USER_DEVICE_SET_IRQS": sets interrupts in order, up to the first wrong one. */
  int set(VfioUserRequest request, ReceivedFds fds, Runnable full, VfioUserReply reply) {
    if (request.payloadBytes() < VfioUserAbi.SET_IRQS_BYTES) {
      return reply.refuse(Errno.EINVAL, "it is too short");
    }
    int flags = request.int32(VfioUserAbi.SET_IRQS_FLAGS);
    int data = flags & DATA_TYPES;
    int action = flags & ACTIONS;
    if (flags != (data | action) || Integer.bitCount(data) != 1 || Integer.bitCount(action) != 1) {
      return reply.refuse(Errno.EINVAL, "its flags are not one kind of data and one action");
    }
    int index = request.int32(VfioUserAbi.SET_IRQS_INDEX);
    long start = request.unsigned32(VfioUserAbi.SET_IRQS_START);
    long count = request.unsigned32(VfioUserAbi.SET_IRQS_COUNT);
    if (!exists(index) || start + count > types[index].length) {
      return reply.refuse(Errno.EINVAL, exists(index) ? "there are fewer interrupts" : NO_TYPE);
    }
    if (count == 0) {
      return disableAll(index, data, action, start, reply);
    }
    int first = (int) start;
    if (data == VfioUserAbi.IRQ_DATA_EVENTFD) {
      return action == VfioUserAbi.IRQ_ACTION_TRIGGER
          ? setEventFds(index, first, (int) count, fds, full, reply)
          : reply.refuse(Errno.EOPNOTSUPP, "nobody is told of masking by a descriptor");
    }
    boolean booleans = data == VfioUserAbi.IRQ_DATA_BOOL;
    if (booleans && request.payloadBytes() < VfioUserAbi.SET_IRQS_DATA + count) {
      return reply.refuse(Errno.EINVAL, "it has no data");
    }
    for (int i = 0; i < count; i++) {
      boolean wanted = !booleans || request.int8(VfioUserAbi.SET_IRQS_DATA + i) != 0;
      int errno = wanted ? act(index, first + i, action, reply) : 0;
      if (errno != 0) {
        return errno;
      }
    }
    return 0;
  }

  private int disableAll(int index, int data, int action, long start, VfioUserReply reply) {
    if (data != VfioUserAbi.IRQ_DATA_NONE
        || action != VfioUserAbi.IRQ_ACTION_TRIGGER
        || start != 0) {
      return reply.refuse(Errno.EINVAL, "it names no interrupt, and does not disable all");
    }
    for (Interrupt interrupt : types[index]) {
      assign(index, interrupt, null);
    }
    return 0;
  }

  /**
   * Gives each interrupt of a range its descriptor. Without descriptors, all interrupts of the
   * range lose theirs.
   */
  private int setEventFds(
      int index, int first, int count, ReceivedFds fds, Runnable full, VfioUserReply reply) {
    boolean none = fds.size() == 0;
    if (!none && fds.size() != count) {
      return reply.refuse(Errno.EINVAL, "its descriptors are not one for each interrupt");
    }
    for (int i = first; i < first + count; i++) {
      EventNotifier trigger = null;
      if (!none) {
        // A descriptor of another type stays in fds, because its close may wait for the client.
        if (!EventNotifier.isEventFd(fds.peek())) {
          return reply.refuse(Errno.EINVAL, "its descriptor is no eventfd");
        }
        try {
          trigger = EventNotifier.adoptEventFd(fds.take(), full);
        } catch (PlatterException e) {
          return reply.refuse(Errno.EINVAL, "its eventfd cannot be watched");
        }
      }
      assign(index, types[index][i], trigger);
    }
    return 0;
  }

  private void assign(int index, Interrupt interrupt, @Nullable EventNotifier trigger) {
    lock.lock();
    try {
      replace(index, interrupt, trigger);
    } finally {
      lock.unlock();
    }
  }

  private void replace(int index, Interrupt interrupt, @Nullable EventNotifier trigger) {
    EventNotifier before = interrupt.trigger;
    if (before != null) {
      before.close();
    }
    interrupt.trigger = trigger;
    if (index == VfioUserAbi.IRQ_INTX) {
      masked = false;
      signalPin();
    } else if (trigger != null && interrupt.missed) {
      trigger.signal();
    }
    interrupt.missed = false;
  }

  private int act(int index, int vector, int action, VfioUserReply reply) {
    lock.lock();
    try {
      if (action == VfioUserAbi.IRQ_ACTION_TRIGGER) {
        EventNotifier trigger = types[index][vector].trigger;
        if (trigger == null) {
          return reply.refuse(Errno.EINVAL, "the interrupt has no descriptor");
        }
        trigger.signal();
        return 0;
      }
      if (index != VfioUserAbi.IRQ_INTX) {
        return reply.refuse(Errno.EOPNOTSUPP, "the interrupt cannot be masked");
      }
      masked = action == VfioUserAbi.IRQ_ACTION_MASK;
      signalPin();
      return 0;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Closes the eventfds of a client that has gone; the next client finds the table as the first
   * found it.
   */
  void clear() {
    for (int index = 0; index < types.length; index++) {
      for (Interrupt interrupt : types[index]) {
        replace(index, interrupt, null);
      }
    }
  }
}
