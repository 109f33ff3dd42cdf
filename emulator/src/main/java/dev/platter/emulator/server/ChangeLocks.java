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
   * @param over whether to wait no more; looked at again when {@link #wake} is called
   * @return the locks; none of them if the wait was given up
   */
  Held acquire(Collection<String> things, BooleanSupplier over) {
    Set<String> mine = Set.copyOf(things);
    synchronized (this) {
      awaitWhile(() -> all || mine.stream().anyMatch(taken::contains), over);
      if (over.getAsBoolean()) {
        return () -> {};
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
   * @param over whether to wait no more; looked at again when {@link #wake} is called
   * @return the locks; none of them if the wait was given up
   */
  Held acquireAll(BooleanSupplier over) {
    synchronized (this) {
      awaitWhile(() -> all || !taken.isEmpty(), over);
      if (over.getAsBoolean()) {
        return () -> {};
      }
      all = true;
    }
    return this::giveAll;
  }

  /** Called in the monitor. An interrupt ends no wait; the thread has it again afterwards. */
  private void awaitWhile(BooleanSupplier busy, BooleanSupplier over) {
    boolean interrupted = false;
    while (busy.getAsBoolean() && !over.getAsBoolean()) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
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
    wake();
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

  /** Makes all waiting threads ask again whether their wait is over. */
  synchronized void wake() {
    notifyAll();
  }
}
