package dev.platter.emulator.server;

import dev.platter.aio.PlatterException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * Who may change what of a server: one at a time each thing, and the server as a whole nobody else.
 * A change that waits for a disk holds up none of the others' things. Once the server stops,
 * changes are over. Any thread.
 */
final class Turns {
  private final Set<String> taken = new HashSet<>();
  private boolean all;
  // Written without a turn, so that what waits in its turn is given up.
  private volatile boolean stopping;

  /** What ends a turn. */
  interface Turn extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Waits until nobody changes any of some things, and takes all of them at once.
   *
   * @param over whether to wait no more; looked at again when {@link #wake} is called
   * @return the turn; also when the wait was given up, for a thing that somebody else has
   */
  Turn of(Collection<String> things, BooleanSupplier over) {
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

  Turn of(String thing, BooleanSupplier over) {
    return of(List.of(thing), over);
  }

  /** Waits until nobody changes anything, and takes everything. Others may overtake it. */
  Turn ofAll() {
    return ofAll(() -> false);
  }

  /**
   * Waits as {@link #ofAll()} does.
   *
   * @param over whether to wait no more; looked at again when {@link #wake} is called
   * @return the turn; also when the wait was given up, for nothing then
   */
  Turn ofAll(BooleanSupplier over) {
    synchronized (this) {
      awaitWhile(() -> all || !taken.isEmpty(), over);
      if (over.getAsBoolean()) {
        return () -> {};
      }
      all = true;
    }
    return this::giveAll;
  }

  /** Called in the monitor. An interrupt ends no wait; it is there again after it. */
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

  /** From here on the server stops: has those who wait look whether that ends their wait. */
  void stop() {
    stopping = true;
    wake();
  }

  /** Whether the server stops. */
  boolean isStopping() {
    return stopping;
  }

  /**
   * Refuses a change of a server that stops.
   *
   * @throws PlatterException if it does
   */
  void checkOpen() {
    if (stopping) {
      throw PlatterException.failed("the server is stopping", null);
    }
  }

  /** Has those who wait look whether their wait is over. */
  synchronized void wake() {
    notifyAll();
  }
}
