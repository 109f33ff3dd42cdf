package dev.platter.aio.trace;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

/**
 * A thread's wait for the big lock, in a flight recording. Emitted only where the lock was not
 * free.
 *
 * <pre>{@code
 * BigLockWaitEvent wait = BigLockWaitEvent.beginIfEnabled();
 * … wait for the lock …
 * BigLockWaitEvent.end(wait, holder, heldNanos);
 * }</pre>
 *
 * <p>Without a recording that wants the event, a wait costs three loads and allocates nothing. This
 * class loads {@code jdk.jfr}, so callers use it only while stages are on, and if {@link
 * TraceEvents#present}.
 */
@Name("platter.BigLockWait")
@Label("Big Lock Wait")
@Description("A thread waits for Platter's big lock, which another thread holds")
@Category("Platter")
@StackTrace(false)
public final class BigLockWaitEvent extends Event {
  private static final BigLockWaitEvent PROBE = new BigLockWaitEvent();

  @Label("Holder")
  @Nullable String holder;

  @Label("Held")
  @Description("How long the holder had the lock in all")
  @Timespan
  long held;

  @Label("Begin")
  @Description("When the wait began, on the clock of System.nanoTime")
  long beginNanoTime;

  private BigLockWaitEvent() {}

  /** Begins a wait, on the thread that waits. Null if no recording wants it. */
  public static @Nullable BigLockWaitEvent beginIfEnabled() {
    if (TraceEvents.muted() || !PROBE.isEnabled()) {
      return null;
    }
    BigLockWaitEvent event = new BigLockWaitEvent();
    event.beginNanoTime = System.nanoTime();
    event.begin();
    return event;
  }

  /**
   * The wait is over: the calling thread has the lock.
   *
   * @param event the result of {@link #beginIfEnabled}
   * @param holder the thread that had the lock, if known
   * @param heldNanos how long it had the lock in all
   */
  public static void end(
      @Nullable BigLockWaitEvent event, @Nullable String holder, long heldNanos) {
    if (event != null) {
      event.end();
      event.holder = holder;
      event.held = heldNanos;
      event.commit();
    }
  }
}
