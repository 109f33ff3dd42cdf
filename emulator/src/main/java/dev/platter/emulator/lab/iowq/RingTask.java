package dev.platter.emulator.lab.iowq;

import dev.platter.aio.PlatterException;
import dev.platter.aio.access.RingAccess;
import dev.platter.aio.loop.Threads;
import dev.platter.aio.ring.Ring;
import dev.platter.aio.ring.Sqe;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Syscalls;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * A new thread with a ring, which runs given calls until it is ended. Workers and their limit
 * belong to the submitting thread, so each trial uses a thread of its own.
 *
 * <p>Used from one other thread. Nothing may be in flight when the ring is closed.
 */
final class RingTask implements AutoCloseable {
  private final LinkedBlockingQueue<Runnable> orders = new LinkedBlockingQueue<>();
  private final Thread thread;
  private final Ring ring;
  private final int tid;
  private boolean ringClosed;
  // Only the thread uses this field.
  private boolean ended;

  /**
   * Starts the thread and opens its ring.
   *
   * @throws PlatterException if there can be no ring
   */
  RingTask(String name, int entries) {
    thread = Thread.ofPlatform().name(name).daemon().start(this::run);
    try {
      tid = ask(Syscalls::gettid);
      ring = ask(() -> RingAccess.open(entries, Set.of()));
    } catch (RuntimeException e) {
      endThread();
      throw e;
    }
  }

  private interface Order<T> {
    T carryOut();
  }

  private void run() {
    boolean interrupted = false;
    while (!ended) {
      try {
        orders.take().run();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private <T> T ask(Order<T> order) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    orders.add(() -> {
      try {
        answer.complete(order.carryOut());
      } catch (RuntimeException | Error e) {
        answer.completeExceptionally(e);
      }
    });
    try {
      return answer.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  /** The thread's id, as gettid(2) tells it. */
  int tid() {
    return tid;
  }

  /** Runs {@code call} with the ring, on the thread. */
  <T> T withRing(Function<Ring, T> call) {
    return ask(() -> call.apply(ring));
  }

  /**
   * Submits requests and does not wait for them.
   *
   * @param requests as many as the ring has entries at most
   */
  void submit(List<Consumer<Sqe>> requests) {
    ask(() -> {
      for (Consumer<Sqe> request : requests) {
        Sqe sqe = ring.submission().next();
        request.accept(sqe);
        sqe.userData(1);
      }
      int left = ring.submission().publish();
      while (left > 0) {
        int taken = ring.enter(left, 0, Ring.NO_TIMEOUT, false);
        if (taken < 0 && taken != -Errno.EINTR && taken != -Errno.EAGAIN) {
          throw PlatterException.failed("requests were refused: " + Errno.name(taken), null)
              .at(null, -taken);
        }
        left -= Math.max(0, taken);
      }
      return true;
    });
  }

  /**
   * Waits for {@code count} completions and gives their results, in the order they came.
   *
   * @throws PlatterException if the ring cannot be entered
   */
  List<Integer> take(int count) {
    return ask(() -> {
      List<Integer> results = new ArrayList<>();
      while (results.size() < count) {
        if (ring.completion().next()) {
          results.add(ring.completion().result());
          ring.completion().release();
        } else {
          int result = ring.enter(0, 1, Ring.NO_TIMEOUT, false);
          if (result < 0
              && result != -Errno.EINTR
              && result != -Errno.EAGAIN
              && result != -Errno.ETIME) {
            throw PlatterException.failed("cannot wait on a ring: " + Errno.name(result), null)
                .at(null, -result);
          }
        }
      }
      return results;
    });
  }

  /** Closes the ring; the thread lives on. Idempotent. */
  void closeRing() {
    if (!ringClosed) {
      ringClosed = true;
      boolean _ =
          ask(() -> {
            ring.close();
            return true;
          });
    }
  }

  /** Closes the ring and ends the thread. Idempotent. */
  void end() {
    closeRing();
    endThread();
  }

  private void endThread() {
    if (thread.isAlive()) {
      orders.add(() -> ended = true);
      Threads.joinUninterruptibly(thread);
    }
  }

  /** As {@link #end}. */
  @Override
  public void close() {
    end();
  }
}
