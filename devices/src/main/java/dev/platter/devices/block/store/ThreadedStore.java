package dev.platter.devices.block.store;

import dev.platter.aio.sys.Errno;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

/** A {@link BlockingStore} that is called by the threads of an executor. */
final class ThreadedStore implements AsyncStore {
  /** The work of a thread for a request. */
  private interface Work {
    void run() throws IOException;
  }

  private final BlockingStore store;
  private final Executor executor;

  ThreadedStore(BlockingStore store, Executor executor) {
    this.store = store;
    this.executor = executor;
  }

  @Override
  public long sizeBytes() {
    return store.sizeBytes();
  }

  @Override
  public void read(long offsetBytes, List<MemorySegment> buffers, Completion done) {
    run(
        done,
        () -> {
          long offset = offsetBytes;
          for (MemorySegment buffer : buffers) {
            store.read(offset, buffer);
            offset += buffer.byteSize();
          }
        });
  }

  @Override
  public void write(
      long offsetBytes, List<MemorySegment> buffers, boolean stable, Completion done) {
    run(
        done,
        () -> {
          long offset = offsetBytes;
          for (MemorySegment buffer : buffers) {
            store.write(offset, buffer);
            offset += buffer.byteSize();
          }
          if (stable) {
            store.flush();
          }
        });
  }

  @Override
  public void flush(Completion done) {
    run(done, store::flush);
  }

  private void run(Completion done, Work work) {
    AtomicBoolean claimed = new AtomicBoolean();
    try {
      executor.execute(() -> {
        if (claimed.compareAndSet(false, true)) {
          done.complete(result(work));
        }
      });
    } catch (RuntimeException | Error e) {
      // The program ends, or the host has no thread. A task that was queued all the same must not
      // run later: the guest has its buffers back.
      if (claimed.compareAndSet(false, true)) {
        done.complete(-Errno.EAGAIN); // nothing was tried, so nothing is lost
      }
    }
  }

  private static int result(Work work) {
    try {
      work.run();
      return 0;
    } catch (IOException | RuntimeException | Error e) {
      return -Errno.EIO;
    }
  }
}
