package dev.platter.aio.loop;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Syscalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * An eventfd: any thread signals it, one loop watches it ({@link AioContext#watch}). One of our own
 * is blocking, so that a read can stay armed in the ring; one that came from another process is
 * whatever that process made it, and is only polled.
 */
public final class EventNotifier implements AutoCloseable {
  private static final String EVENTFD = "anon_inode:[eventfd]";

  private final int fd;
  private final boolean foreign;
  private volatile boolean deaf;
  private boolean closed;

  /**
   * Creates an eventfd.
   *
   * @throws PlatterException if there are no descriptors left
   */
  public EventNotifier() {
    foreign = false;
    fd = Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC);
    if (fd < 0) {
      throw PlatterException.hostLacks(
          "eventfd failed with " + Errno.name(fd), "Raise the open-files limit: ulimit -n 4096");
    }
  }

  private EventNotifier(int fd) {
    this.fd = fd;
    foreign = true;
  }

  /**
   * Takes over a descriptor from another process. It becomes non-blocking, so that a full counter
   * does not hold up who signals it; that process can undo this, and {@link ForeignEvents} looks
   * after it.
   *
   * @param fd the descriptor; closed with the notifier, and at once if it is refused
   * @throws PlatterException if it is no eventfd
   */
  public static EventNotifier adopt(int fd) {
    if (!isEventFd(fd)) {
      Libc.close(fd);
      throw PlatterException.badInput("a descriptor that should be an eventfd is none", null);
    }
    int flags = Libc.fcntl(fd, LinuxAbi.F_GETFL, 0);
    Libc.fcntl(fd, LinuxAbi.F_SETFL, flags | LinuxAbi.O_NONBLOCK);
    EventNotifier notifier = new EventNotifier(fd);
    ForeignEvents.add(notifier);
    return notifier;
  }

  // A poll on something that is always ready would never let the loop sleep.
  private static boolean isEventFd(int fd) {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)).toString().equals(EVENTFD);
    } catch (IOException e) {
      return false;
    }
  }

  /** Whether it came from another process. */
  public boolean isForeign() {
    return foreign;
  }

  /** Signals: one write(2). Does nothing that can block in practice (the counter is 64 bits). */
  public void signal() {
    if (!deaf) {
      Syscalls.signalEventFd(fd);
    }
  }

  /** Signals it no more: who has it does not want to hear them. */
  void deafen() {
    deaf = true;
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
      if (foreign) {
        ForeignEvents.remove(this);
      }
      Libc.close(fd);
    }
  }
}
