package dev.platter.aio.sys;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * One 32-bit word that threads can sleep on (futex(7)). Locks and halted vCPUs are built on it
 * because neither a wait nor a wake allocates, which java.util.concurrent's queues do.
 *
 * <p>Any thread may call any method. The word is never freed while this object is reachable.
 */
public final class FutexWord {
  private static final int FUTEX_WAIT_PRIVATE = 128;
  private static final int FUTEX_WAKE_PRIVATE = 1 | 128;
  private static final long LINE = 64;
  private static final VarHandle INT = JAVA_INT.varHandle();

  private static final ThreadLocal<MemorySegment> TIMESPEC =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(2 * JAVA_LONG.byteSize(), 8));

  // The word has a cache line of its own, because threads spin on it.
  private final MemorySegment memory = Arena.ofAuto().allocate(2 * LINE, LINE);

  /** Reads the word with volatile semantics. */
  public int get() {
    return (int) INT.getVolatile(memory, 0L);
  }

  /** Writes the word with volatile semantics. */
  public void set(int value) {
    INT.setVolatile(memory, 0L, value);
  }

  /** Writes the word with release semantics. */
  public void setRelease(int value) {
    INT.setRelease(memory, 0L, value);
  }

  /** Sets the word and returns its old value, atomically. */
  public int getAndSet(int value) {
    return (int) INT.getAndSet(memory, 0L, value);
  }

  /** Sets the word to {@code update} if it holds {@code expected}. */
  public boolean compareAndSet(int expected, int update) {
    return INT.compareAndSet(memory, 0L, expected, update);
  }

  /** Sleeps while the word holds {@code expected}; may return early for no reason. */
  public void await(int expected) {
    Syscalls.futex(memory.address(), FUTEX_WAIT_PRIVATE, expected, 0);
  }

  /**
   * Sleeps while the word holds {@code expected}, at most {@code timeoutNanos}; may return early
   * for no reason.
   */
  public void await(int expected, long timeoutNanos) {
    if (timeoutNanos <= 0) {
      return;
    }
    MemorySegment ts = TIMESPEC.get();
    ts.set(JAVA_LONG, 0, timeoutNanos / 1_000_000_000L);
    ts.set(JAVA_LONG, 8, timeoutNanos % 1_000_000_000L);
    Syscalls.futex(memory.address(), FUTEX_WAIT_PRIVATE, expected, ts.address());
  }

  /** Wakes one sleeper; one system call. */
  public void wakeOne() {
    Syscalls.futex(memory.address(), FUTEX_WAKE_PRIVATE, 1, 0);
  }
}
