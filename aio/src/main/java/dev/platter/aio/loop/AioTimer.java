package dev.platter.aio.loop;

/** A one-shot timer of a loop, reusable. For the loop's thread, or holders of its lock. */
public final class AioTimer {
  private final AioContext context;
  private final Runnable body;
  long deadlineNanos;
  int heapIndex = -1;

  AioTimer(AioContext context, Runnable body) {
    this.context = context;
    this.body = body;
  }

  /** Arms the timer, or moves it, to {@code delayNanos} from now. */
  public void arm(long delayNanos) {
    context.armTimer(this, System.nanoTime() + delayNanos);
  }

  /**
   * Arms the timer, or moves it, to {@code deadlineNanos} on the clock of {@link System#nanoTime}.
   */
  public void armAt(long deadlineNanos) {
    context.armTimer(this, deadlineNanos);
  }

  /** Disarms it. */
  public void cancel() {
    context.cancelTimer(this);
  }

  /** Whether it is waiting to fire. */
  public boolean isArmed() {
    return heapIndex >= 0;
  }

  void fire() {
    body.run();
  }
}
