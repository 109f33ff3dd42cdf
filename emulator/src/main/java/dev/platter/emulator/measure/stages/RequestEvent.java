package dev.platter.emulator.measure.stages;

import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.TraceEvents;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

/** A request, in a flight recording. Stages that it did not pass are 0. */
@Name("platter.Request")
@Label("Disk Request")
@Description("A request to a disk that Platter emulates, with the time of each of its stages")
@Category("Platter")
@StackTrace(false)
final class RequestEvent extends Event {
  private static final RequestEvent PROBE = new RequestEvent();

  @Label("Disk")
  @Nullable String disk;

  @Label("Operation")
  @Nullable String operation;

  @Label("Offset")
  @DataAmount
  long offset;

  @Label("Length")
  @DataAmount
  long length;

  @Label("Begin")
  @Description("When its first station was passed, on the clock of System.nanoTime")
  long beginNanoTime;

  @Label("End to End")
  @Description("From its first station to its last: the sum of the stages")
  @Timespan
  long endToEnd;

  @Label("Stage: Driver")
  @Timespan
  long driver;

  @Label("Stage: Exit")
  @Timespan
  long exit;

  @Label("Stage: Dispatch")
  @Timespan
  long dispatch;

  @Label("Stage: Device")
  @Timespan
  long device;

  @Label("Stage: Queue")
  @Timespan
  long queue;

  @Label("Stage: Kernel")
  @Timespan
  long kernel;

  @Label("Stage: Reap")
  @Timespan
  long reap;

  @Label("Stage: Finish")
  @Timespan
  long finish;

  @Label("Stage: Interrupt")
  @Timespan
  long interrupt;

  @Label("Stage: Guest")
  @Timespan
  long guest;

  @Label("Stall Cause")
  @Description("Why it waited, as far as that was known when it ended")
  @Nullable String stallCause;

  /** Whether any recording has these events on. */
  static boolean enabled() {
    return !TraceEvents.muted() && PROBE.isEnabled();
  }

  void fill(String name, RequestRecord request, @Nullable StallCause cause) {
    disk = name;
    operation = request.operationName();
    offset = request.offsetBytes();
    length = request.lengthBytes();
    beginNanoTime = request.beginNanos();
    endToEnd = request.endToEndNanos();
    driver = nanos(request, Stamp.DOORBELL);
    exit = nanos(request, Stamp.EXIT);
    dispatch = nanos(request, Stamp.HANDLED);
    device = nanos(request, Stamp.QUEUED);
    queue = nanos(request, Stamp.ENTERED);
    kernel = nanos(request, Stamp.READY);
    reap = nanos(request, Stamp.REAPED);
    finish = nanos(request, Stamp.COMPLETED);
    interrupt = nanos(request, Stamp.INTERRUPT);
    guest = nanos(request, Stamp.SEEN);
    stallCause = cause == null ? null : cause.toString();
  }

  private static long nanos(RequestRecord request, Stamp end) {
    return request.hasStage(end) ? request.stageNanos(end) : 0;
  }
}
