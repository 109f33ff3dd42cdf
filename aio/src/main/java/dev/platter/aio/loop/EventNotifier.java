package dev.platter.aio.loop;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Syscalls;

/**
 * An eventfd: any thread signals it, one loop watches it ({@link AioContext#watch}). Blocking, so
 * that a read can stay armed in the ring.
 */
public final class EventNotifier implements AutoCloseable {
  private final int fd;
  private boolean closed;

  /**
   * Creates an eventfd.
   *
   * @throws PlatterException if there are no descriptors left
   */
  public EventNotifier() {
    fd = Libc.eventfd(0, LinuxAbi.EFD_CLOEXEC);
    if (fd < 0) {
      throw PlatterException.hostLacks(
          "eventfd failed with " + Errno.name(fd), "Raise the open-files limit: ulimit -n 4096");
    }
  }

  /** Signals: one write(2). Does nothing that can block in practice (the counter is 64 bits). */
  public void signal() {
    Syscalls.signalEventFd(fd);
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
      Libc.close(fd);
    }
  }
}
