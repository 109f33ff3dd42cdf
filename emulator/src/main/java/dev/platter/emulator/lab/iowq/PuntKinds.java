package dev.platter.emulator.lab.iowq;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.FileHandle;
import dev.platter.aio.file.IoReason;
import dev.platter.aio.ring.Sqe;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import dev.platter.emulator.host.IoWorkerThreads;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Tries kinds of requests on a scratch file, to find those that the kernel hands to workers. */
final class PuntKinds implements AutoCloseable {
  private static final int BLOCK = 4096;
  private static final int BLOCKS = 256;

  /** Requests of one kind at once. */
  static final int REQUESTS = 8;

  /**
   * The result of one kind of request.
   *
   * @param workers how many workers the submitting thread had after the completions
   * @param error the errno of a failed request; null if none failed
   */
  record Outcome(String kind, int workers, @Nullable String error) {}

  private record Kind(String label, Consumer<Sqe> request) {}

  private final Arena arena = Arena.ofShared();
  private final long buffer = arena.allocate(BLOCK, BLOCK).address();
  private final Path path;
  private final FileHandle file;
  private final @Nullable FileHandle direct;
  private long nextBlock;
  private long end = (long) BLOCKS * BLOCK;

  /**
   * Makes the file.
   *
   * @throws PlatterException if the file cannot be written
   */
  PuntKinds(Path scratch) {
    path = scratch.resolve("io-wq.dat");
    file = FileHandle.create(path.toString());
    for (long offset = 0; offset < end; offset += BLOCK) {
      long written = Libc.pwrite(file.fd(), buffer, BLOCK, offset);
      if (written != BLOCK) {
        close(null);
        throw PlatterException.failed(
            "cannot write " + path + ": " + (written < 0 ? Errno.name((int) written) : "full"),
            "Free some space, or name another directory with --dir");
      }
    }
    // The kernel would hand O_DIRECT reads of dirty pages to workers, which wait for the writeback.
    Libc.fsync(file.fd());
    direct = openDirect(path);
  }

  private static @Nullable FileHandle openDirect(Path path) {
    try {
      return FileHandle.open(path.toString(), false, true);
    } catch (PlatterException e) {
      return null; // no O_DIRECT there
    }
  }

  private long block() {
    nextBlock = (nextBlock + 1) % BLOCKS;
    return nextBlock * BLOCK;
  }

  private long append() {
    end += BLOCK;
    return end - BLOCK;
  }

  private void readAsync(Sqe sqe) {
    sqe.prepRead(file.fd(), buffer, BLOCK, block()).async();
  }

  private void fsync(Sqe sqe) {
    sqe.prepFsync(file.fd(), false);
  }

  /**
   * Requests that the kernel always hands to workers: fsyncs to bounded workers, and a read to an
   * unbounded worker, because the kernel looks at its file only later.
   */
  List<Consumer<Sqe>> punted() {
    List<Consumer<Sqe>> requests = new ArrayList<>();
    for (int i = 0; i < REQUESTS - 1; i++) {
      requests.add(this::fsync);
    }
    requests.add(this::readAsync);
    return requests;
  }

  private List<Kind> kinds() {
    List<Kind> kinds = new ArrayList<>();
    kinds.add(new Kind("NOP", Sqe::prepNop));
    FileHandle handle = direct;
    if (handle != null) {
      kinds.add(
          new Kind("read, O_DIRECT", sqe -> sqe.prepRead(handle.fd(), buffer, BLOCK, block())));
    }
    kinds.add(new Kind("read, page cache", sqe -> sqe.prepRead(file.fd(), buffer, BLOCK, block())));
    kinds.add(new Kind("read, page cache, IOSQE_ASYNC", this::readAsync));
    kinds.add(
        new Kind(
            "write, page cache, extending",
            sqe -> sqe.prepWrite(file.fd(), buffer, BLOCK, append(), 0)));
    kinds.add(new Kind("fallocate", sqe -> sqe.prepFallocate(file.fd(), 0, append(), BLOCK)));
    kinds.add(new Kind("fsync", this::fsync));
    return kinds;
  }

  /** Tries every kind, each on a thread and a ring of its own. */
  List<Outcome> tryAll() {
    List<Outcome> outcomes = new ArrayList<>();
    for (Kind kind : kinds()) {
      WorkerWatch watch = new WorkerWatch(IoWorkerThreads::list);
      try (RingTask task = new RingTask("lab-punt", REQUESTS)) {
        List<Consumer<Sqe>> requests = new ArrayList<>();
        for (int i = 0; i < REQUESTS; i++) {
          requests.add(kind.request());
        }
        task.submit(requests);
        String error = null;
        for (int result : task.take(REQUESTS)) {
          error = result < 0 ? Errno.name(result) : error;
        }
        outcomes.add(new Outcome(kind.label(), watch.count(), error));
      }
    }
    return outcomes;
  }

  /** Removes the file. */
  @Override
  public void close() {
    close(direct);
  }

  private void close(@Nullable FileHandle handle) {
    if (handle != null) {
      handle.close();
    }
    file.close();
    arena.close();
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw new PlatterException(
          PlatterException.Kind.FAILED, "cannot remove " + path + ": " + IoReason.of(e), null, e);
    }
  }
}
