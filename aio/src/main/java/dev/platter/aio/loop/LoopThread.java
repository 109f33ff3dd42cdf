package dev.platter.aio.loop;

import dev.platter.aio.PlatterException;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The thread under a loop. When the loop is suspended, its thread ends, because the kernel may keep
 * an idle io_uring worker as long as the thread that used it lives. The loop resumes on a new
 * thread.
 */
final class LoopThread {
  private enum State {
    TURNING,
    SUSPENDING,
    SUSPENDED,
    ENDED
  }

  private enum Wish {
    TURN,
    SUSPEND,
    END
  }

  private final String name;
  private final @Nullable BigLock lock;
  private final Runnable prologue;
  private final AioContext context;
  // Set in the monitor.
  private volatile Thread thread;
  private State state = State.TURNING;
  // Set on the loop.
  private volatile Wish wish = Wish.TURN;

  /**
   * Starts a loop and waits until it is set up.
   *
   * @param name the thread's and the loop's name
   * @param lock the big lock if it is the main loop, which holds it but while it waits; else null
   * @param prologue run on each of its threads before anything else
   * @throws PlatterException if the kernel refuses a ring
   */
  @SuppressWarnings("NullAway.Init") // start() sets thread
  LoopThread(String name, AioConfig config, @Nullable BigLock lock, Runnable prologue) {
    this.name = name;
    this.lock = lock;
    this.prologue = prologue;
    context = start(() -> new AioContext(name, config, lock));
  }

  private AioContext start(Supplier<AioContext> open) {
    CompletableFuture<AioContext> ready = new CompletableFuture<>();
    thread = Thread.ofPlatform().name(name).daemon().unstarted(() -> run(open, ready));
    try {
      return Threads.startAndAwait(thread, ready);
    } catch (OutOfMemoryError e) {
      throw PlatterException.hostLacks(
          "thread " + name + " could not be started: " + e.getMessage(),
          "Raise the limit of processes: ulimit -u, or pids.max of the cgroup");
    }
  }

  private void run(Supplier<AioContext> open, CompletableFuture<AioContext> ready) {
    if (lock != null) {
      lock.lock();
    }
    try {
      AioContext loop;
      try {
        prologue.run();
        loop = open.get();
      } catch (RuntimeException | Error e) {
        ready.completeExceptionally(e);
        return;
      }
      ready.complete(loop);
      turnWhile(loop, () -> wish == Wish.TURN, () -> wish == Wish.SUSPEND);
    } finally {
      if (lock != null) {
        lock.unlock();
      }
    }
  }

  /**
   * The life of a loop on one thread: the loop turns while {@code running}. Then it is suspended,
   * if {@code suspending} still holds when nothing is in flight, or else closed. An exception
   * abandons the loop.
   */
  static void turnWhile(AioContext loop, BooleanSupplier running, BooleanSupplier suspending) {
    try {
      while (true) {
        while (running.getAsBoolean()) {
          loop.turn(true);
        }
        if (!suspending.getAsBoolean()) {
          loop.close();
          return;
        }
        if (loop.suspend(suspending)) {
          return;
        }
      }
    } catch (RuntimeException | Error e) {
      loop.abandon(e);
      throw e;
    }
  }

  AioContext context() {
    return context;
  }

  private void wish(Wish what) {
    context.newBottomHalf(() -> wish = what).schedule();
  }

  /** Throws IllegalStateException on the thread itself, which cannot wait for its own end. */
  private void checkNotItself(String what) {
    if (Thread.currentThread().equals(thread)) {
      throw new IllegalStateException(name + " cannot be " + what + " by itself");
    }
    if (lock != null && lock.isHeldByCurrentThread()) {
      throw new IllegalStateException("the main loop is " + what + " without the big lock");
    }
  }

  /** Begins to suspend the loop, and waits for nothing. */
  synchronized void beginSuspend() {
    if (state == State.TURNING) {
      state = State.SUSPENDING;
      wish(Wish.SUSPEND);
    }
  }

  /**
   * Waits a while for a loop that is about to be suspended.
   *
   * @return whether {@link #suspend} waits for nothing now
   */
  boolean awaitSuspend(long millis) {
    Thread leaving;
    synchronized (this) {
      if (state != State.SUSPENDING) {
        return true;
      }
      leaving = thread;
    }
    return Threads.joinUninterruptibly(leaving, millis); // others may resume or close it meanwhile
  }

  /**
   * Suspends the loop and waits for the end of its thread. Idempotent.
   *
   * @return how many block requests its clients had in flight; 0 if it was suspended before
   */
  int suspend() {
    checkNotItself("suspended");
    synchronized (this) {
      beginSuspend();
      if (state != State.SUSPENDING) {
        return 0;
      }
      Threads.joinUninterruptibly(thread);
      // A loop that has died of an exception meanwhile is not suspended.
      state = context.isSuspended() ? State.SUSPENDED : State.ENDED;
      return context.drained();
    }
  }

  /**
   * Resumes the loop: on a new thread, or on its own thread if that still waits for requests in
   * flight. Does nothing if the loop is neither suspended nor about to be.
   *
   * @throws PlatterException if the kernel refuses a ring; it is still suspended then
   */
  void resume() {
    checkNotItself("resumed");
    synchronized (this) {
      if (state == State.SUSPENDING && takeBack()) {
        state = State.TURNING;
      } else if (state == State.SUSPENDING) {
        suspend();
      }
      if (state == State.SUSPENDED) {
        wish = Wish.TURN;
        boolean resumed = false;
        try {
          start(this::resumeContext);
          resumed = true;
        } finally {
          state = context.isSuspended() ? State.SUSPENDED : resumed ? State.TURNING : State.ENDED;
        }
      }
    }
  }

  /**
   * Ends a suspension that has begun and not ended, so that the loop goes on; false if the
   * suspension cannot be ended any more.
   */
  private boolean takeBack() {
    boolean[] stays = new boolean[1];
    context.invoke(() -> {
      if (context.isWatching() && !context.isSuspended()) {
        wish = Wish.TURN;
        stays[0] = true;
      }
    });
    return stays[0];
  }

  private AioContext resumeContext() {
    context.resume();
    return context;
  }

  /** Ends the loop once what is in flight has completed, and waits for the thread. Idempotent. */
  void close() {
    checkNotItself("closed");
    synchronized (this) {
      if (state == State.SUSPENDING) {
        suspend();
      }
      if (state == State.SUSPENDED) {
        context.closeSuspended();
      } else if (state == State.TURNING) {
        wish(Wish.END);
        Threads.joinUninterruptibly(thread);
      }
      state = State.ENDED;
    }
  }
}
