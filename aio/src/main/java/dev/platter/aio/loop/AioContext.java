package dev.platter.aio.loop;

import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.ring.Ring;
import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * An event loop around one ring. Its thread calls {@link #turn} over and over; each turn makes at
 * most one {@code io_uring_enter}, which submits what was queued and waits.
 *
 * <p>Who may queue: the loop's own thread, and for the main loop any thread that holds the {@link
 * BigLock}. Who enters the ring: the loop's own thread, nobody else. {@link #addSqe} always
 * notifies the loop, so that an SQE queued by a vCPU never waits for the loop to wake up for
 * another reason; notifying a loop that is awake is free of system calls.
 *
 * <p>Allocates nothing per request once its tables have grown to the load.
 */
public final class AioContext implements AutoCloseable {
  private final String name;
  private final @Nullable BigLock lock;
  private final LoopOwner owner;
  private final LoopWakeup wakeup;
  private final WakeupRead wakeupRead;
  private final LoopStats stats;
  private final LoopRing ring;
  private final LoopRequests requests;
  private final LoopTimers timers = new LoopTimers();
  private final BottomHalfQueue bottomHalves = new BottomHalfQueue();
  private final LoopWatches watches = new LoopWatches();
  private final LoopClients clients = new LoopClients();
  private final ReapTracing look;
  private final AdaptivePolling polling;
  private final LoopWait wait;
  private final Invocations invocations;
  private final LoopSuspension suspension;
  private final LoopCalls calls;
  private boolean closed;

  /**
   * Creates the calling thread's loop.
   *
   * @param name the loop's name in errors and reports
   * @param lock the big lock if this is the main loop (the calling thread must hold it), else null
   * @throws dev.platter.aio.PlatterException if the kernel refuses a ring
   */
  public AioContext(String name, AioConfig config, @Nullable BigLock lock) {
    AioContext own = CurrentContext.own();
    if (own != null) {
      throw new IllegalStateException("thread already has loop " + own.name);
    }
    if (lock != null) {
      lock.checkHeld();
    }
    this.name = name;
    this.lock = lock;
    owner = new LoopOwner(this, lock);
    wakeup = config.ablations().contains(Ablation.NOTIFY) ? new AblatedWakeup() : new LoopWakeup();
    ring = firstRing(config, wakeup);
    stats = new LoopStats(wakeup);
    requests = new LoopRequests(ring, stats);
    look = new ReapTracing(lock);
    polling = AdaptivePolling.ofLoop(config.pollMaxNanos());
    BusyPoll busyPoll = new BusyPoll(ring, polling, watches.pollers(), wakeup, stats, look, lock);
    boolean checksCq = !config.ablations().contains(Ablation.CQ_CHECK);
    wait =
        new LoopWait(name, lock, checksCq, ring, requests, timers, wakeup, stats, look, busyPoll);
    invocations = new Invocations(name, bottomHalves);
    suspension =
        new LoopSuspension(this, lock, owner, clients, watches, ring, requests, invocations);
    calls = new LoopCalls(this, lock, owner, invocations, suspension, wakeup);
    owner.take();
    if (lock != null) {
      lock.bind(this);
    }
    wakeupRead = new WakeupRead(wakeup.notifier());
    requests.add(wakeupRead);
  }

  private static LoopRing firstRing(AioConfig config, LoopWakeup wakeup) {
    try {
      return new LoopRing(config);
    } catch (RuntimeException e) {
      wakeup.close();
      throw e;
    }
  }

  /**
   * The context that the calling thread may queue into: its own loop's, or the main loop's while it
   * holds the big lock.
   *
   * @throws IllegalStateException on any other thread
   */
  public static AioContext current() {
    return CurrentContext.get();
  }

  /** The loop's name. */
  public String name() {
    return name;
  }

  /** The loop's counters. */
  public LoopStats stats() {
    return stats;
  }

  /** What its big lock has cost so far; null if it has none. Any thread. */
  public BigLock.@Nullable Stats lockStats() {
    return lock == null ? null : lock.stats();
  }

  /** How long the calling thread has held its big lock, in nanoseconds; 0 if it has none. */
  public long lockHeldNanos() {
    return lock == null ? 0 : lock.heldNanos();
  }

  /**
   * The {@link Thread#threadId} of the thread that turns the loop; 0 while it is suspended or after
   * its end. Any thread.
   */
  public long threadId() {
    return owner.threadId();
  }

  /** The loop's ring, for reports and registration; only the loop may enter it. */
  public Ring ring() {
    return ring.ring();
  }

