package dev.platter.emulator.export.vhostuser;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.event.HeldUpPipes;
import dev.platter.aio.loop.Threads;
import dev.platter.aio.socket.UnixConnection;
import dev.platter.aio.sys.Sockets;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The socket for requests of the back-end ("Back-end communication"). There is one request: the
 * configuration space has changed. A thread of its own sends it, because the main loop under the
 * big lock and the queues' loops notice changes and must not wait. Several changes during one send
 * become one further request. No answer is asked for.
 */
final class BackendChannel implements AutoCloseable {
  /** BACKEND_CONFIG_CHANGE_MSG ("Back-end message types"). */
  static final int CONFIG_CHANGE_MSG = 2;

  private final UnixConnection connection;
  private final Thread sender;
  private boolean pending;
  private boolean closing;

  /**
   * Takes over the socket.
   *
   * @param fd the descriptor; closed with the channel, and at once if it is refused
   * @param heldUpPipes counts the descriptor if it is a pipe, which is refused
   * @throws RequestRefused if the descriptor is no Unix stream socket, or no thread can be started
   */
  BackendChannel(int fd, HeldUpPipes heldUpPipes) throws RequestRefused {
    if (Sockets.getOption(fd, LinuxAbi.SO_DOMAIN) != LinuxAbi.AF_UNIX
        || Sockets.getOption(fd, LinuxAbi.SO_TYPE) != LinuxAbi.SOCK_STREAM) {
      heldUpPipes.discard(fd);
      throw new RequestRefused("back-end channel is no Unix stream socket");
    }
    connection = new UnixConnection(fd);
    try {
      sender = Thread.ofPlatform().name("vhost-user-notify").daemon().start(this::run);
    } catch (OutOfMemoryError e) {
      connection.close();
      throw new RequestRefused("no thread for a back-end channel: " + e.getMessage());
    }
  }

  /** Has the front-end told soon. Any thread; does not block. */
  synchronized void configChanged() {
    pending = true;
    notifyAll();
  }

  private synchronized boolean awaitWork() throws InterruptedException {
    while (!pending && !closing) {
      wait();
    }
    pending = false;
    return !closing;
  }

  private void run() {
    MemorySegment message = Arena.ofAuto().allocate(VhostUserMessage.HEADER_BYTES, 4);
    message.set(JAVA_INT_UNALIGNED, VhostUserMessage.REQUEST, CONFIG_CHANGE_MSG);
    message.set(JAVA_INT_UNALIGNED, VhostUserMessage.FLAGS, VhostUserMessage.VERSION);
    message.set(JAVA_INT_UNALIGNED, VhostUserMessage.SIZE, 0);
    try {
      while (awaitWork()) {
        connection.send(message, 0, message.byteSize());
      }
    } catch (IOException | InterruptedException e) {
      // A front-end that does not read here is served nevertheless.
    }
  }

  /** Ends the thread and closes the socket. Idempotent. */
  @Override
  public void close() {
    synchronized (this) {
      closing = true;
      notifyAll();
    }
    connection.shutdown();
    Threads.joinUninterruptibly(sender);
    connection.close();
  }
}
