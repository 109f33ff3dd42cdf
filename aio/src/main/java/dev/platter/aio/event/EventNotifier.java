package dev.platter.aio.event;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Sockets;
import dev.platter.aio.sys.Syscalls;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * An eventfd: any thread signals it, and one event loop watches it. An eventfd of this process is
 * blocking, so that a read can stay armed in the ring. An eventfd of another process may be
 * blocking or not, and is only polled. A notifier that is only signalled may also be a pipe or a
 * Unix socket.
 */
public final class EventNotifier implements AutoCloseable {
  private static final String EVENTFD = "anon_inode:[eventfd]";
  private static final String PIPE = "pipe:[";
  private static final String SOCKET = "socket:[";

  private static final VarHandle SIGNALS_BEGUN = counter("signalsBegun");
  private static final VarHandle SIGNALS_ENDED = counter("signalsEnded");

  private final int fd;
  private final boolean foreign;
  private final boolean socket;
  private final @Nullable PipeSignals pipe;
  // Is told that the other process has filled the counter; null if a signal cannot block.
  private final @Nullable Runnable full;
  // Written by the thread that signals, read by the thread of ForeignEvents.
  private long signalsBegun;
  private long signalsEnded;
  private volatile boolean deaf;
  private boolean closed;

  /**
   * Creates an eventfd.
   *
   * @throws PlatterException if there are no descriptors left
   */
  public EventNotifier() {
    foreign = false;
    socket = false;
    pipe = null;
    full = null;
    fd = Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC);
    if (fd < 0) {
      throw PlatterException.hostLacks(
              "eventfd failed with " + Errno.name(fd), "Raise the open-files limit: ulimit -n 4096")
          .at(null, -fd);
    }
  }

  private EventNotifier(
      int fd, boolean socket, @Nullable PipeSignals pipe, @Nullable Runnable full) {
    this.fd = fd;
    this.socket = socket;
    this.pipe = pipe;
    this.full = full;
    foreign = true;
  }

  private static VarHandle counter(String name) {
    try {
      return MethodHandles.lookup().findVarHandle(EventNotifier.class, name, long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /**
   * Takes over a descriptor from another process that is only to be signalled: an eventfd, as
   * {@link #adopt} does, or a Unix socket or a pipe, which gets 8 bytes for a signal; a signal to a
   * full socket or pipe is dropped. The other process cannot block a thread that signals: each
   * write to a socket asks not to block, and {@link PipeSignals} writes to a pipe. Network sockets
   * are refused, because their other owner may hold the socket's lock.
   *
   * @param fd the descriptor; closed with the notifier, or when it is refused; a refused pipe by a
   *     thread of its own
   * @param full told, as by {@link #adopt}
   * @param heldUp counts the pipes that are closed, also one that is refused
   * @throws PlatterException if the descriptor is none of these, or too many pipes are held up
   */
  public static EventNotifier adoptSink(int fd, Runnable full, HeldUpPipes heldUp) {
    String kind = kind(fd);
    if (kind.startsWith(SOCKET) && Sockets.getOption(fd, LinuxAbi.SO_DOMAIN) == LinuxAbi.AF_UNIX) {
      return new EventNotifier(fd, true, null, null);
    }
    if (kind.equals(EVENTFD)) {
      return adoptEventFd(fd, full);
    }
    if (!kind.startsWith(PIPE)) {
      heldUp.discard(fd);
      throw PlatterException.badInput(
          "a descriptor that should be an eventfd, pipe or Unix socket is none", null);
    }
    try {
      heldUp.check();
    } catch (PlatterException e) {
      heldUp.discard(fd);
      throw e;
    }
    return new EventNotifier(fd, false, new PipeSignals(fd, heldUp), null);
  }

  /**
   * Takes over a descriptor from another process. The descriptor becomes non-blocking, so that a
   * full counter does not block the thread that signals. The other process can undo this; {@link
   * ForeignEvents} then notices and ends the wait.
   *
   * @param fd the descriptor; closed with the notifier, or when it is refused; a refused pipe by a
   *     thread of its own
   * @param full told, on a thread of this class's package, that the other process has blocked a
   *     signal with a full counter; signals stop then. An honest process never fills a counter.
   *     Must not block
   * @param heldUp counts a pipe that was sent in place of an eventfd
   * @throws PlatterException if the descriptor is no eventfd, or the host has no thread left to
   *     guard it
   */
  public static EventNotifier adopt(int fd, Runnable full, HeldUpPipes heldUp) {
    if (!isEventFd(fd)) {
      heldUp.discard(fd);
      throw PlatterException.badInput("a descriptor that should be an eventfd is none", null);
    }
    return adoptEventFd(fd, full);
  }

  /**
   * Takes over an eventfd from another process, as {@link #adopt} does.
   *
   * @param fd an eventfd by {@link #isEventFd}; closed with the notifier, or when it is refused
   * @param full told, as by {@link #adopt}
   * @throws PlatterException if the host has no thread left to guard it
   */
  public static EventNotifier adoptEventFd(int fd, Runnable full) {
    int flags = Libc.fcntl(fd, LinuxAbi.F_GETFL, 0);
    Libc.fcntl(fd, LinuxAbi.F_SETFL, flags | LinuxAbi.O_NONBLOCK);
    EventNotifier notifier = new EventNotifier(fd, false, null, full);
    try {
      ForeignEvents.add(notifier);
    } catch (PlatterException e) {
      Libc.close(fd);
      throw e;
    }
    return notifier;
  }

  /**
   * Whether a descriptor is an eventfd. Other descriptors may always be ready, and a poll on them
   * would keep the loop awake. Never waits.
   */
  public static boolean isEventFd(int fd) {
    return kind(fd).equals(EVENTFD);
  }

  /** Whether a descriptor is a pipe, with a name or without. */
  static boolean isPipe(int fd) {
    try {
      int mode = (Integer) Files.getAttribute(Path.of("/proc/self/fd/" + fd), "unix:mode");
      return (mode & LinuxAbi.S_IFMT) == LinuxAbi.S_IFIFO;
    } catch (IOException e) {
      return false;
    }
  }

  private static String kind(int fd) {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)).toString();
    } catch (IOException e) {
      return "";
    }
  }

  /** Whether the descriptor came from another process. */
  public boolean isForeign() {
    return foreign;
  }

  /**
   * Signals by one write(2), which cannot block in practice, as the counter has 64 bits. Only one
   * thread at a time may signal a notifier of another process.
   */
  public void signal() {
    if (full != null) {
      if (!deaf) {
        // Must be visible before the question whether the guard's thread is awake, and before the
        // write.
        SIGNALS_BEGUN.setVolatile(this, signalsBegun + 1);
        ForeignEvents.signalling();
        Syscalls.signalEventFd(fd);
        SIGNALS_ENDED.setRelease(this, signalsEnded + 1);
      }
    } else if (pipe != null) {
      pipe.signal();
    } else if (socket) {
      Syscalls.signalSocket(fd);
    } else {
      Syscalls.signalEventFd(fd);
    }
  }

  /** How many signals have begun, if the notifier's signals can be held up. */
  long signalsBegun() {
    return (long) SIGNALS_BEGUN.getVolatile(this);
  }

  /** Whether a thread is sending a signal that can be held up. */
  boolean isBeingSignalled() {
    if (pipe != null) {
      return pipe.isBusy();
    }
    return (long) SIGNALS_ENDED.getAcquire(this) != signalsBegun();
  }

  /** Whether {@link #deafen} was called. */
  boolean isDeaf() {
    return deaf;
  }

  /** Stops signalling: the peer has filled the counter. */
  void deafen() {
    if (!deaf && full != null) {
      deaf = true;
      full.run();
    }
  }

  /** The descriptor. */
  public int fd() {
    return fd;
  }

  /** Closes the descriptor, after every watch on it was closed. Idempotent. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      if (full != null) {
        ForeignEvents.remove(this);
      }
      if (pipe != null) {
        pipe.close();
      } else {
        Libc.close(fd);
      }
    }
  }
}
