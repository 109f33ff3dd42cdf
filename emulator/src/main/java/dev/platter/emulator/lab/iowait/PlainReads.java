package dev.platter.emulator.lab.iowait;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.FileHandle;
import dev.platter.aio.loop.Threads;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.ErrnoException;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Mapping;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One pread(2) after the other from a file opened with O_DIRECT, without io_uring. Every kernel
 * counts these reads as waiting for I/O, so they check the figures themselves.
 */
final class PlainReads implements Waiter {
  private static final int BYTES = 4096;

  private final FileHandle file;
  private final long fileBytes;
  private final AtomicLong reads = new AtomicLong();
  private final Thread thread;
  private volatile boolean running = true;
  private volatile @Nullable RuntimeException failure;

  /** Begins to read. The file stays open until this is closed. */
  PlainReads(FileHandle file, long fileBytes) {
    this.file = file;
    this.fileBytes = fileBytes;
    this.thread = Thread.ofPlatform().name("pread").daemon().start(this::run);
  }

  private void run() {
    try (Mapping buffer = Mapping.anonymous(BYTES)) {
      long address = buffer.segment().address();
      for (long offset = 0; running; offset = (offset + BYTES) % fileBytes) {
        long result = Libc.pread(file.fd(), address, BYTES, offset);
        if (result != BYTES) {
          throw PlatterException.failed(
              "cannot read "
                  + file.path()
                  + ": "
                  + (result < 0 ? Errno.name((int) result) : result + " bytes"),
              null);
        }
        reads.incrementAndGet();
      }
    } catch (ErrnoException e) {
      failure = new PlatterException(PlatterException.Kind.HOST_LACKS, "no memory", null, e);
    } catch (RuntimeException e) {
      failure = e;
    }
  }

  @Override
  public Done done() {
    return new Done(0, 0, reads.get());
  }

  /**
   * Ends the reads.
   *
   * @throws PlatterException if a read has failed
   */
  @Override
  public void close() {
    running = false;
    Threads.joinUninterruptibly(thread);
    RuntimeException failed = failure;
    if (failed != null) {
      throw failed;
    }
  }
}
