package dev.platter.aio.trace;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/**
 * A loop's wait in the kernel, in a flight recording.
 *
 * <pre>{@code
 * LoopWaitEvent wait = LoopWaitEvent.beginIfEnabled(name);
 * … io_uring_enter …
 * LoopWaitEvent.end(wait, Timeline.Wake.COMPLETION, blockRequestsInFlight);
 * }</pre>
 *
 * <p>Without a recording that wants the event, a wait costs three loads and allocates nothing. This
 * class loads {@code jdk.jfr}, so callers use it only while stages are on, and if {@link
 * TraceEvents#present}.
 */
@Name("platter.LoopWait")
@Label("Loop Wait")
@Description("A Platter event loop waits in the kernel for completions")
@Category("Platter")
@StackTrace(false)
public final class LoopWaitEvent extends Event {
  private static final LoopWaitEvent PROBE = new LoopWaitEvent();

  @Label("Loop")
  @Nullable String loop;

  @Label("Ended By")
  @Nullable String endedBy;

  @Label("Block Requests in Flight")
  int blockRequestsInFlight;

  @Label("Begin")
  @Description("When it began, on the clock of System.nanoTime")
  long beginNanoTime;

  private LoopWaitEvent() {}

  /** Begins a wait, on the loop's thread. Null if no recording wants it. */
  public static @Nullable LoopWaitEvent beginIfEnabled(String loop) {
    if (TraceEvents.muted() || !PROBE.isEnabled()) {
      return null;
    }
    LoopWaitEvent event = new LoopWaitEvent();
    event.loop = loop;
    event.beginNanoTime = System.nanoTime();
    event.begin();
    return event;
  }

  /**
   * The wait is over: now, or when {@link #end()} was called.
   *
   * @param event the result of {@link #beginIfEnabled}
   * @param endedBy the reason why the loop woke up
   * @param blockRequestsInFlight how many the loop waited for
   */
  public static void end(
      @Nullable LoopWaitEvent event, Timeline.Wake endedBy, int blockRequestsInFlight) {
    if (event != null) {
      event.endedBy =
          switch (endedBy) {
            case NONE -> "none";
            case COMPLETION -> "completion";
            case TIMER -> "timer";
          };
      event.blockRequestsInFlight = blockRequestsInFlight;
      event.commit();
    }
  }
}
