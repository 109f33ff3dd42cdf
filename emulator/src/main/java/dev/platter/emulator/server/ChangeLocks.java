package dev.platter.emulator.server;

import dev.platter.aio.PlatterException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * The locks of whatever changes a server: each export and each loop has one, and a change of the
 * server as a whole takes all of them. A change that waits for a disk holds up no change of another
 * export. Once the server stops, changes are refused. Any thread.
 */
final class ChangeLocks {
  /** The locks of a wait that was given up: none. */
  static final Held NONE = () -> {};

  private static final long LOOK_MILLIS = 20;

  private final Set<String> taken = new HashSet<>();
  private boolean all;
  // Written without a lock, so that whatever waits for a lock gives up.
  private volatile boolean stopping;

  /** Gives locks back when it is closed. */
  interface Held extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Waits until all of some locks are free, and takes them at once.
   *
   * @param things the names of exports and the ids of loops
   * @param over whether to wait no more; asked often
   * @return the locks; {@link #NONE} if the wait was given up
   */
  Held acquire(Collection<String> things, BooleanSupplier over) {
    Set<String> mine = Set.copyOf(things);
    synchronized (this) {
      if (!awaitFree(() -> !all && mine.stream().noneMatch(taken::contains), over)) {
        return NONE;
      }
      taken.addAll(mine);
    }
    return () -> give(mine);
  }

  Held acquire(String thing, BooleanSupplier over) {
    return acquire(List.of(thing), over);
  }

  /** Waits until all locks are free, and takes them. Other threads may overtake it. */
  Held acquireAll() {
    return acquireAll(() -> false);
  }

  /**
   * Waits as {@link #acquireAll()} does.
   *
   * @param over whether to wait no more; asked often
   * @return the locks; {@link #NONE} if the wait was given up
   */
  Held acquireAll(BooleanSupplier over) {
    synchronized (this) {
      if (!awaitFree(() -> !all && taken.isEmpty(), over)) {
        return NONE;
      }
      all = true;
    }
    return this::giveAll;
  }

  /**
   * Called in the monitor. An interrupt ends no wait; the thread has it again afterwards.
   *
   * @return whether the locks are free; false if the wait was given up
   */
  private boolean awaitFree(BooleanSupplier free, BooleanSupplier over) {
    boolean interrupted = false;
    while (!free.getAsBoolean() && !over.getAsBoolean()) {
      try {
        wait(LOOK_MILLIS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return free.getAsBoolean();
  }

  private synchronized void give(Set<String> things) {
    taken.removeAll(things);
    notifyAll();
  }

  private synchronized void giveAll() {
    all = false;
    notifyAll();
  }

  /** Refuses changes from here on, and ends waits for locks that this is to end. */
  void stop() {
    stopping = true;
  }

  boolean isStopping() {
    return stopping;
  }

  /**
   * Refuses a change of a server that stops.
   *
   * @throws PlatterException of kind FAILED if the server stops
   */
  void checkOpen() {
    if (stopping) {
      throw PlatterException.failed("the server is stopping", null);
    }
  }
}
