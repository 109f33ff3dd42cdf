package dev.platter.aio.loop;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** A counter that one thread (or the holders of one lock) adds to, and any thread reads. */
public final class Counter {
  private static final VarHandle VALUE;

  static {
    try {
      VALUE = MethodHandles.lookup().findVarHandle(Counter.class, "value", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private long value;

  /** Adds one. */
  public void increment() {
    add(1);
  }

  /** Adds {@code amount}. */
  public void add(long amount) {
    VALUE.setOpaque(this, value + amount);
  }

  /** The count, perhaps a moment old. */
  public long get() {
    return (long) VALUE.getOpaque(this);
  }
}
