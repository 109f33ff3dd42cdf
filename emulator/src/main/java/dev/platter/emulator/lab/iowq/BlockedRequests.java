package dev.platter.emulator.lab.iowq;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.ring.Sqe;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;

/**
 * Requests that each keep a worker until they are released: for bounded workers, open(2) of a FIFO
 * that nobody writes to; for unbounded ones, tee(2) from an empty pipe.
 */
final class BlockedRequests implements AutoCloseable {
  /** The kernel's two kinds of workers, each with a limit of its own. */
  enum Kind {
    /** Requests that end by themselves, as those on regular files and block devices. */
    BOUNDED,
    /** Requests on pipes, sockets and character devices, which may wait for ever. */
    UNBOUNDED
  }

  private static final int MODE = 0600;

  private final RingTask task;
  private final int count;
  private final Arena arena = Arena.ofShared();
  private final List<Path> fifos = new ArrayList<>();
  private final List<Integer> descriptors = new ArrayList<>();
  private final Runnable unblock;
  private boolean released;

  /**
   * Submits the requests.
   *
   * @param task a task whose ring has room for them
   * @param scratch a directory for FIFOs
   * @throws PlatterException if FIFOs cannot be made
   */
  BlockedRequests(RingTask task, Kind kind, int count, Path scratch) {
    this.task = task;
    this.count = count;
    try {
      this.unblock = kind == Kind.BOUNDED ? blockInOpen(scratch) : blockInTee(scratch);
    } catch (RuntimeException e) {
      clean();
      throw e;
    }
  }

  private Runnable blockInOpen(Path scratch) {
    Path fifo = fifo(scratch, "open");
    long path = arena.allocateFrom(fifo.toString()).address();
    submit(sqe -> sqe.prepOpen(path, LinuxAbi.O_RDONLY | LinuxAbi.O_CLOEXEC, 0).async());
    return () -> open(fifo, LinuxAbi.O_RDWR);
  }

  private Runnable blockInTee(Path scratch) {
    Path empty = fifo(scratch, "tee-from");
    int to = open(fifo(scratch, "tee-to"), LinuxAbi.O_RDWR);
    // Without NONBLOCK, this open would wait for a writer; with NONBLOCK left on, tee(2) would not
    // block.
    int from = open(empty, LinuxAbi.O_RDONLY | LinuxAbi.O_NONBLOCK);
    int writer = open(empty, LinuxAbi.O_WRONLY);
    Libc.fcntl(from, LinuxAbi.F_SETFL, 0);
    submit(sqe -> sqe.prepTee(from, to, 1).async());
    return () -> {
      descriptors.remove(Integer.valueOf(writer));
      Libc.close(writer);
    };
  }

  private Path fifo(Path scratch, String name) {
    Path path = scratch.resolve("io-wq-" + name);
    int result = Libc.mkfifo(path.toString(), MODE);
    if (result < 0) {
      throw PlatterException.failed(
              "cannot make FIFO " + path + ": " + Errno.name(result),
              "Name a directory of a local file system with --dir")
          .at(path.toString(), -result);
    }
    fifos.add(path);
    return path;
  }

  private int open(Path path, int flags) {
    int fd = Libc.open(path.toString(), flags | LinuxAbi.O_CLOEXEC, 0);
    if (fd < 0) {
      throw PlatterException.failed("cannot open FIFO " + path + ": " + Errno.name(fd), null)
          .at(path.toString(), -fd);
    }
    descriptors.add(fd);
    return fd;
  }

  private void submit(Consumer<Sqe> request) {
    task.submit(Collections.nCopies(count, request));
  }

  /**
   * Releases the requests and waits for them.
   *
   * @return how many completed without an error
   */
  int release() {
    released = true;
    unblock.run();
    int good = 0;
    for (int result : task.take(count)) {
      if (result >= 0) {
        good++;
      }
      if (result > 0) {
        descriptors.add(result); // of open(2); tee(2) ends with 0 when the writer has gone
      }
    }
    return good;
  }

  /** Releases the requests if that was not done, and removes their files. */
  @Override
  public void close() {
    try {
      if (!released) {
        release();
      }
    } finally {
      clean();
    }
  }

  private void clean() {
    descriptors.forEach(Libc::close);
    descriptors.clear();
    fifos.forEach(path -> Libc.unlink(path.toString()));
    fifos.clear();
    arena.close();
  }
}
