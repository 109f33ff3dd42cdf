package dev.platter.aio.event;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Syscalls;

/**
 * Signals a pipe of another process, on a thread of its own. open(2), write(2) and close(2) wait
 * for the pipe's lock, also where they may not wait for room, and a process that has the pipe, too,
 * can hold that lock as long as it likes. It holds up this thread then, and nobody waits for it.
 */
final class PipeSignals {
  private final int given;
  private final HeldUpPipes heldUp;
  private boolean pending;
  private boolean busy = true;
  private boolean closed;

  /**
   * Begins.
   *
   * @param fd a pipe, which its other owners see unchanged; closed by {@link #close}, a moment
   *     later perhaps, and at once if there is no thread to be had
   * @param heldUp counts it from {@link #close} on, until its thread is through
   */
  PipeSignals(int fd, HeldUpPipes heldUp) {
    this.given = fd;
    this.heldUp = heldUp;
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

  /** Whether its thread makes a system call now, which may be held up. */
  synchronized boolean isBusy() {
    return busy;
  }

  private synchronized boolean awaitSignal() throws InterruptedException {
    busy = false;
    while (!pending && !closed) {
      wait();
    }
    busy = pending; // also if it is closed: the last signal of a queue that stops
    pending = false;
    return busy;
  }

  private void run() {
    int fd = ownDescription();
    try {
      while (awaitSignal()) {
        Syscalls.signalEventFd(fd);
      }
    } catch (InterruptedException e) {
      // Nobody does; it is signalled no more.
    } finally {
      Libc.close(fd);
      heldUp.remove(); // of what close() has added, which alone ends this thread
    }
  }

  /** One that no other process can make wait for room; if that cannot be, the given one. */
  private int ownDescription() {
    int flags = LinuxAbi.O_WRONLY | LinuxAbi.O_NONBLOCK | LinuxAbi.O_CLOEXEC;
    int own = Libc.open("/proc/self/fd/" + given, flags, 0);
    if (own < 0) {
      return given; // another user's
    }
    Libc.close(given);
    return own;
  }

  /** Ends it, and waits for nothing. Called once. */
  synchronized void close() {
    closed = true;
    heldUp.add(); // whatever its thread does now: closing the pipe may be held up still
    notifyAll();
  }
}
