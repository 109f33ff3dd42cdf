package dev.platter.aio.socket;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.event.HeldUpPipes;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.ErrnoException;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Sockets;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A connected Unix stream socket. One thread receives; any thread sends, one message at a time; any
 * thread may {@link #shutdown}. Receiving and sending allocate nothing.
 *
 * <p>A peer that stops in the middle of a message, or does not read, gets {@link #PATIENCE_MILLIS};
 * between messages it may be silent for ever.
 */
public final class UnixConnection implements AutoCloseable {
  /** How long a peer may take over the rest of a message. */
  public static final int PATIENCE_MILLIS = 5_000;

  /**
   * The most descriptors that one message can carry here; more are an error. No message of
   * vhost-user or vfio-user needs more, and each client can make the server hold twice as many.
   */
  public static final int MAX_FDS = 8;

  private static final long CONTROL_BYTES = LinuxAbi.CMSG_DATA + 4L * MAX_FDS;

  private final int fd;
  private final int patienceMillis;
  private final Arena arena = Arena.ofAuto();
  private final Message incoming = new Message(arena);
  private final Message outgoing = new Message(arena);
  private final MemorySegment pollfd = arena.allocate(LinuxAbi.POLLFD_SIZE, 8);
  private final Object sending = new Object();
  private long spinNanos;
  private boolean closed;

  /** A struct msghdr with room for one iovec and descriptors. */
  private static final class Message {
    final MemorySegment header;
    final MemorySegment iovec;
    final MemorySegment control;

    Message(Arena arena) {
      header = arena.allocate(LinuxAbi.MSGHDR_SIZE, 8);
      iovec = arena.allocate(LinuxAbi.IOVEC_SIZE, 8);
      control = arena.allocate(CONTROL_BYTES, 8);
      header.set(JAVA_LONG, LinuxAbi.MSG_IOV, iovec.address());
      header.set(JAVA_LONG, LinuxAbi.MSG_IOVLEN, 1);
      header.set(JAVA_LONG, LinuxAbi.MSG_CONTROL, control.address());
    }

    void describe(MemorySegment data, long offset, long lengthBytes, long controlBytes) {
      iovec.set(JAVA_LONG, LinuxAbi.IOVEC_BASE, data.address() + offset);
      iovec.set(JAVA_LONG, LinuxAbi.IOVEC_LEN, lengthBytes);
      header.set(JAVA_LONG, LinuxAbi.MSG_CONTROLLEN, controlBytes);
    }
  }

  /**
   * Takes over a connected socket.
   *
   * @param fd the descriptor; closed with the connection
   */
  public UnixConnection(int fd) {
    this(fd, PATIENCE_MILLIS);
  }

  UnixConnection(int fd, int patienceMillis) {
    this.fd = fd;
    this.patienceMillis = patienceMillis;
    MemorySegment timeout = arena.allocate(LinuxAbi.TIMEVAL_SIZE, 8);
    timeout.set(JAVA_LONG, 0, patienceMillis / 1000);
    timeout.set(JAVA_LONG, 8, patienceMillis % 1000 * 1000L);
    Sockets.setOption(fd, LinuxAbi.SOL_SOCKET, LinuxAbi.SO_SNDTIMEO, timeout);
  }

  /**
   * Connects to a socket in the file system.
   *
   * @throws IOException if nobody listens there, or the path is no socket
   */
  public static UnixConnection connect(Path path) throws IOException {
    int fd = open();
    int result = Sockets.connect(fd, address(path));
    if (result < 0) {
      Libc.close(fd);
      throw failure("connect to " + path, result);
    }
    return new UnixConnection(fd);
  }

  /**
   * Two sockets connected to each other.
   *
   * @throws IOException if there are no descriptors left
   */
  public static UnixConnection[] pair() throws IOException {
    return pair(PATIENCE_MILLIS);
  }

  static UnixConnection[] pair(int patienceMillis) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment fds = arena.allocate(JAVA_INT, 2);
      int type = LinuxAbi.SOCK_STREAM | LinuxAbi.SOCK_CLOEXEC;
      int result = Sockets.socketpair(LinuxAbi.AF_UNIX, type, fds);
      if (result < 0) {
        throw failure("socketpair", result);
      }
      return new UnixConnection[] {
        new UnixConnection(fds.get(JAVA_INT, 0), patienceMillis),
        new UnixConnection(fds.get(JAVA_INT, 4), patienceMillis)
      };
    }
  }

  static int open() throws IOException {
    int fd = Sockets.socket(LinuxAbi.AF_UNIX, LinuxAbi.SOCK_STREAM | LinuxAbi.SOCK_CLOEXEC, 0);
    if (fd < 0) {
      throw failure("socket", fd);
    }
    return fd;
  }

  /**
   * Refuses a path that is too long for a socket, which is far less than it may be for a file.
   *
   * @throws PlatterException of kind BAD_INPUT
   */
  public static void checkLength(Path path) {
    int bytes = path.toString().getBytes(StandardCharsets.UTF_8).length;
    if (bytes >= LinuxAbi.SUN_PATH_SIZE) {
      throw PlatterException.badInput(
          "the socket path %s is longer than %d bytes: it has %d"
              .formatted(path, LinuxAbi.SUN_PATH_SIZE - 1, bytes),
          "Use a shorter path, or a relative one in a directory nearer to it");
    }
  }

  static MemorySegment address(Path path) {
    checkLength(path);
    byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
    MemorySegment address = Arena.ofAuto().allocate(LinuxAbi.SOCKADDR_UN_SIZE, 8);
    address.set(JAVA_SHORT, 0, (short) LinuxAbi.AF_UNIX);
    MemorySegment.copy(MemorySegment.ofArray(bytes), 0, address, LinuxAbi.SUN_PATH, bytes.length);
    return address;
  }

  static IOException failure(String what, long result) {
    return new IOException(what + " failed", new ErrnoException(what, (int) -result));
  }

  /**
   * Sets how long {@link #receive} looks again and again for a message before it sleeps. Waking a
   * sleeper costs a peer that waits for the answer some microseconds.
   */
  public void spinNanos(long nanos) {
    spinNanos = nanos;
  }

  /** Process id of the peer when it connected, or -1. */
  public int peerPid() {
    return credential(LinuxAbi.UCRED_PID);
  }

  /** Effective user id of the peer when it connected, as this user namespace sees it, or -1. */
  public int peerUid() {
    return credential(LinuxAbi.UCRED_UID);
  }

  private int credential(long offset) {
    try (Arena own = Arena.ofConfined()) {
      MemorySegment credentials = own.allocate(LinuxAbi.UCRED_SIZE, 4);
      MemorySegment size = own.allocateFrom(JAVA_INT, LinuxAbi.UCRED_SIZE);
      int result =
          Sockets.getOption(fd, LinuxAbi.SOL_SOCKET, LinuxAbi.SO_PEERCRED, credentials, size);
      return result < 0 ? -1 : credentials.get(JAVA_INT, offset);
    }
  }

  // ---- receiving -----------------------------------------------------------------------------

  /**
   * Waits, as long as it takes, for the first bytes of a message, and receives exactly as many as
   * asked for.
   *
   * @param fds takes the descriptors that ride on them, also when this throws
   * @return false if the peer has left and there are none
   * @throws EOFException if the peer leaves in the middle
   * @throws SocketTimeoutException if the rest does not come in time
   * @throws IOException if the socket fails, or too many descriptors come
   */
  public boolean receive(MemorySegment into, long offset, long lengthBytes, ReceivedFds fds)
      throws IOException {
    long received = first(into, offset, lengthBytes, fds);
    if (received == 0) {
      return false;
    }
    receiveRest(into, offset + received, lengthBytes - received, fds);
    return true;
  }

  /**
   * Receives the bytes of a stream that are there.
   *
   * @param lengthBytes at most how much
   * @param fds takes the descriptors that ride on it, also when this throws
   * @param timeoutMillis how long to wait for anything at all
   * @return how many bytes; 0 if the peer sends no more
   * @throws SocketTimeoutException if nothing comes in time
   * @throws IOException if the socket fails, or too many descriptors come
   */
  public int receiveSome(
      MemorySegment into, long offset, long lengthBytes, ReceivedFds fds, int timeoutMillis)
      throws IOException {
    long deadline = System.nanoTime() + timeoutMillis * 1_000_000L;
    long result = receiveOnce(into, offset, lengthBytes, fds, LinuxAbi.MSG_DONTWAIT);
    while (result == -Errno.EAGAIN) {
      awaitReadable(deadline);
      result = receiveOnce(into, offset, lengthBytes, fds, LinuxAbi.MSG_DONTWAIT);
    }
    return result == -Errno.ECONNRESET ? 0 : (int) check("recvmsg", result);
  }

  /**
   * Receives exactly as many bytes as asked for, of a message whose beginning is there.
   *
   * @param fds takes the descriptors that ride on them, also when this throws
   * @throws EOFException if the peer leaves
   * @throws SocketTimeoutException if they do not come in time
   * @throws IOException if the socket fails, or too many descriptors come
   */
  public void receiveRest(MemorySegment into, long offset, long lengthBytes, ReceivedFds fds)
      throws IOException {
    long done = 0;
    long deadline = 0;
    while (done < lengthBytes) {
      long result =
          receiveOnce(into, offset + done, lengthBytes - done, fds, LinuxAbi.MSG_DONTWAIT);
      if (result == -Errno.EAGAIN) {
        if (deadline == 0) {
          deadline = System.nanoTime() + patienceMillis * 1_000_000L;
        }
        awaitReadable(deadline);
        continue;
      }
      if (result == 0) {
        throw new EOFException("the peer left in the middle of a message");
      }
      done += check("recvmsg", result);
    }
  }

  private long first(MemorySegment into, long offset, long lengthBytes, ReceivedFds fds)
      throws IOException {
    long result = -Errno.EAGAIN;
    if (spinNanos > 0) {
      long start = System.nanoTime();
      do {
        result = receiveOnce(into, offset, lengthBytes, fds, LinuxAbi.MSG_DONTWAIT);
      } while (result == -Errno.EAGAIN && System.nanoTime() - start < spinNanos);
    }
    while (result == -Errno.EAGAIN) {
      result = receiveOnce(into, offset, lengthBytes, fds, 0);
    }
    // A peer that dies with our answers unread is a peer that has left.
    return result == -Errno.ECONNRESET ? 0 : check("recvmsg", result);
  }

  private long receiveOnce(
      MemorySegment into, long offset, long lengthBytes, ReceivedFds fds, int flags)
      throws IOException {
    long result;
    do {
      incoming.describe(into, offset, lengthBytes, CONTROL_BYTES);
      result = Sockets.recvmsg(fd, incoming.header.address(), flags | LinuxAbi.MSG_CMSG_CLOEXEC);
    } while (result == -Errno.EINTR);
    if (result >= 0 && incoming.header.get(JAVA_LONG, LinuxAbi.MSG_CONTROLLEN) > 0) {
      takeFds(fds);
    }
    return result;
  }

  private void takeFds(ReceivedFds fds) throws IOException {
    MemorySegment control = incoming.control;
    long end = incoming.header.get(JAVA_LONG, LinuxAbi.MSG_CONTROLLEN);
    // There is only one header, because only descriptors were asked for.
    long length = Math.min(end, control.get(JAVA_LONG, LinuxAbi.CMSG_LEN));
    if (control.get(JAVA_INT, LinuxAbi.CMSG_LEVEL) == LinuxAbi.SOL_SOCKET
        && control.get(JAVA_INT, LinuxAbi.CMSG_TYPE) == LinuxAbi.SCM_RIGHTS) {
      for (long at = LinuxAbi.CMSG_DATA; at + 4 <= length; at += 4) {
        fds.add(control.get(JAVA_INT, at));
      }
    }
    // Each byte of a message may bring descriptors; their sum is bounded.
    if ((incoming.header.get(JAVA_INT, LinuxAbi.MSG_FLAGS) & LinuxAbi.MSG_CTRUNC) != 0
        || fds.size() > MAX_FDS) {
      throw new IOException("a message carries more descriptors than we can take");
    }
  }

  private void awaitReadable(long deadline) throws IOException {
    long left = (deadline - System.nanoTime()) / 1_000_000;
    pollfd.set(JAVA_INT, LinuxAbi.POLLFD_FD, fd);
    pollfd.set(JAVA_SHORT, LinuxAbi.POLLFD_EVENTS, (short) LinuxAbi.POLLIN);
    int ready = left <= 0 ? 0 : Libc.poll(pollfd.address(), 1, (int) left);
    if (ready == 0) {
      throw new SocketTimeoutException("the peer stopped in the middle of a message");
    }
    if (ready < 0 && ready != -Errno.EINTR) {
      throw failure("poll", ready);
    }
  }

  private static long check(String what, long result) throws IOException {
    if (result < 0) {
      throw failure(what, result);
    }
    return result;
  }

  // ---- sending -------------------------------------------------------------------------------

  /**
   * Sends a message whole. Never call it with the big lock held: the peer may not read.
   *
   * @param fds descriptors that ride on its first byte; they stay the caller's
   * @throws IOException if the peer has left, or does not read in time
   */
  public void send(MemorySegment from, long offset, long lengthBytes, int... fds)
      throws IOException {
    synchronized (sending) {
      long controlBytes = fds.length == 0 ? 0 : describeFds(fds);
      long done = 0;
      while (done < lengthBytes) {
        outgoing.describe(from, offset + done, lengthBytes - done, done == 0 ? controlBytes : 0);
        long result = Sockets.sendmsg(fd, outgoing.header.address(), LinuxAbi.MSG_NOSIGNAL);
        if (result == -Errno.EAGAIN) {
          throw new SocketTimeoutException("the peer does not read what it is sent");
        }
        if (result != -Errno.EINTR) {
          done += check("sendmsg", result);
        }
      }
    }
  }

  private long describeFds(int[] fds) {
    if (fds.length > MAX_FDS) {
      throw new IllegalArgumentException(fds.length + " descriptors");
    }
    MemorySegment control = outgoing.control;
    control.set(JAVA_LONG, LinuxAbi.CMSG_LEN, LinuxAbi.CMSG_DATA + 4L * fds.length);
    control.set(JAVA_INT, LinuxAbi.CMSG_LEVEL, LinuxAbi.SOL_SOCKET);
    control.set(JAVA_INT, LinuxAbi.CMSG_TYPE, LinuxAbi.SCM_RIGHTS);
    for (int i = 0; i < fds.length; i++) {
      control.set(JAVA_INT, LinuxAbi.CMSG_DATA + 4L * i, fds[i]);
    }
    // CMSG_SPACE: the length, up to the next word.
    return (LinuxAbi.CMSG_DATA + 4L * fds.length + 7) & ~7L;
  }

  // ---- ending --------------------------------------------------------------------------------

  /** Ends both directions: a thread that receives or sends is woken. Any thread, at any time. */
  public synchronized void shutdown() {
    if (!closed) {
      Sockets.shutdown(fd, LinuxAbi.SHUT_RDWR);
    }
  }

  /** As {@link #closeAfterDraining(int, HeldUpPipes)} does, with a count for this peer alone. */
  public void closeAfterDraining(int millis) {
    closeAfterDraining(millis, new HeldUpPipes());
  }

  /**
   * Ends the sending direction, throws away the bytes that the peer still sends, and closes.
   * Without that, a peer with unread bytes would see a reset instead of an end.
   *
   * @param millis how long the peer may take to leave
   * @param heldUpPipes counts the pipes among the descriptors that it has still sent; a peer with
   *     too many of them gets no more time
   */
  public void closeAfterDraining(int millis, HeldUpPipes heldUpPipes) {
    Sockets.shutdown(fd, LinuxAbi.SHUT_WR);
    MemorySegment scratch = arena.allocate(4096);
    long deadline = System.nanoTime() + millis * 1_000_000L;
    try (ReceivedFds fds = new ReceivedFds(heldUpPipes)) {
      long result;
      do {
        heldUpPipes.checkClient(); // before there are more of them
        awaitReadable(deadline);
        result = receiveOnce(scratch, 0, scratch.byteSize(), fds, LinuxAbi.MSG_DONTWAIT);
        fds.discard();
      } while (result > 0 || result == -Errno.EAGAIN);
    } catch (IOException | PlatterException e) {
      // The peer's time is over.
    } finally {
      close();
    }
  }

  /** Closes the socket; the receiving thread must be out of {@link #receive}. Idempotent. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      Libc.close(fd);
    }
  }
}
