package dev.platter.aio.event;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Syscalls;

/**
 * Signals a pipe of another process, on a thread of its own. open(2), write(2) and close(2) wait
 * for the pipe's lock even if the pipe is non-blocking, and a process that also has the pipe can
 * hold that lock as long as it likes. Such a process blocks only this thread, for which nobody
 * waits.
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
   * @param fd a pipe, whose flags stay as its other owners have set them. {@link #close} closes it,
   *     perhaps a moment later; this constructor closes it at once if no thread can be started
   * @param heldUp counts the pipe from {@link #close} until its thread has closed it
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

  /**
   * Has the thread signal soon; signals that come before that become one signal. Waits for nothing.
   */
  synchronized void signal() {
    pending = true;
    notifyAll();
  }

  /** Whether the thread is in a system call, where it may be held up. */
  synchronized boolean isBusy() {
    return busy;
  }

  private synchronized boolean awaitSignal() throws InterruptedException {
    busy = false;
    while (!pending && !closed) {
      wait();
    }
    busy = pending; // also if closed: a stopping queue sends a last signal
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
      // Nobody reads the pipe; no more signals are sent.
    } finally {
      Libc.close(fd);
      heldUp.remove(); // close() has added it, and only close() ends this thread
    }
  }

  /**
   * A description that no other process can make wait for room; the given one if there can be none.
   */
  private int ownDescription() {
    int flags = LinuxAbi.O_WRONLY | LinuxAbi.O_NONBLOCK | LinuxAbi.O_CLOEXEC;
    int own = Libc.open("/proc/self/fd/" + given, flags, 0);
    if (own < 0) {
      return given; // another user's
    }
    Libc.close(given);
    return own;
  }

  /** Ends the thread and waits for nothing. Called once. */
  synchronized void close() {
    closed = true;
    heldUp.add(); // in any case: closing the pipe may still be held up
    notifyAll();
  }
}
