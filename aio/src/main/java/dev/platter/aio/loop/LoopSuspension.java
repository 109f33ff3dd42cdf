package dev.platter.aio.loop;

import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Suspends a loop, lends it while it is suspended, and resumes it. A suspended loop has neither
 * thread nor ring. Requests that are added to it wait, and any thread may borrow the loop for a
 * moment.
 */
final class LoopSuspension {
  private final AioContext loop;
  private final @Nullable BigLock lock;
  private final LoopOwner owner;
  private final LoopClients clients;
  private final LoopWatches watches;
  private final LoopRing ring;
  private final LoopRequests requests;
  private final Invocations invocations;
  private final Object borrowing = new Object();
  private int drained;

  LoopSuspension(
      AioContext loop,
      @Nullable BigLock lock,
      LoopOwner owner,
      LoopClients clients,
      LoopWatches watches,
      LoopRing ring,
      LoopRequests requests,
      Invocations invocations) {
    this.loop = loop;
    this.lock = lock;
    this.owner = owner;
    this.clients = clients;
    this.watches = watches;
    this.ring = ring;
    this.requests = requests;
    this.invocations = invocations;
  }

  /** How many block requests clients had in flight when the loop was last suspended. */
  int drained() {
    return drained;
  }

  /**
   * Loop (the main loop's: with the big lock held): clients are held, what they have in flight
   * completes, watches are taken back, the ring is unmapped. The thread can end then.
   *
   * @param wanted whether to go on with the suspension; asked while something is in flight
   * @return false if {@code wanted} became false, and clients go on
   */
  boolean suspend(BooleanSupplier wanted) {
    drained = clients.hold();
    clients.park();
    while (clients.inFlight() > 0) {
      loop.turn(true);
      if (!wanted.getAsBoolean()) {
        clients.resume();
        return false;
      }
    }
    watches.takeBack(loop::cancel);
    do {
      loop.drain();
      loop.turn(false); // a thread that waits for the loop may bring new requests
      watches.pollers().end();
    } while (!leave());
    return true;
  }

  private boolean leave() {
    if (!requests.isEmpty()) {
      return false;
    }
    synchronized (borrowing) {
      if (!invocations.suspend()) {
        return false;
      }
      requests.ringClosed();
      ring.close();
      owner.leave();
      return true;
    }
  }

  /**
   * Runs {@code body} with a suspended loop, which only one thread has at a time.
   *
   * @return false if the loop is not, or no longer, suspended
   */
  boolean borrow(Runnable body) {
    if (lock != null) {
      lock.lock();
      try {
        return runIfSuspended(body);
      } finally {
        lock.unlock();
      }
    }
    synchronized (borrowing) {
      return runIfSuspended(() -> owner.lend(body));
    }
  }

  private boolean runIfSuspended(Runnable body) {
    boolean suspended = invocations.suspended();
    if (suspended) {
      body.run();
    }
    return suspended;
  }

  /**
   * Gives the loop to the calling thread, with a new ring; for the main loop, the caller holds the
   * big lock. {@link #wake} then starts watches and clients.
   *
   * @throws dev.platter.aio.PlatterException if the kernel refuses a ring; the loop is still
   *     suspended
   */
  void takeOver() {
    synchronized (borrowing) {
      ring.open();
      requests.ringOpened(ring);
      owner.take();
      invocations.resume();
    }
  }

  /** Loop, after {@link #takeOver}: watches are armed again, and clients go on. */
  void wake() {
    watches.arm();
    clients.resume();
  }
}
