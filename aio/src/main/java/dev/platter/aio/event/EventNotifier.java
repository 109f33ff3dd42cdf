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
 * An eventfd: any thread signals it, one event loop watches it. One of our own is blocking, so that
 * a read can stay armed in the ring; one that came from another process is whatever that process
 * made it, and is only polled. One that is only signalled may be a pipe or a Unix socket.
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
  // Told that the other process has filled the counter; null for what cannot block.
  private final @Nullable Runnable full;
  // Written by who signals, read by who looks after it.
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
   * {@link #adopt} does, or a Unix socket or a pipe, which gets 8 bytes for a signal; a full one
   * has been told enough. That process can make none of these hold up who signals: a socket is told
   * with each write not to block, and a pipe is written to by {@link PipeSignals}. A socket of the
   * network has a lock that its other owner may hold meanwhile, and is refused.
   *
   * @param fd the descriptor; closed with the notifier, or when it is refused; a refused pipe by a
   *     thread of its own
   * @param full told, as by {@link #adopt}
   * @param heldUp counts the pipes that are closed, also one that is refused
   * @throws PlatterException if it is nothing of these, or too many pipes are held up
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
   * Takes over a descriptor from another process. It becomes non-blocking, so that a full counter
   * does not hold up who signals it; that process can undo this, and {@link ForeignEvents} looks
   * after it.
   *
   * @param fd the descriptor; closed with the notifier, or when it is refused; a refused pipe by a
   *     thread of its own
   * @param full told, on a thread of ours, that the other process has held up a signal with a full
   *     counter, which no honest one does; it is signalled no more. Must not block
   * @param heldUp counts a pipe that was sent in place of an eventfd
   * @throws PlatterException if it is no eventfd, or the host has no thread that looks after it
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
   * @throws PlatterException if the host has no thread that looks after it
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
   * Whether a descriptor is an eventfd. A poll on something else, which may always be ready, would
   * never let the loop sleep. Waits for nobody.
   */
  public static boolean isEventFd(int fd) {
    return kind(fd).equals(EVENTFD);
  }

  /** Whether it is a pipe, with a name or without. */
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

  /** Whether it came from another process. */
  public boolean isForeign() {
    return foreign;
  }

  /**
   * Signals: one write(2). Does nothing that can block in practice (the counter is 64 bits). One
   * from another process is signalled by one thread at a time.
   */
  public void signal() {
    if (full != null) {
      if (!deaf) {
        // Seen before who looks after it is asked whether it is awake, and before the write.
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

  /** How many signals have begun to be sent, if they can be held up. */
  long signalsBegun() {
    return (long) SIGNALS_BEGUN.getVolatile(this);
  }

  /** Whether somebody is sending one that can be held up. */
  boolean isBeingSignalled() {
    if (pipe != null) {
      return pipe.isBusy();
    }
    return (long) SIGNALS_ENDED.getAcquire(this) != signalsBegun();
  }

  /** Whether it is signalled no more. */
  boolean isDeaf() {
    return deaf;
  }

  /** Signals it no more: who has it does not want to hear them. */
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

  /** Closes the descriptor; no loop may watch it any more. Idempotent. */
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
