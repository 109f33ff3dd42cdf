package dev.platter.aio.socket;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.file.IoReason;
import dev.platter.aio.file.ProcessState;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.ErrnoException;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Sockets;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A listening Unix stream socket: made in the file system with mode 0600, or inherited. One thread
 * accepts; any thread closes.
 */
public final class UnixListener implements AutoCloseable {
  private static final int BACKLOG = 16;
  private static final int OWNER_ONLY = 0600;
  private static final int STICKY = 01000;
  private static final int OTHERS_WRITE = 022;
  // The state of a listener whose process was killed: it is still there, or has just gone.
  private static final int DYING = 1;
  private static final int GONE = 2;
  private static final long DYING_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final int fd;
  private final @Nullable Path path;
  private final @Nullable Object inode;
  private final EventNotifier stop = new EventNotifier();
  private final Object closing = new Object();
  private boolean accepting;
  private boolean closed;

  private UnixListener(int fd, @Nullable Path path) throws IOException {
    this.fd = fd;
    this.path = path;
    this.inode = path == null ? null : inodeOf(path);
  }

  /**
   * Makes a socket at a path, and replaces an old socket where nobody listens any more.
   *
   * @throws PlatterException if the directory is missing or open to others, if the path is
   *     something else, or if somebody listens there
   */
  public static UnixListener bind(Path path) {
    return bind(path, DYING_NANOS);
  }

  static UnixListener bind(Path path, long patienceNanos) {
    // The path is used as it was given: the absolute path may be longer than the kernel accepts.
    checkDirectory(path);
    MemorySegment address = UnixConnection.address(path);
    int fd = -1;
    try {
      removeStale(path, patienceNanos);
      fd = UnixConnection.open();
      // Before bind: the socket never exists with wider permissions.
      check("fchmod", Libc.fchmod(fd, OWNER_ONLY));
      check("bind", Sockets.bind(fd, address));
      check("listen", Sockets.listen(fd, BACKLOG));
      return new UnixListener(fd, path);
    } catch (IOException e) {
      if (fd >= 0) {
        Libc.close(fd);
      }
      throw refused(path, e);
    }
  }

  /**
   * Checks whether a socket could be made at a path, apart from a process that listens there, and
   * changes nothing.
   *
   * @throws PlatterException of kind BAD_INPUT if the directory is missing or unsafe, or the path
   *     is taken or too long
   */
  public static void checkPlace(Path path) {
    checkDirectory(path);
    Path directory = path.toAbsolutePath().getParent();
    if (directory == null || !Files.isWritable(directory)) {
      throw PlatterException.badInput(
          "socket directory " + directory + " cannot be written by this user",
          "name a directory of your own");
    }
    UnixConnection.checkLength(path);
    try {
      isSocket(path);
    } catch (IOException e) {
      throw refused(path, e);
    }
  }

  /**
   * Finds out whether a process has a socket at a path, without reaching that process: a connection
   * of another type is refused by an old socket, and fails with another error if a process has the
   * socket.
   */
  public static boolean isListening(Path path) {
    int probe = Sockets.socket(LinuxAbi.AF_UNIX, LinuxAbi.SOCK_DGRAM | LinuxAbi.SOCK_CLOEXEC, 0);
    if (probe < 0) {
      return false; // whoever binds will see
    }
    int result = Sockets.connect(probe, UnixConnection.address(path));
    Libc.close(probe);
    return result >= 0 || result == -Errno.EPROTOTYPE || result == -Errno.EACCES;
  }

  /**
   * Finds out whether {@link #bind} would be refused because a living process listens at a path.
   * For a dying process, bind would wait.
   */
  public static boolean isTaken(Path path) {
    try {
      return probe(path, System.nanoTime()) == 0;
    } catch (IOException e) {
      return false; // whoever binds will see
    }
  }

  private static PlatterException at(
      Path path, String message, @Nullable String remedy, IOException cause) {
    PlatterException failure =
        new PlatterException(PlatterException.Kind.BAD_INPUT, message, remedy, cause);
    return failure.at(path.toString(), failure.errno());
  }

  private static PlatterException refused(Path path, IOException e) {
    String reason =
        e.getCause() instanceof ErrnoException errno
            ? String.valueOf(errno.getMessage())
            : IoReason.of(e);
    return at(
        path,
        "cannot listen on " + path + ": " + reason,
        "name a path in a directory of your own",
        e);
  }

