package dev.platter.emulator.measure.stages;

import java.util.Locale;

/** Why a request waited. */
public enum StallCause {
  /** Its SQE was queued while the loop slept, and no thread notified the loop. */
  NOT_NOTIFIED,
  /** The loop was told of its SQE and woke late. */
  LATE_WAKEUP,
  /** The loop was awake and did other work first. */
  LOOP_BUSY,
  /** The submission queue had no room. */
  SQ_FULL,
  /** Another thread had the big lock. */
  BIG_LOCK,
  /** Its CQE was there, and the loop slept or did other work. */
  CQE_NOT_REAPED,
  /** A kernel worker thread (io-wq) did it. */
  WORKER_POOL,
  /** The JVM stopped all threads, to collect garbage or at another safepoint. */
  GC_PAUSE,
  /** The host had no CPU for the thread that the request needed next. */
  NOT_SCHEDULED,
  /** The doorbell was rung, and the IOThread took the request late. */
  IOTHREAD_LATE,
  /** The interrupt was raised, and the guest took it late. */
  GUEST_LATE;

  /** As the JSON names it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
