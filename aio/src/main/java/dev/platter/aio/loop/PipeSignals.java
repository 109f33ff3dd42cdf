package dev.platter.aio.loop;

import dev.platter.aio.PlatterException;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Syscalls;

/**
 * Signals a pipe of another process, on a thread of its own. write(2) waits for the pipe's lock,
 * also where it may not wait for room, and a process that has the pipe, too, can hold that lock as
 * long as it likes. It holds up this thread then, and nobody waits for it.
 */
final class PipeSignals {
  private final int fd;
  private boolean pending;
  private boolean closed;

  /**
   * Begins.
   *
   * @param fd a pipe that does not block for want of room; closed by {@link #close}, a moment later
   *     perhaps, and at once if there is no thread to be had
   */
  PipeSignals(int fd) {
    this.fd = fd;
    try {
      Thread.ofPlatform().name("pipe-signals").daemon().start(this::run);
    } catch (OutOfMemoryError e) {
      Libc.close(fd);
      throw PlatterException.hostLacks(
          "a thread for a pipe could not be started: " + e.getMessage(), null);
    }
  }

  /** Signals soon; signals that come before it has are one. Waits for nothing. */
  synchronized void signal() {
    pending = true;
    notifyAll();
  }

  private synchronized boolean awaitSignal() throws InterruptedException {
    while (!pending && !closed) {
      wait();
    }
    pending = false;
    return !closed;
  }

  private void run() {
    try {
      while (awaitSignal()) {
        Syscalls.signalEventFd(fd);
      }
    } catch (InterruptedException e) {
      // Nobody does; it is signalled no more.
    } finally {
      Libc.close(fd);
    }
  }

  /** Ends it, and waits for nothing. */
  synchronized void close() {
    closed = true;
    notifyAll();
  }
}
