package dev.platter.aio.loop;

import java.util.concurrent.atomic.AtomicLong;

/** A counter that any thread adds to. */
public final class SharedCounter {
  private final AtomicLong value = new AtomicLong();

  /** Adds one. */
  public void increment() {
    value.getAndIncrement();
  }

  /** Adds {@code amount}. */
  public void add(long amount) {
    value.getAndAdd(amount);
  }

  /** The count now. */
  public long get() {
    return value.get();
  }
}
