package dev.platter.emulator.export;

import dev.platter.aio.event.HeldUpPipes;
import dev.platter.aio.socket.UnixConnection;
import java.io.IOException;

/**
 * A protocol over one device. Serves one client after the other, on the export's thread; the device
 * and its image stay open between them.
 */
public interface ClientSession extends AutoCloseable {
  /**
   * Serves a client until it leaves in any way. After that nothing of the client is left: no queue
   * at work, no request in flight, no memory mapped, no descriptor open. The caller closes the
   * connection.
   *
   * @param connection the connection to the client; another thread shuts it down when the export
   *     ends
   * @throws ProtocolViolation if the client does what the protocol forbids
   * @throws IOException if the connection breaks
   */
  void serve(UnixConnection connection) throws IOException;

  /**
   * The count of clients' pipes that are still being closed. A session that takes descriptors has
   * one count for all its clients, and begins each client with {@link HeldUpPipes#checkClient}.
   */
  default HeldUpPipes heldUpPipes() {
    return new HeldUpPipes();
  }

  /** Releases the device, after the last client. Idempotent. */
  @Override
  void close();
}
