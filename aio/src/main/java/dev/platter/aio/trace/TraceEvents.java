package dev.platter.aio.trace;

/**
 * Whether Platter's events can go into flight recordings. Asked before any event class is touched:
 * those load {@code jdk.jfr}, which takes time, and which a JVM may lack.
 */
public final class TraceEvents {
  private static final boolean PRESENT = ModuleLayer.boot().findModule("jdk.jfr").isPresent();
  private static volatile boolean wanted;
  private static volatile boolean muted;

  private TraceEvents() {}

  /** Whether this JVM has flight recordings: without the module the event classes do not load. */
  public static boolean present() {
    return PRESENT;
  }

  /** From now on loops and the big lock emit events, if a recording asks for them. */
  public static void want() {
    wanted = PRESENT;
  }

  /** Whether {@link #want} was called, where it could be. */
  public static boolean wanted() {
    return wanted;
  }

  /**
   * Keeps events of requests, waits and locks from being made, while the only recording is one of
   * Platter's own, which has no use for them. A recording cannot decline them for itself: what one
   * switches off is off for all that do not mention it.
   */
  public static void mute(boolean only) {
    muted = only;
  }

  /** Whether nobody but Platter itself records. */
  public static boolean muted() {
    return muted;
  }
}
