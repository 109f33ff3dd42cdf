package dev.platter.aio.loop;

import dev.platter.aio.abi.IoUringAbi;
import dev.platter.aio.access.RingAccess;
import dev.platter.aio.event.EventNotifier;
import dev.platter.aio.ring.CompletionQueue;
import dev.platter.aio.ring.Ring;
import dev.platter.aio.ring.SetupFlag;
import dev.platter.aio.ring.SubmissionQueue;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.trace.LoopWaitEvent;
import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.aio.trace.TraceEvents;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
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
  private static final long LOOK_NANOS = 1_000_000_000;
  private static final int ATTENTION = IoUringAbi.SQ_TASKRUN | IoUringAbi.SQ_CQ_OVERFLOW;

  private final String name;
  private final @Nullable BigLock lock;
  private final AioConfig config;
  private final LoopRequests requests;
  private final LoopWakeup wakeup;
  private final LoopStats stats;
  private final LoopTimers timers = new LoopTimers();
  private final BottomHalfQueue bottomHalves = new BottomHalfQueue();
  private final EventPollers pollers = new EventPollers();
  private final List<LoopWatch> watches = new ArrayList<>();
  private final AdaptivePolling polling;
  private final WakeupRead wakeupRead;
  private final boolean checksCq;
  private final Look look;
  private final Invocations invocations;
  private final Object borrowing = new Object();
  private final List<LoopClient> clients = new ArrayList<>();
  // Plain: a thread asks only whether it is the one, and sees its own writes. Null if suspended.
  private @Nullable Thread thread;
  // The same for any thread; 0 if there is none.
  private volatile long threadId;
  // As plain. Who has the loop while it is suspended, if anybody.
  private @Nullable Thread borrower;
  // Another each time the loop is resumed.
  private Ring ring;
  private SubmissionQueue sq;
  private CompletionQueue cq;
  private boolean hasNoIowait;
  private boolean taskWorkHidden;
  private boolean ringSaysReady;
  private boolean pausing;
  // Whether watches are armed: not from when a loop takes them back to suspend until its resume.
  private boolean watching = true;
  private int drained;
  private boolean closed;
  private volatile @Nullable Throwable death;

  /**
   * Creates the calling thread's loop.
   *
   * @param name what it is called in errors and reports
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
    this.config = config;
    this.thread = Thread.currentThread();
    this.threadId = Thread.currentThread().threadId();
    this.wakeup =
        config.ablations().contains(Ablation.NOTIFY) ? new DeafWakeup() : new LoopWakeup();
    this.ring = openRing(config, wakeup);
    this.sq = ring.submission();
    this.cq = ring.completion();
    limitWorkers();
    this.stats = new LoopStats(wakeup);
    this.requests = new LoopRequests(ring, stats);
    this.polling = AdaptivePolling.ofLoop(config.pollMaxNanos());
    this.hasNoIowait = mayWaitWithoutIowait();
    this.checksCq = !config.ablations().contains(Ablation.CQ_CHECK);
    this.look = new Look(lock);
    this.taskWorkHidden = hidesTaskWork(ring.granted());
    this.invocations = new Invocations(name, bottomHalves);
    CurrentContext.setOwn(this);
    if (lock != null) {
      lock.bind(this);
    }
    this.wakeupRead = new WakeupRead(wakeup.notifier());
    requests.add(wakeupRead);
  }

  private static Ring openRing(AioConfig config, LoopWakeup wakeup) {
    try {
      return RingAccess.open(config.entries(), config.flags());
    } catch (RuntimeException e) {
      wakeup.close();
      throw e;
    }
  }

  /** Before Linux 5.15 there is no limit. */
  private void limitWorkers() {
    if (config.maxWorkers() > 0) {
      int _ = ring.limitWorkers(config.maxWorkers(), config.maxWorkers());
    }
  }

  private boolean mayWaitWithoutIowait() {
    return ring.hasFeature(IoUringAbi.FEAT_NO_IOWAIT)
        && !config.ablations().contains(Ablation.NO_IOWAIT);
  }

  /** Whether completion work may wait for the next enter without a flag in memory that tells. */
  private static boolean hidesTaskWork(Set<SetupFlag> granted) {
    return (granted.contains(SetupFlag.COOP_TASKRUN) || granted.contains(SetupFlag.DEFER_TASKRUN))
        && !granted.contains(SetupFlag.TASKRUN_FLAG);
  }

  /**
   * The context that the calling thread may queue into: its own loop's, or the main loop's while it
   * holds the big lock.
   *
   * @throws IllegalStateException on any other thread
   */
  public static AioContext current() {
    AioContext context = CurrentContext.get();
    if (context == null) {
      throw new IllegalStateException(
          "thread "
              + Thread.currentThread().getName()
              + " runs no loop and does not hold the big lock: it cannot start I/O");
    }
    return context;
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
    return threadId;
  }

  /** The loop's ring, for reports and registration; only the loop may enter it. */
  public Ring ring() {
    return ring;
  }

  /** How long the loop polls before it sleeps; the loop's own thread. */
  AdaptivePolling polling() {
    return polling;
  }

  /** How many block requests are in flight or waiting for room. */
  public int blockRequestsInFlight() {
    checkAccess();
    return requests.blockInFlight();
  }

  private boolean onLoopThread() {
    return Thread.currentThread().equals(thread);
  }

  private void checkAccess() {
    if (lock != null) {
      lock.checkHeld();
    } else if (!onLoopThread() && !Thread.currentThread().equals(borrower)) {
      throw new IllegalStateException(
          "loop " + name + " used by thread " + Thread.currentThread().getName());
    }
  }

  /**
   * Queues a request into this ring and notifies the loop, which submits it in its next turn. A
   * request that finds the SQ full waits behind those that did before it.
   *
   * @param op a request that is not in flight
   * @throws IllegalStateException on a thread that may not queue here, or if it is in flight
   */
  public void addSqe(RingOp op) {
    checkAccess();
    requests.add(op);
    boolean byLoop = onLoopThread();
    Timeline timeline = op.timeline();
    if (timeline != null) {
      timeline.queued(System.nanoTime(), wakeup.isSleeping(), wakeup.announces(byLoop));
    }
    wakeup.sqeAdded(byLoop);
  }

  /**
   * Stamps a request that a handler on the calling thread has come to: since when it holds the big
   * lock, and whom it had to wait for; an IOThread's handler takes it now.
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
    if (!onLoopThread()) {
      throw new IllegalStateException(
          "loop " + name + " turned by thread " + Thread.currentThread().getName());
    }
    stats.turns.increment();
    wakeup.accept();
    look.begin(requests.anyTimelines());
    requests.fillWaiting();
    if (mayBlock && !wakeupRead.inFlight()) {
      // Whatever else the loop is about to do: it never sleeps where nobody can wake it.
      requests.add(wakeupRead);
    }
    // What waits for room cannot wait for a completion as well: nothing says that one will come.
    boolean block = mayBlock && bottomHalves.isEmpty() && !requests.anyWaiting();
    block &= cq.isEmpty() || !checksCq;
    long timeout = block ? timers.nanosUntilFirst() : 0;
    block = timeout != 0;
    boolean progress = false;
    long pollStart = 0;
    // With SQEs to submit, submitting and sleeping in one call beats spinning: the wait is the
    // disk's, and says nothing about how soon the next request would have come.
    if (block && polling.enabled() && sq.pending() == 0) {
      pollStart = System.nanoTime();
      progress = busyPoll(pollStart, timeout);
      block = !progress;
    } else if (!block && pollers.begun()) {
      // Their signals are off, and a loop that is never idle would never come to poll them.
      progress = pollers.lookOnce();
    }
    if (block) {
      pollers.end();
    }
    enterIfNeeded(block);
    if (block && pollStart != 0) {
      polling.adjust(System.nanoTime() - pollStart);
    }
    if (checksCq || ringSaysReady) {
      progress |= requests.takeCompletions(look);
      look.end();
    }
    progress |= bottomHalves.run();
    progress |= timers.run();
    return progress;
  }

  /**
   * The life of a loop on one thread: turns while {@code running}, then is suspended if {@code
   * suspending}, and still so when nothing is in flight, or closes; an exception abandons it.
   */
  void turnWhile(BooleanSupplier running, BooleanSupplier suspending) {
    try {
      while (true) {
        while (running.getAsBoolean()) {
          turn(true);
        }
        if (!suspending.getAsBoolean()) {
          close();
          return;
        }
        if (suspend(suspending)) {
          return;
        }
      }
    } catch (RuntimeException | Error e) {
      abandon(e);
      throw e;
    }
  }

  private void enterIfNeeded(boolean wantsToWait) {
    // The timers are looked at again: the end of polling may have armed one, and took its time.
    long timeout = wantsToWait ? timers.nanosUntilFirst() : 0;
    boolean wait = timeout != 0 && wakeup.prepareToSleep();
    // Bottom halves and SQEs announced before accept() are covered by the checks in turn().
    int toSubmit = sq.publish();
    requests.stampEntered(look.lastWake());
    look.turnOn(requests.anyTimelines());
    if (checksCq && !wait && toSubmit == 0 && !taskWorkHidden && (sq.flags() & ATTENTION) == 0) {
      if (lock != null) {
        // A loop that always finds something to do must not keep vCPUs out.
        lock.unlock();
        lock.lock();
      }
      return;
    }
    int blockInFlight = requests.blockInFlight();
    boolean noIowait = wait && hasNoIowait && blockInFlight == 0;
    stats.enters.increment();
    if (noIowait) {
      stats.noIowaitWaits.increment();
    }
    int result = 0;
    look.leaves(wait && !cq.isEmpty());
    LoopWaitEvent event = wait && TraceEvents.wanted() ? LoopWaitEvent.beginIfEnabled(name) : null;
    if (lock != null) {
      lock.unlock();
    }
    try {
      result =
          checksCq
              ? ring.enter(toSubmit, wait ? 1 : 0, timeout, noIowait)
              : enterAndPoll(toSubmit, wait ? timeout : 0);
    } finally {
      look.back(wait, checksCq ? cq.isEmpty() : !ringSaysReady);
      if (event != null) {
        event.end();
      }
      wakeup.awake();
      if (lock != null) {
        lock.lock();
      }
    }
    if (event != null) {
      LoopWaitEvent.end(event, look.lastWake(), blockInFlight);
    }
    if (result >= 0) {
      stats.sqesSubmitted.add(result);
    } else if (result != -Errno.ETIME
        && result != -Errno.EINTR
        && result != -Errno.EAGAIN
        && result != -Errno.EBUSY) {
      throw new IllegalStateException(
          "io_uring_enter failed with " + Errno.name(result) + " on loop " + name + ": " + sq);
    }
  }

  /** The wait without the CQ check: what the ring does not report as new stays where it is. */
  private int enterAndPoll(int toSubmit, long timeout) {
    int result = ring.enter(toSubmit, 0, 0, false);
    ringSaysReady = ring.poll(timeout);
    return result;
  }

  private boolean busyPoll(long start, long timeout) {
    long budget = timeout < 0 ? polling.nanos() : Math.min(timeout, polling.nanos());
    if (budget == 0) {
      return false;
    }
    pollers.begin();
    EventWatch[] watches = pollers.watches();
    EventWatch found;
    boolean hit;
    if (lock != null) {
      lock.unlock();
    }
    try {
      do {
        found = EventPollers.firstWithWork(watches);
        hit =
            found != null || wakeup.isNotified() || !cq.isEmpty() || (sq.flags() & ATTENTION) != 0;
        if (!hit) {
          Thread.onSpinWait();
        }
      } while (!hit && System.nanoTime() - start < budget);
      look.polled(!cq.isEmpty());
    } finally {
      if (lock != null) {
        lock.lock();
      }
    }
    (hit ? stats.pollHits : stats.pollMisses).increment();
    if (found != null && !found.isClosed()) {
      found.handler().ready();
    }
    return hit;
  }

  // ---- bottom halves -------------------------------------------------------------------------

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
   * Runs {@code body} on the loop and waits for it; what it throws is thrown here. On the loop's
   * own thread, or under the lock it shares, runs it at once; also while the loop is suspended,
   * when it is the calling thread that has the loop meanwhile. A thread that holds the big lock may
   * wait for an IOThread this way because IOThreads never take that lock.
   *
   * @throws IllegalStateException if the loop has ended; or if it has a big lock and the caller
   *     holds another one, for which that loop may be waiting
   */
  public void invoke(Runnable body) {
    if (onLoopThread() || (lock != null && lock.isHeldByCurrentThread())) {
      body.run();
      return;
    }
    if (lock != null && CurrentContext.held() != null) {
      throw new IllegalStateException("loop " + name + " is waited for with another big lock held");
    }
    Invocation invocation = new Invocation(body, invocations);
    while (!invocations.push(invocation)) {
      if (borrow(body)) {
        return;
      }
    }
    wakeup.notifyLoop();
    invocation.await();
  }

  /**
   * Runs {@code body} with a loop that is suspended, which is one thread's at a time.
   *
   * @return false if it is not, or no more
   */
  private boolean borrow(Runnable body) {
    if (lock != null) {
      lock.lock();
      try {
        boolean suspended = invocations.suspended();
        if (suspended) {
          body.run();
        }
        return suspended;
      } finally {
        lock.unlock();
      }
    }
    synchronized (borrowing) {
      if (!invocations.suspended()) {
        return false;
      }
      AioContext ownBefore = CurrentContext.own();
      Thread before = borrower;
      borrower = Thread.currentThread();
      CurrentContext.setOwn(this);
      try {
        body.run();
      } finally {
        CurrentContext.setOwn(ownBefore);
        borrower = before;
      }
      return true;
    }
  }

  /**
   * Waits for something that only this loop's progress can bring about, such as the completion of
   * requests in flight. On the loop's own thread, takes turns meanwhile; under the lock it shares,
   * gives the lock up meanwhile; else just waits.
   *
   * @param done counted down on the loop
   * @throws IllegalStateException if the loop dies meanwhile
   */
  public void waitFor(CountDownLatch done) {
    if (onLoopThread()) {
      while (done.getCount() > 0) {
        turn(true);
      }
    } else if (lock != null && lock.isHeldByCurrentThread()) {
      if (done.getCount() > 0) {
        lock.unlock();
        try {
          awaitAlive(done);
        } finally {
          lock.lock();
        }
      }
    } else if (done.getCount() > 0 && Thread.currentThread().equals(borrower)) {
      throw new IllegalStateException("loop " + name + " is suspended: it makes no progress");
    } else {
      awaitAlive(done);
    }
  }

  private void awaitAlive(CountDownLatch done) {
    while (!Threads.awaitUninterruptibly(done, LOOK_NANOS)) {
      if (death != null) {
        throw new IllegalStateException("the loop died", death);
      }
    }
  }

  // ---- timers --------------------------------------------------------------------------------

  /** Makes a timer of this loop. */
  public AioTimer newTimer(Runnable body) {
    return new AioTimer(this, body);
  }

  void armTimer(AioTimer timer, long deadlineNanos) {
    checkAccess();
    // A loop that sleeps wakes up for its first timer, and then sees all others.
    if (timers.arm(timer, deadlineNanos) && !onLoopThread()) {
      wakeup.notifyLoop();
    }
  }

  void cancelTimer(AioTimer timer) {
    checkAccess();
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
    checkAccess();
    EventWatch watch = new EventWatch(this, notifier, handler);
    if (begin(watch)) {
      pollers.add(watch);
    }
    return watch;
  }

  /**
   * Watches a descriptor, level-triggered: {@code handler} runs while it is ready.
   *
   * @param events poll(2) events
   * @return the watch, to be closed on the loop; no handler runs after that. A loop that closes
   *     returns one that is closed
   */
  public FdWatch watchFd(int fd, int events, FdHandler handler) {
    checkAccess();
    FdWatch watch = new FdWatch(this, fd, events, handler);
    begin(watch);
    return watch;
  }

  /** Begins a watch; returns whether it is one of the loop's now, which a closing loop refuses. */
  private boolean begin(LoopWatch watch) {
    if (closed) {
      watch.close();
      return false;
    }
    watches.add(watch);
    if (watching) {
      watch.arm();
    }
    return true;
  }

  /** Whether watches are to be armed. */
  boolean isWatching() {
    return watching;
  }

  void forget(LoopWatch watch) {
    checkAccess();
    watches.remove(watch);
    if (watch instanceof EventWatch eventWatch) {
      pollers.remove(eventWatch);
    }
  }

  /** Asks the kernel to cancel a request; its own CQE still comes, with ECANCELED if it worked. */
  void cancel(RingOp op) {
    checkAccess();
    RingOp cancellation = requests.cancel(op);
    if (cancellation != null) {
      addSqe(cancellation);
    }
  }

  // ---- suspending ----------------------------------------------------------------------------

  /** Has a client hold back while the loop is suspended. Adding it again does nothing. */
  public void addClient(LoopClient client) {
    checkAccess();
    if (!clients.contains(client)) {
      clients.add(client);
      if (pausing) {
        client.pause();
      }
    }
  }

  /** Forgets a client, which has nothing in flight and asks for nothing more. */
  public void removeClient(LoopClient client) {
    checkAccess();
    clients.remove(client);
  }

  /**
   * Whether the loop has neither thread nor ring at the moment. What is added to it then is
   * submitted when it is resumed: requests, watches, bottom halves, timers. {@link #invoke} runs at
   * once.
   */
  public boolean isSuspended() {
    return invocations.suspended();
  }

  /** How many block requests clients had in flight when the loop was last suspended. */
  int drained() {
    return drained;
  }

  /**
   * Loop (the main loop's: with the big lock held): clients pause, what they have in flight
   * completes, watches are taken back, the ring is unmapped. The thread can end then.
   *
   * @param wanted looked at while something is in flight
   * @return false if that is no longer so: clients go on
   */
  private boolean suspend(BooleanSupplier wanted) {
    drained = pauseClients();
    clients.forEach(LoopClient::park);
    while (clientsInFlight() > 0) {
      turn(true);
      if (!wanted.getAsBoolean()) {
        resumeClients();
        return false;
      }
    }
    watching = false;
    watches.forEach(this::cancel);
    do {
      drain();
      turn(false); // who waits for us may bring new requests
      pollers.end();
    } while (!tryToLeave());
    return true;
  }

  /**
   * Loop: clients start no more requests, nor do those that are added.
   *
   * @return how many requests are in flight
   */
  int pauseClients() {
    pausing = true;
    for (LoopClient client : clients) {
      client.pause();
    }
    return clientsInFlight();
  }

  /** Loop: clients go on. */
  void resumeClients() {
    pausing = false;
    List.copyOf(clients).forEach(LoopClient::resume);
  }

  /** Loop: how many requests clients have in flight. */
  int clientsInFlight() {
    int count = 0;
    for (LoopClient client : clients) {
      count += client.inFlight();
    }
    return count;
  }

  private boolean tryToLeave() {
    if (!requests.isEmpty()) {
      return false;
    }
    synchronized (borrowing) {
      if (!invocations.suspend()) {
        return false;
      }
      requests.ringClosed();
      ring.close();
      thread = null;
      threadId = 0;
      CurrentContext.setOwn(null);
      return true;
    }
  }

  /**
   * Takes a loop that is suspended over to the calling thread (the main loop's: which holds the big
   * lock), with a new ring.
   *
   * @throws dev.platter.aio.PlatterException if the kernel refuses it; the loop is still suspended
   */
  void resume() {
    synchronized (borrowing) {
      ring = RingAccess.open(config.entries(), config.flags());
      sq = ring.submission();
      cq = ring.completion();
      limitWorkers();
      hasNoIowait = mayWaitWithoutIowait();
      taskWorkHidden = hidesTaskWork(ring.granted());
      requests.ringOpened(ring);
      thread = Thread.currentThread();
      threadId = Thread.currentThread().threadId();
      CurrentContext.setOwn(this);
      invocations.resume();
    }
    try {
      pausing = false;
      watching = true;
      List.copyOf(watches).forEach(LoopWatch::arm);
      resumeClients();
    } catch (RuntimeException | Error e) {
      abandon(e);
      throw e;
    }
  }

  /** Ends a loop that is suspended. For a thread that does not hold the big lock. */
  void closeSuspended() {
    boolean suspended =
        borrow(() -> {
          closed = true;
          closeWatches();
          bottomHalves.end();
          bottomHalves.run();
          requests.cancelWaiting();
          invocations.resume(); // who comes now finds that it has ended
          if (lock != null) {
            lock.bind(null);
          }
        });
    if (suspended) {
      wakeup.close();
    }
  }

  private void closeWatches() {
    for (LoopWatch watch : List.copyOf(watches)) {
      watch.close();
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
    checkAccess();
    if (!onLoopThread()) {
      throw new IllegalStateException("loop " + name + " is closed by its own thread");
    }
    closed = true;
    closeWatches();
    drain();
    // One more time for each; one that schedules itself for ever ends here.
    bottomHalves.end();
    bottomHalves.run();
    drain();
    ring.close();
    wakeup.close();
    leaveThread();
  }

  /**
   * The kernel may write to our memory until the last CQE: nothing is unmapped before. Turns run
   * what other threads bring, who must be able to wake the loop until nothing else is in flight:
   * the read that hears them is taken back last, and armed again if they bring something after
   * that.
   */
  private void drain() {
    while (!requests.isEmpty()) {
      boolean last = requests.isOnly(wakeupRead);
      if (last) {
        cancel(wakeupRead);
      }
      turn(!last);
    }
  }

  private void leaveThread() {
    threadId = 0;
    CurrentContext.setOwn(null);
    if (lock != null) {
      lock.bind(null);
    }
  }

  /**
   * The loop's thread dies of an exception: whoever waits for the loop is told. The ring is left
   * mapped, because the kernel may still write to the memory of what is in flight. Allocates
   * nothing, or an OutOfMemoryError would be lost in another.
   */
  private void abandon(Throwable cause) {
    closed = true;
    death = cause;
    bottomHalves.abandon(cause);
    leaveThread();
  }
}
