package dev.platter.devices.block.store;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.Executor;

/**
 * A program's own storage of a disk's contents, called by threads that may wait: the methods block
 * until the operation is done. Several are called at a time. The buffer is the guest's memory, and
 * is not used after the method has returned. An IOException fails the guest's request.
 */
public interface BlockingStore {
  /** The disk's size in bytes, a multiple of 512 and not 0; never changes. */
  long sizeBytes();

  /** Fills the buffer from {@code offsetBytes} on. */
  void read(long offsetBytes, MemorySegment buffer) throws IOException;

  /** Writes the buffer to {@code offsetBytes} and on. */
  void write(long offsetBytes, MemorySegment buffer) throws IOException;

  /** Makes all writes stable that returned before the call. */
  void flush() throws IOException;

  /**
   * The same store, called by the threads of {@code executor}, which limit the number of requests
   * at a time. A store that blocks in I/O is well served by virtual threads.
   *
   * <p>The program closes the executor after the server. A task that the executor refuses by an
   * exception fails its request; a task that it drops leaves a request without an end, and the
   * server waits for it.
   */
  default AsyncStore on(Executor executor) {
    return new ThreadedStore(this, executor);
  }
}
