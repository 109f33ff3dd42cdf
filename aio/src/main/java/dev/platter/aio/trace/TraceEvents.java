package dev.platter.aio.trace;

/**
 * Whether Platter's events can go into flight recordings. Callers ask here before they use an event
 * class, because event classes load {@code jdk.jfr}, which takes time and which a JVM may lack.
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

  /** Whether {@link #want} was called on a JVM that has flight recordings. */
  public static boolean wanted() {
    return wanted;
  }

  /**
   * Suppresses events of requests, waits and locks while the only recording is Platter's own, which
   * does not use them. The recording cannot switch them off itself, because that would switch them
   * off in other recordings, too.
   */
  public static void mute(boolean only) {
    muted = only;
  }

  /** Whether only Platter itself records. */
  public static boolean muted() {
    return muted;
  }
}
