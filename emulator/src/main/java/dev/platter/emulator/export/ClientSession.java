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
   * Speaks with a client until it leaves, however it does; then nothing of it is left: no queue at
   * work, no request in flight, no memory mapped, no descriptor open. The connection is closed by
   * the caller.
   *
   * @param connection where the client is; shut down by another thread when the export ends
   * @throws ProtocolViolation if the client does what the protocol forbids
   * @throws IOException if the connection breaks
   */
  void serve(UnixConnection connection) throws IOException;

  /**
   * Counts its clients' pipes that are still being closed. A session that takes descriptors has one
   * count for all of its clients, and begins with {@link HeldUpPipes#checkClient}.
   */
  default HeldUpPipes heldUpPipes() {
    return new HeldUpPipes();
  }

  /** Releases the device; no client is served, and none will be. Idempotent. */
  @Override
  void close();
}
