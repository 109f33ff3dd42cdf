package dev.platter.emulator.measure.stages;

import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline.Wake;
import dev.platter.emulator.measure.stages.StallJudge.Stall;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Stalls in words. */
final class StallText {
  private StallText() {}

  /** A duration for people: {@code 498.2 ms}, {@code 730 us}. */
  static String duration(long nanos) {
    return nanos >= 1_000_000
        ? String.format(Locale.ROOT, "%.1f ms", nanos / 1e6)
        : String.format(Locale.ROOT, "%.0f us", nanos / 1e3);
  }

  /** What happened to one request, with names and times. */
  static String detail(
      TracedDevice device,
      PathThreads threads,
      Stall stall,
      RequestRecord request,
      Observations seen) {
    String time = duration(stall.nanos());
    String loop = device.loop();
    return switch (stall.cause()) {
      case NOT_NOTIFIED ->
          loop
              + " slept; nobody told it of the SQE; "
              + (request.wake() == Wake.TIMER ? "its timer" : "another completion")
              + " woke it after "
              + time;
      case LATE_WAKEUP ->
          loop + " slept and was told of the SQE; it submitted it " + time + " later";
      case LOOP_BUSY ->
          loop + " was awake and did other work for " + time + " before it submitted the SQE";
      case SQ_FULL -> "the SQ was full; the SQE waited " + time + " for room";
      case BIG_LOCK ->
          "big lock held by "
              + request.lockHolder()
              + " for "
              + duration(request.lockHeldNanos())
              + "; "
              + (stall.stage() == Stamp.HANDLED ? "the register access" : loop)
              + " waited "
              + time;
      case CQE_NOT_REAPED -> {
        if (stall.stage() == Stamp.READY) {
          yield loop
              + " was awake and did not look at its CQ for "
              + duration(request.unseenNanos())
              + "; the CQE may have been there";
        }
        yield request.sleptOnReady()
            ? loop + " slept although the CQE was there, for " + time
            : loop + " did other work for " + time + " before it took the CQE";
      }
      case WORKER_POOL ->
          switch (request.operation()) {
            case FLUSH, DISCARD, WRITE_ZEROES ->
                "the kernel hands every "
                    + request.operationName().replace('_', ' ')
                    + " to a worker thread (io-wq); it took "
                    + time;
            case READ, WRITE ->
                "a worker thread (iou-wrk) of this process was busy meanwhile; it took " + time;
          };
      case GC_PAUSE ->
          "the JVM stopped its threads for "
              + duration(paused(stall, seen.pauses()))
              + " of "
              + time
              + pauseNames(stall, seen.pauses());
      case NOT_SCHEDULED ->
          "the host had no CPU for "
              + thread(device, stall.stage())
              + " for up to "
              + duration(
                  seen.delays()
                      .waitedNanos(
                          threads.of(device, stall.stage()), stall.beginNanos(), stall.nanos()))
              + " of "
              + time;
      case IOTHREAD_LATE ->
          (request.passed(Stamp.DOORBELL) ? "the doorbell was rung; " : "no doorbell was wanted; ")
              + loop
              + " took the request "
              + time
              + " later";
      case GUEST_LATE -> "the interrupt was raised; the guest took it " + time + " later";
    };
  }

  private static String pauseNames(Stall stall, List<JvmPause> pauses) {
    String names =
        pauses.stream()
            .filter(pause -> paused(stall, List.of(pause)) > 0)
            .map(JvmPause::detail)
            .distinct()
            .limit(3)
            .collect(Collectors.joining(", "));
    return names.isEmpty() ? "" : " (" + names + ")";
  }

  private static long paused(Stall stall, List<JvmPause> pauses) {
    return StallJudge.pausedNanos(stall.beginNanos(), stall.nanos(), pauses);
  }

  /** The thread that the stage that ends at a stamp needs to go on. */
  private static String thread(TracedDevice device, Stamp end) {
    if (device.takesBigLock(end)) {
      return device.caller() + " or " + device.loop();
    }
    return device.lane(end).equals("vcpu") ? device.caller() : device.loop();
  }

  /** A cause in a few words. */
  static String phrase(StallCause cause) {
    return switch (cause) {
      case NOT_NOTIFIED -> "SQE queued, loop asleep, nobody told it";
      case LATE_WAKEUP -> "loop told of the SQE, and woke late";
      case LOOP_BUSY -> "loop awake, busy with other work";
      case SQ_FULL -> "no room in the SQ";
      case BIG_LOCK -> "big lock held by another thread";
      case CQE_NOT_REAPED -> "CQE there, loop asleep or busy";
      case WORKER_POOL -> "done by a kernel worker thread (io-wq)";
      case GC_PAUSE -> "JVM stopped all threads";
      case NOT_SCHEDULED -> "no CPU for the thread";
      case IOTHREAD_LATE -> "doorbell rung, IOThread took it late";
      case GUEST_LATE -> "interrupt raised, guest took it late";
    };
  }

  /**
   * All stalls of one cause, in a sentence without its full stop.
   *
   * @param wakes how many of the examined stalls each kind of wake-up ended
   * @param holders how many of the examined stalls waited for each holder of the lock
   */
  static String what(
      StallCause cause, TracedDevice device, Map<Wake, Long> wakes, Map<String, Long> holders) {
    String loop = device.loop();
    return switch (cause) {
      case NOT_NOTIFIED ->
          "An SQE was queued while "
              + loop
              + " slept, and nobody told it"
              + counted("its timer woke it", wakes.get(Wake.TIMER))
              + counted("another completion woke it", wakes.get(Wake.COMPLETION));
      case LATE_WAKEUP -> capital(loop) + " was told of an SQE while it slept, and woke late";
      case LOOP_BUSY -> capital(loop) + " was busy with other work when an SQE was queued";
      case SQ_FULL -> "The SQ had no room: more requests at once than the ring has entries";
      case BIG_LOCK ->
          "The big lock was held by another thread"
              + holders.entrySet().stream()
                  .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder()))
                  .limit(3)
                  .map(holder -> "; " + holder.getKey() + " in " + holder.getValue() + " of them")
                  .collect(Collectors.joining());
      case CQE_NOT_REAPED -> "A CQE was there while " + loop + " slept or did other work";
      case WORKER_POOL ->
          "A kernel worker thread (io-wq) did the request, or another one at that time";
      case GC_PAUSE -> "The JVM stopped all its threads, to collect garbage or at a safepoint";
      case NOT_SCHEDULED ->
          "This host may have had no CPU for the thread that was to go on with the request";
      case IOTHREAD_LATE -> "The IOThread took the request late from its virtqueue";
      case GUEST_LATE -> "The guest took the interrupt late";
    };
  }

  private static String counted(String what, @Nullable Long count) {
    return count == null ? "" : "; " + what + " in " + count + " of them";
  }

  private static String capital(String text) {
    return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
  }
}
