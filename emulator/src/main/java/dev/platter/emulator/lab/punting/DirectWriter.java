package dev.platter.emulator.lab.punting;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.access.RingAccess;
import dev.platter.aio.file.FileHandle;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.ring.CompletionQueue;
import dev.platter.aio.ring.Ring;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.BooleanSupplier;

/** Writes a file with O_DIRECT from its start, one piece after the other. For one thread. */
final class DirectWriter implements AutoCloseable {
  /** Bytes of a piece. */
  static final int PIECE_BYTES = 8192;

  private final FileHandle file;
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment piece = arena.allocate(PIECE_BYTES, PIECE_BYTES);
  private final MemorySegment iovec = arena.allocate(LinuxAbi.IOVEC_SIZE, Long.BYTES);

  /**
   * Opens a file.
   *
   * @throws PlatterException if it cannot be opened with O_DIRECT
   */
  DirectWriter(String path) {
    this.file = FileHandle.open(path, true, true);
    piece.fill((byte) 0x5a);
    iovec.set(JAVA_LONG, LinuxAbi.IOVEC_BASE, piece.address());
    iovec.set(JAVA_LONG, LinuxAbi.IOVEC_LEN, PIECE_BYTES);
  }

  /**
   * Writes through a ring, one request at a time, as the loop of a disk would.
   *
   * @param stopped asked before each write
   * @throws PlatterException if a write fails, or the writer was stopped
   */
  void throughRing(int writes, BooleanSupplier stopped) {
    try (Ring ring = RingAccess.open(1, AioConfig.ioThread().flags())) {
      CompletionQueue completion = ring.completion();
      for (int i = 0; i < writes; i++) {
        unless(stopped);
        long offset = (long) i * PIECE_BYTES;
        ring.submission().next().prepWrite(file.fd(), piece.address(), PIECE_BYTES, offset, 0);
        while (!completion.next()) {
          int result = ring.enter(ring.submission().publish(), 1, Ring.NO_TIMEOUT, false);
          if (result < 0 && result != -Errno.EINTR) {
            throw failed("io_uring_enter", result);
          }
        }
        int result = completion.result();
        completion.release();
        if (result != PIECE_BYTES) {
          throw failed("a write through io_uring", result);
        }
      }
    }
  }

  /**
   * Writes with RWF_NOWAIT; after EAGAIN it writes without that flag, as io_uring's worker would.
   *
   * @param stopped asked before each write
   * @return how often it answered EAGAIN
   * @throws PlatterException of kind HOST_LACKS if the file system has no RWF_NOWAIT; of kind
   *     FAILED if a write fails, or it was stopped
   */
  int withoutWaiting(int writes, BooleanSupplier stopped) {
    int refused = 0;
    for (int i = 0; i < writes; i++) {
      unless(stopped);
      long offset = (long) i * PIECE_BYTES;
      long result = write(offset, LinuxAbi.RWF_NOWAIT);
      if (result == -Errno.EOPNOTSUPP) {
        throw PlatterException.hostLacks(
            file.facts().filesystem() + " has no RWF_NOWAIT for O_DIRECT writes", null);
      }
      if (result == -Errno.EAGAIN) {
        refused++;
        result = write(offset, 0);
      }
      if (result != PIECE_BYTES) {
        throw failed("pwritev2", result);
      }
    }
    return refused;
  }

  /** Writes the piece at an offset, in the ordinary way. */
  void writeAt(long offset) {
    long result = write(offset, 0);
    if (result != PIECE_BYTES) {
      throw failed("pwritev2", result);
    }
  }

  /** Whether the piece at an offset has the contents of {@link #writeAt}; reads with O_DIRECT. */
  boolean isWrittenAt(long offset) {
    MemorySegment read = arena.allocate(PIECE_BYTES, PIECE_BYTES);
    long result = Libc.pread(file.fd(), read.address(), PIECE_BYTES, offset);
    return result == PIECE_BYTES && read.mismatch(piece) < 0;
  }

  private void unless(BooleanSupplier stopped) {
    if (stopped.getAsBoolean()) {
      throw PlatterException.failed("the writes to " + file.path() + " were stopped", null);
    }
  }

  private long write(long offset, int flags) {
    long result;
    do {
      result = Libc.pwritev2(file.fd(), iovec.address(), 1, offset, flags);
    } while (result == -Errno.EINTR);
    return result;
  }

  private PlatterException failed(String what, long result) {
    return PlatterException.failed(
        what
            + " on "
            + file.path()
            + " failed: "
            + (result < 0 ? Errno.name((int) result) : result + " bytes of " + PIECE_BYTES),
        null);
  }

  @Override
  public void close() {
    file.close();
    arena.close();
  }
}
