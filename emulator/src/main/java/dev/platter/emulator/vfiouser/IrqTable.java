package dev.platter.emulator.vfiouser;

import dev.platter.aio.PlatterException;
import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.socket.ReceivedFds;
import dev.platter.aio.sys.Errno;
import dev.platter.devices.pci.PciInterrupts;
import org.jspecify.annotations.Nullable;

/**
 * The client's interrupts, each an eventfd of the client's: one INTx and one MSI. INTx is level
 * triggered by masking itself: it is signalled once, and again after an unmask if the device still
 * asserts it. A device error and a request to release the device can be listened to as well, as
 * clients like to; this device has neither. There is no MSI-X.
 *
 * <p>Called with the big lock held. Handlers of messages answer 0 or an errno.
 */
final class IrqTable implements PciInterrupts {
  private static final int DATA_TYPES =
      VfioUserAbi.IRQ_DATA_NONE | VfioUserAbi.IRQ_DATA_BOOL | VfioUserAbi.IRQ_DATA_EVENTFD;
  private static final int ACTIONS =
      VfioUserAbi.IRQ_ACTION_MASK | VfioUserAbi.IRQ_ACTION_UNMASK | VfioUserAbi.IRQ_ACTION_TRIGGER;

  private static final String NO_TYPE = "there is no such type of interrupt";

  private final @Nullable EventNotifier[] triggers = new EventNotifier[VfioUserAbi.IRQ_TYPES];
  private boolean pinAsserted;
  private boolean masked;
  private boolean messageMissed;

  private static int count(int index) {
    return switch (index) {
      case VfioUserAbi.IRQ_INTX,
          VfioUserAbi.IRQ_MSI,
          VfioUserAbi.IRQ_ERROR,
          VfioUserAbi.IRQ_RELEASE ->
          1;
      default -> 0;
    };
  }

  // ---- the device's side ---------------------------------------------------------------------

  @Override
  public void intx(boolean asserted) {
    pinAsserted = asserted;
    signalPin();
  }

  @Override
  public void message() {
    EventNotifier msi = triggers[VfioUserAbi.IRQ_MSI];
    if (msi == null) {
      messageMissed = true;
    } else {
      msi.signal();
    }
  }

  private void signalPin() {
    EventNotifier intx = triggers[VfioUserAbi.IRQ_INTX];
    if (pinAsserted && !masked && intx != null) {
      masked = true;
      intx.signal();
    }
  }

  // ---- the client's side ---------------------------------------------------------------------

  /** "VFIO_USER_DEVICE_GET_IRQ_INFO". */
  int info(Request request, Reply reply) {
    if (request.payloadBytes() < VfioUserAbi.IRQ_INFO_BYTES
        || request.unsigned32(0) < VfioUserAbi.IRQ_INFO_BYTES) {
      return reply.refuse(Errno.EINVAL, "it is too short");
    }
    int index = request.int32(VfioUserAbi.IRQ_INFO_INDEX);
    if (!exists(index)) {
      return reply.refuse(Errno.EINVAL, NO_TYPE);
    }
    int flags =
        switch (index) {
          case VfioUserAbi.IRQ_INTX ->
              VfioUserAbi.IRQ_EVENTFD | VfioUserAbi.IRQ_MASKABLE | VfioUserAbi.IRQ_AUTOMASKED;
          default -> count(index) == 0 ? 0 : VfioUserAbi.IRQ_EVENTFD | VfioUserAbi.IRQ_NORESIZE;
        };
    reply.payload(VfioUserAbi.IRQ_INFO_BYTES);
    reply.set(0, 4, VfioUserAbi.IRQ_INFO_BYTES);
    reply.set(VfioUserAbi.IRQ_INFO_FLAGS, 4, flags);
    reply.set(VfioUserAbi.IRQ_INFO_INDEX, 4, index);
    reply.set(VfioUserAbi.IRQ_INFO_COUNT, 4, count(index));
    return 0;
  }