  private static void checkDirectory(Path path) {
    Path directory = path.toAbsolutePath().getParent();
    if (directory == null || !Files.isDirectory(directory)) {
      throw PlatterException.badInput(
              "socket directory " + directory + " does not exist", "mkdir -m 700 " + directory)
          .at(String.valueOf(directory), Errno.ENOENT);
    }
    try {
      int mode = (Integer) Files.getAttribute(directory, "unix:mode");
      // Other users who may write to the directory could put their own socket in place of ours,
      // unless the sticky bit protects ours.
      if ((mode & OTHERS_WRITE) != 0 && (mode & STICKY) == 0) {
        throw PlatterException.badInput(
            "socket directory " + directory + " can be written by others",
            "mkdir -m 700 "
                + directory.resolve("run")
                + ", and put it there; or chmod go-w "
                + directory);
      }
    } catch (IOException e) {
      throw at(directory, "cannot look at " + directory + ": " + IoReason.of(e), null, e);
    }
  }

  /** Whether there is a socket already; anything else is refused. */
  private static boolean isSocket(Path path) throws IOException {
    int mode;
    try {
      mode = (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException e) {
      return false;
    }
    if ((mode & LinuxAbi.S_IFMT) != LinuxAbi.S_IFSOCK) {
      throw PlatterException.badInput(
          path + " exists and is no socket", "name another path; nothing was removed");
    }
    return true;
  }

  private static void removeStale(Path path, long patienceNanos) throws IOException {
    if (!isSocket(path)) {
      return;
    }
    // A killed process listens until its last thread has ended, and a disk may delay that thread.
    long deadline = System.nanoTime() + patienceNanos;
    int result = probe(path, deadline);
    while ((result == GONE || result == -Errno.EAGAIN) && deadline - System.nanoTime() > 0) {
      if (result != GONE) {
        LockSupport.parkNanos(LOOK_NANOS);
      }
      result = probe(path, deadline);
    }
    if (result == DYING || result == GONE) {
      throw PlatterException.failed(
          "a process that was killed but cannot end yet listens on " + path,
          "Look at the disks that it used, then start again");
    }
    if (result == -Errno.EAGAIN) {
      throw PlatterException.failed(
          "somebody listens on " + path + " and takes no more connections",
          "Look whether that process hangs or is about to end, then start again");
    }
    if (result >= 0) {
      throw taken(path);
    }
    if (result != -Errno.ECONNREFUSED && result != -Errno.ENOENT) {
      throw PlatterException.badInput(
              "cannot tell whether somebody listens on " + path + ": " + Errno.name(result),
              "stop the other server, or name another path")
          .at(path.toString(), -result);
    }
    Files.deleteIfExists(path);
  }

  /** The failure for a path where a process listens. */
  public static PlatterException taken(Path path) {
    return PlatterException.badInput(
            "somebody listens on " + path, "stop the other server, or name another path")
        .at(path.toString(), Errno.EADDRINUSE);
  }

  /**
   * Tries to connect. Waits for a dying listener on that one connection, because more connections
   * would fill its queue, which nobody empties.
   *
   * @return 0 or {@code -errno}; {@link #DYING} if it is still there at the deadline, {@link #GONE}
   *     if not
   */
  private static int probe(Path path, long deadline) throws IOException {
    int probe = UnixConnection.open();
    Libc.fcntl(probe, LinuxAbi.F_SETFL, LinuxAbi.O_NONBLOCK);
    int result = Sockets.connect(probe, UnixConnection.address(path));
    if (result < 0) {
      Libc.close(probe);
      return result;
    }
    try (UnixConnection listener = new UnixConnection(probe)) {
      if (!ProcessState.dying(listener.peerPid())) {
        return result;
      }
      return isReady(probe, deadline) ? GONE : DYING; // ready because it ended: it writes nothing
    }
  }

  private static boolean isReady(int fd, long deadline) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pollfd = arena.allocate(LinuxAbi.POLLFD_SIZE, 8);
      describe(pollfd, 0, fd);
      int ready;
      do {
        long left = Math.max(0, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime()));
        ready = Libc.poll(pollfd.address(), 1, (int) left);
      } while (ready == -Errno.EINTR);
      return ready > 0;
    }
  }

  /**
   * Takes over a listening socket from whoever started this process; it stays usable for them.
   *
   * @throws PlatterException if the descriptor is not open, or no listening Unix stream socket
   */
  public static UnixListener inherited(int fd) {
    checkInherited(fd);
    try {
      return new UnixListener(fd, null);
    } catch (IOException e) {
      throw new AssertionError("no path, no I/O", e);
    }
  }

  /**
   * Looks whether a descriptor is a listening Unix stream socket.
   *
   * @throws PlatterException of kind BAD_INPUT if it is none, or not open
   */
  public static void checkInherited(int fd) {
    int domain = Sockets.getOption(fd, LinuxAbi.SO_DOMAIN);
    if (domain == -Errno.EBADF) {
      throw PlatterException.badInput(
          "descriptor " + fd + " is not open", "pass a listening Unix stream socket as it");
    }
    if (domain != LinuxAbi.AF_UNIX
        || Sockets.getOption(fd, LinuxAbi.SO_TYPE) != LinuxAbi.SOCK_STREAM
        || Sockets.getOption(fd, LinuxAbi.SO_ACCEPTCONN) != 1) {
      throw PlatterException.badInput(
          "descriptor " + fd + " is no listening Unix stream socket",
          "pass one that bind and listen were called on");
    }
  }

  // The inode's number identifies the socket, because our open descriptor keeps the inode. Owner
  // and mode may change, for a guest that runs as another user.
  private static Object inodeOf(Path path) throws IOException {
    return Files.readAttributes(path, "unix:dev,ino", LinkOption.NOFOLLOW_LINKS);
  }

  private static void check(String what, int result) throws IOException {
    if (result < 0) {
      throw UnixConnection.failure(what, result);
    }
  }

  /**
   * Waits for a client.
   *
   * @return its connection, or null once the listener is closed
   * @throws IOException if the socket fails, e.g. for want of descriptors
   */
  public @Nullable UnixConnection accept() throws IOException {
    synchronized (closing) {
      if (closed) {
        return null;
      }
      accepting = true;
    }
    try {
      int client = awaitClient();
      return client < 0 ? null : new UnixConnection(client);
    } finally {
      synchronized (closing) {
        accepting = false;
        closing.notifyAll();
      }
    }
  }

  private int awaitClient() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      // Not shutdown(2) to end the wait: an inherited socket is not ours to shut down.
      MemorySegment fds = arena.allocate(2L * LinuxAbi.POLLFD_SIZE, 8);
      describe(fds, 0, fd);
      describe(fds, 1, stop.fd());
      while (true) {
        int ready = Libc.poll(fds.address(), 2, -1);
        if (ready < 0 && ready != -Errno.EINTR) {
          throw UnixConnection.failure("poll", ready);
        }
        if (fds.get(JAVA_SHORT, LinuxAbi.POLLFD_SIZE + (long) LinuxAbi.POLLFD_REVENTS) != 0) {
          return -1;
        }
        if (ready > 0) {
          int client = Sockets.accept(fd, LinuxAbi.SOCK_CLOEXEC);
          if (client >= 0) {
            return client;
          }
          if (client != -Errno.EINTR && client != -Errno.EAGAIN && client != -Errno.ECONNABORTED) {
            throw UnixConnection.failure("accept", client);
          }
        }
      }
    }
  }

  /** Its descriptor. */
  int fd() {
    return fd;
  }

  /** Whether a client waits to be accepted. Any thread, without waiting. */
  public boolean hasWaiting() {
    synchronized (closing) {
      return !closed && isReady(fd, System.nanoTime());
    }
  }

  /** Has poll(2) look whether a descriptor can be read. */
  static void describe(MemorySegment fds, int index, int fd) {
    long at = (long) index * LinuxAbi.POLLFD_SIZE;
    fds.set(JAVA_INT, at + LinuxAbi.POLLFD_FD, fd);
    fds.set(JAVA_SHORT, at + LinuxAbi.POLLFD_EVENTS, (short) LinuxAbi.POLLIN);
  }

  /** Stops listening and removes the socket, if it is still the one that was made. Idempotent. */
  @Override
  public void close() {
    synchronized (closing) {
      if (closed) {
        return;
      }
      closed = true;
      stop.signal();
      boolean interrupted = false;
      while (accepting) {
        try {
          closing.wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    removeOwn();
    Libc.close(fd);
    stop.close();
  }

  private void removeOwn() {
    if (path != null) {
      try {
        if (inodeOf(path).equals(inode)) {
          Files.deleteIfExists(path);
        }
      } catch (IOException e) {
        // Another process has removed the socket, or put another socket in its place.
      }
    }
  }
}
