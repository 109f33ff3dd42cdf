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
 * Waits until a process has closed one of the watched files that it had open for writing. A process
 * that makes a file longer or shorter usually does so. Writes are not reported, because each write
 * of this process would be, too. Changes from another machine, or without opening the file
 * (truncate(2)), are not reported either.
 *
 * <p>Any thread; only one thread waits at a time.
 */
public final class FileChanges implements AutoCloseable {
  /** The watch of a file that is not watched. */
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

  /** Ends a watch. */
  public synchronized void unwatch(int watch) {
    if (watch != NONE && !closed && uses.merge(watch, -1, Integer::sum) == 0) {
      uses.remove(watch);
      int _ = Libc.inotifyRemoveWatch(inotify, watch);
    }
  }

  /**
   * Waits for a change, for {@link #wake}, or until the time is over.
   *
   * @param millis how long at most
   * @return whether there was a change
   */
  public boolean await(int millis) {
    describe(0, wakeup.fd());
    describe(LinuxAbi.POLLFD_SIZE, inotify); // poll(2) skips a negative descriptor
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
      wakeup.signal(); // a closed number may belong to another file by now
    }
  }

  /** Closes the watches, once nobody waits and no further file will be watched. Idempotent. */
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
