package dev.platter.aio.file;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.sys.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * Waits until a process has closed one of some files that it could write to: so does who makes a
 * file longer, or cuts it short. Writes are not told; each of our own would be. What others do on
 * another machine, or without opening the file (truncate(2)), is not told either.
 *
 * <p>Any thread; one at a time waits.
 */
public final class FileChanges implements AutoCloseable {
  /** What is not watched. */
  public static final int NONE = -1;

  private static final int EVENTS_BYTES = 4096;

  private final int inotify = Libc.inotifyInit(LinuxAbi.O_NONBLOCK | LinuxAbi.O_CLOEXEC);
  private final EventNotifier wakeup = new EventNotifier();
  private final MemorySegment pollfds = Arena.ofAuto().allocate(2L * LinuxAbi.POLLFD_SIZE, 8);
  private final MemorySegment events = Arena.ofAuto().allocate(EVENTS_BYTES, 8);
  // The kernel has one watch for a file, however often it is asked for one.
  private final Map<Integer, Integer> uses = new HashMap<>();
  private boolean closed;

  /**
   * Watches a file.
   *
   * @param fd the file; stays the caller's
   * @return what to give to {@link #unwatch}; {@link #NONE} if the kernel has no watch for it
   */
  public synchronized int watch(int fd) {
    int watch = Libc.inotifyAddWatch(inotify, "/proc/self/fd/" + fd, LinuxAbi.IN_CLOSE_WRITE);
    if (watch < 0) {
      return NONE;
    }
    uses.merge(watch, 1, Integer::sum);
    return watch;
  }

  /** Watches it no more. */
  public synchronized void unwatch(int watch) {
    if (watch != NONE && !closed && uses.merge(watch, -1, Integer::sum) == 0) {
      uses.remove(watch);
      int _ = Libc.inotifyRemoveWatch(inotify, watch);
    }
  }

  /**
   * Waits for a change, or for {@link #wake}, or for a while.
   *
   * @param millis how long at most
   * @return whether there was a change
   */
  public boolean await(int millis) {
    describe(0, wakeup.fd());
    describe(LinuxAbi.POLLFD_SIZE, inotify); // is passed over if there is none
    int _ = Libc.poll(pollfds.address(), 2, millis);
    boolean changed = false;
    while (Libc.read(inotify, events.address(), EVENTS_BYTES) > 0) {
      changed = true;
    }
    return changed;
  }

  private void describe(long at, int fd) {
    pollfds.set(JAVA_INT, at + LinuxAbi.POLLFD_FD, fd);
    pollfds.set(JAVA_SHORT, at + LinuxAbi.POLLFD_EVENTS, (short) LinuxAbi.POLLIN);
  }

  /** Ends all waits, from now on. */
  public synchronized void wake() {
    if (!closed) {
      wakeup.signal(); // or its number may be another's by now
    }
  }

  /** Closes it; nobody waits any more, and nobody watches another file. Idempotent. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      wakeup.close();
      if (inotify >= 0) {
        Libc.close(inotify);
      }
    }
  }
}