  /** How long the loop polls before it sleeps; the loop's own thread. */
  AdaptivePolling polling() {
    return polling;
  }

  /** How many block requests are in flight or waiting for room. */
  public int blockRequestsInFlight() {
    owner.check();
    return requests.blockInFlight();
  }

  /**
   * Queues a request into this ring and notifies the loop, which submits it in its next turn. A
   * request that finds the SQ full waits behind those that did before it.
   *
   * @param op a request that is not in flight
   * @throws IllegalStateException on a thread that may not queue here, or if it is in flight
   */
  public void addSqe(RingOp op) {
    owner.check();
    requests.add(op);
    boolean byLoop = owner.isLoopThread();
    Timeline timeline = op.timeline();
    if (timeline != null) {
      timeline.queued(System.nanoTime(), wakeup.isSleeping(), wakeup.announces(byLoop));
    }
    wakeup.sqeAdded(byLoop);
  }

  /**
   * Stamps a request that a handler on the calling thread begins to handle: with the time and the
   * previous holder of the big lock, or on an IOThread with the present time.
   */
  public void stampHandled(Timeline timeline) {
    if (lock != null) {
      lock.stampHandled(timeline);
    } else {
      timeline.stamp(Stamp.HANDLED, System.nanoTime());
    }
  }

  /**
   * One turn of the loop: submit, wait if there is nothing to do and {@code mayBlock}, take
   * completions, run bottom halves and timers. For the loop's thread; the main loop's holds the big
   * lock, which is released while it waits.
   *
   * @return whether anything was done
   */
  public boolean turn(boolean mayBlock) {
    if (!owner.isLoopThread()) {
      throw new IllegalStateException(
          "loop " + name + " turned by thread " + Thread.currentThread().getName());
    }
    stats.turns.increment();
    wakeup.accept();
    look.begin(requests.anyTimelines());
    requests.fillWaiting();
    if (mayBlock && !wakeupRead.inFlight()) {
      // The loop must never sleep without this read, or no thread could wake it.
      requests.add(wakeupRead);
    }
    // While requests wait for room in the SQ, the loop must not sleep: nothing says that a
    // completion will come.
    boolean mayWait = mayBlock && bottomHalves.isEmpty() && !requests.anyWaiting();
    boolean progress = wait.submitAndWait(mayWait);
    if (wait.maySeeCompletions()) {
      progress |= requests.takeCompletions(look);
      look.end();
    }
    progress |= bottomHalves.run();
    progress |= timers.run();
    return progress;
  }

  // ---- bottom halves and calls ---------------------------------------------------------------

  /** Makes a bottom half of this loop. */
  public BottomHalf newBottomHalf(Runnable body) {
    return new BottomHalf(this::push, body);
  }

  private void push(BottomHalf bottomHalf) {
    if (bottomHalves.push(bottomHalf)) {
      wakeup.notifyLoop();
    }
  }

  /**
   * Runs {@code body} on the loop, waits for it, and throws what {@code body} throws. On the loop's
   * own thread, or under the lock that the loop shares, the body runs at once. While the loop is
   * suspended, the body runs on the calling thread, which has the loop to itself meanwhile. A
   * thread that holds the big lock may wait for an IOThread this way because IOThreads never take
   * that lock.
   *
   * @throws IllegalStateException if the loop has ended; or if the loop has a big lock and the
   *     caller holds another lock, for which that loop may be waiting
   */
  public void invoke(Runnable body) {
    calls.invoke(body);
  }

  /**
   * Waits for something that only this loop's progress can bring about, such as the completion of
   * requests in flight. On the loop's own thread, this method takes turns meanwhile; under the lock
   * that the loop shares, it gives the lock up meanwhile; on any other thread it just waits.
   *
   * @param done counted down on the loop
   * @throws IllegalStateException if the loop dies meanwhile
   */
  public void waitFor(CountDownLatch done) {
    calls.waitFor(done);
  }

  // ---- timers --------------------------------------------------------------------------------

  /** Makes a timer of this loop. */
  public AioTimer newTimer(Runnable body) {
    return new AioTimer(this, body);
  }

  void armTimer(AioTimer timer, long deadlineNanos) {
    owner.check();
    // A loop that sleeps is woken only for an earlier first timer; at its next wake-up it sees all
    // timers.
    if (timers.arm(timer, deadlineNanos) && !owner.isLoopThread()) {
      wakeup.notifyLoop();
    }
  }

  void cancelTimer(AioTimer timer) {
    owner.check();
    timers.cancel(timer);
  }

  // ---- watches -------------------------------------------------------------------------------