  private static boolean exists(int index) {
    return index >= 0 && index < VfioUserAbi.IRQ_TYPES;
  }

  /** "VFIO_USER_DEVICE_SET_IRQS". */
  int set(Request request, ReceivedFds fds, Runnable full, Reply reply) {
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
    if (!exists(index) || start + count > count(index)) {
      return reply.refuse(Errno.EINVAL, exists(index) ? "there are fewer interrupts" : NO_TYPE);
    }
    if (count == 0) {
      return disableAll(index, data, action, start, reply);
    }
    // From here on it is interrupt 0, the only one of its type.
    return switch (data) {
      case VfioUserAbi.IRQ_DATA_EVENTFD -> setEventFd(index, action, fds, full, reply);
      case VfioUserAbi.IRQ_DATA_BOOL -> {
        if (request.payloadBytes() < VfioUserAbi.SET_IRQS_DATA + count) {
          yield reply.refuse(Errno.EINVAL, "it has no data");
        }
        boolean wanted = request.int8(VfioUserAbi.SET_IRQS_DATA) != 0;
        yield wanted ? act(index, action, reply) : 0;
      }
      default -> act(index, action, reply);
    };
  }

  private int disableAll(int index, int data, int action, long start, Reply reply) {
    if (data != VfioUserAbi.IRQ_DATA_NONE
        || action != VfioUserAbi.IRQ_ACTION_TRIGGER
        || start != 0) {
      return reply.refuse(Errno.EINVAL, "it names no interrupt, and does not disable all");
    }
    assign(index, null);
    return 0;
  }

  private int setEventFd(int index, int action, ReceivedFds fds, Runnable full, Reply reply) {
    if (action != VfioUserAbi.IRQ_ACTION_TRIGGER) {
      return reply.refuse(Errno.EOPNOTSUPP, "nobody is told of masking by a descriptor");
    }
    if (fds.size() > 1) {
      return reply.refuse(Errno.EINVAL, "there are more descriptors than interrupts");
    }
    if (fds.size() == 0) {
      assign(index, null);
      return 0;
    }
    // The big lock is held: what is none is closed later, as its close may wait for the client.
    if (!EventNotifier.isEventFd(fds.peek())) {
      return reply.refuse(Errno.EINVAL, "its descriptor is no eventfd");
    }
    try {
      assign(index, EventNotifier.adoptEventFd(fds.take(), full));
      return 0;
    } catch (PlatterException e) {
      return reply.refuse(Errno.EINVAL, "its eventfd cannot be watched");
    }
  }

  private void assign(int index, @Nullable EventNotifier notifier) {
    EventNotifier before = triggers[index];
    if (before != null) {
      before.close();
    }
    triggers[index] = notifier;
    if (index == VfioUserAbi.IRQ_INTX) {
      masked = false;
      signalPin();
    } else if (index == VfioUserAbi.IRQ_MSI) {
      if (notifier != null && messageMissed) {
        notifier.signal();
      }
      messageMissed = false;
    }
  }

  private int act(int index, int action, Reply reply) {
    if (action == VfioUserAbi.IRQ_ACTION_TRIGGER) {
      EventNotifier notifier = triggers[index];
      if (notifier == null) {
        return reply.refuse(Errno.EINVAL, "the interrupt has no descriptor");
      }
      notifier.signal();
      return 0;
    }
    if (index != VfioUserAbi.IRQ_INTX) {
      return reply.refuse(Errno.EOPNOTSUPP, "the interrupt cannot be masked");
    }
    masked = action == VfioUserAbi.IRQ_ACTION_MASK;
    signalPin();
    return 0;
  }

  /** The client has gone: its eventfds are closed, and the next finds everything as the first. */
  void clear() {
    for (int index = 0; index < triggers.length; index++) {
      assign(index, null);
    }
  }
}