  /**
   * Watches a notifier: {@code handler} runs on the loop each time it was signalled.
   *
   * @return the watch, to be closed on the loop; no handler runs after that. A loop that closes
   *     returns one that is closed
   */
  public EventWatch watch(EventNotifier notifier, EventHandler handler) {
    owner.check();
    return watches.add(new EventWatch(this, notifier, handler));
  }

  /**
   * Watches a descriptor, level-triggered: {@code handler} runs while it is ready.
   *
   * @param events poll(2) events
   * @return the watch, to be closed on the loop; no handler runs after that. A loop that closes
   *     returns one that is closed
   */
  public FdWatch watchFd(int fd, int events, FdHandler handler) {
    owner.check();
    return watches.add(new FdWatch(this, fd, events, handler));
  }

  /** Whether watches are to be armed. */
  boolean isWatching() {
    return watches.armed();
  }

  void forget(LoopWatch watch) {
    owner.check();
    watches.remove(watch);
  }

  /** Asks the kernel to cancel a request; its own CQE still comes, with ECANCELED if it worked. */
  void cancel(RingOp op) {
    owner.check();
    RingOp cancellation = requests.cancel(op);
    if (cancellation != null) {
      addSqe(cancellation);
    }
  }

  // ---- suspending ----------------------------------------------------------------------------

  /**
   * Adds a client, which the loop holds while it is suspended. Adding the client again does
   * nothing.
   */
  public void addClient(LoopClient client) {
    owner.check();
    clients.add(client);
  }

  /** Removes a client that has nothing in flight and will start nothing more. */
  public void removeClient(LoopClient client) {
    owner.check();
    clients.remove(client);
  }

  /**
   * Whether the loop is suspended: it has neither thread nor ring. Requests, watches, bottom halves
   * and timers that are added then start when the loop resumes; {@link #invoke} runs at once.
   */
  public boolean isSuspended() {
    return invocations.suspended();
  }

  /** The clients; for the loop. */
  LoopClients clients() {
    return clients;
  }

  /** How many block requests clients had in flight when the loop was last suspended. */
  int drained() {
    return suspension.drained();
  }

  /** Loop: as {@link LoopSuspension#suspend}. */
  boolean suspend(BooleanSupplier wanted) {
    return suspension.suspend(wanted);
  }

  /**
   * Takes a loop that is suspended over to the calling thread (the main loop's: which holds the big
   * lock), with a new ring.
   *
   * @throws dev.platter.aio.PlatterException if the kernel refuses it; the loop is still suspended
   */
  void resume() {
    suspension.takeOver();
    try {
      suspension.wake();
    } catch (RuntimeException | Error e) {
      abandon(e);
      throw e;
    }
  }

  /** Ends a loop that is suspended. For a thread that does not hold the big lock. */
  void closeSuspended() {
    boolean suspended =
        suspension.borrow(() -> {
          closed = true;
          watches.close();
          bottomHalves.end();
          bottomHalves.run();
          requests.cancelWaiting();
          invocations.resume(); // a later call finds that the loop has ended
          owner.unbind();
        });
    if (suspended) {
      wakeup.close();
    }
  }

  // ---- the end -------------------------------------------------------------------------------

  /**
   * Ends the loop, on its thread (the main loop's: with the big lock held): cancels watches, waits
   * for everything in flight, runs the bottom halves scheduled until then, unmaps the ring.
   * Idempotent.
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    owner.check();
    if (!owner.isLoopThread()) {
      throw new IllegalStateException("loop " + name + " is closed by its own thread");
    }
    closed = true;
    watches.close();
    drain();
    // Each bottom half runs once more; a bottom half that always schedules itself again ends here.
    bottomHalves.end();
    bottomHalves.run();
    drain();
    ring.close();
    wakeup.close();
    owner.end();
  }

  /**
   * Takes turns until nothing is in flight, because the kernel may write to our memory until the
   * last CQE. Other threads may bring work meanwhile and must be able to wake the loop, so the read
   * on its eventfd is cancelled last, and armed again if work comes after that.
   */
  void drain() {
    while (!requests.isEmpty()) {
      boolean last = requests.isOnly(wakeupRead);
      if (last) {
        cancel(wakeupRead);
      }
      turn(!last);
    }
  }

  /**
   * Tells threads that wait for the loop that its thread dies of an exception. Leaves the ring
   * mapped, because the kernel may still write to the memory of requests in flight. Allocates
   * nothing, since {@code cause} may be an OutOfMemoryError.
   */
  void abandon(Throwable cause) {
    closed = true;
    calls.abandon(cause);
    watches.refuse();
    bottomHalves.abandon(cause);
    owner.end();
  }
}
