package dev.platter.emulator.measure.stages;

import static dev.platter.emulator.measure.stages.StallCause.BIG_LOCK;
import static dev.platter.emulator.measure.stages.StallCause.CQE_NOT_REAPED;
import static dev.platter.emulator.measure.stages.StallCause.GC_PAUSE;
import static dev.platter.emulator.measure.stages.StallCause.GUEST_LATE;
import static dev.platter.emulator.measure.stages.StallCause.IOTHREAD_LATE;
import static dev.platter.emulator.measure.stages.StallCause.LATE_WAKEUP;
import static dev.platter.emulator.measure.stages.StallCause.LOOP_BUSY;
import static dev.platter.emulator.measure.stages.StallCause.NOT_NOTIFIED;
import static dev.platter.emulator.measure.stages.StallCause.NOT_SCHEDULED;
import static dev.platter.emulator.measure.stages.StallCause.SQ_FULL;
import static dev.platter.emulator.measure.stages.StallCause.WORKER_POOL;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.trace.Stamp;
import dev.platter.aio.trace.Timeline;
import dev.platter.aio.trace.Timeline.Wake;
import dev.platter.devices.block.meter.Operation;
import dev.platter.emulator.measure.stages.StallJudge.Stall;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StallJudgeTest {
  private static final long THRESHOLD = 1_000_000;
  private static final double LONG = 2100;
  private static final TracedDevice VIRTIO_EXPORT = TracedDevice.VIRTIO.served(Stamp.HANDLED);

  /** A request with one long stage; the facts are given before the stamps, as loops give them. */
  private static RequestRecord request(Stamp end, Operation operation, Consumer<Timeline> facts) {
    Timeline timeline = new Timeline();
    facts.accept(timeline);
    Timeline stamps = Timelines.longStage(0, end, LONG);
    for (Stamp stamp : Stamp.values()) {
      timeline.stamp(stamp, stamps.at(stamp));
    }
    return Timelines.record(timeline, operation);
  }

  private static RequestRecord read(Stamp end, Consumer<Timeline> facts) {
    return request(end, Operation.READ, facts);
  }

  private static @Nullable Stall judge(TracedDevice device, RequestRecord request) {
    return judge(device, request, Observations.NONE);
  }

  private static PathThreads threads(TracedDevice device) {
    return device.equals(VIRTIO_EXPORT)
        ? PathThreads.ofExport("vda", "vda")
        : PathThreads.of(device);
  }

  private static @Nullable Stall judge(
      TracedDevice device, RequestRecord request, Observations seen) {
    return StallJudge.judge(device, threads(device), request, THRESHOLD, seen);
  }

  private static void expect(
      TracedDevice device, RequestRecord request, StallCause cause, Stamp stage, String detail) {
    Stall stall = judge(device, request);
    assertThat(stall).isEqualTo(new Stall(cause, stage, request.stageBeginNanos(stage), 2_100_000));
    if (stall != null) {
      assertThat(StallText.detail(device, threads(device), stall, request, Observations.NONE))
          .isEqualTo(detail);
    }
  }

  @Test
  void nobodyToldTheLoop() {
    RequestRecord timer =
        read(
            Stamp.ENTERED,
            t -> {
              t.queued(1, true, false);
              t.entered(2, Wake.TIMER);
            });
    expect(
        TracedDevice.AHCI,
        timer,
        NOT_NOTIFIED,
        Stamp.ENTERED,
        "main-loop slept; nobody told it of the SQE; its timer woke it after 2.1 ms");
    RequestRecord completion =
        read(
            Stamp.ENTERED,
            t -> {
              t.queued(1, true, false);
              t.entered(2, Wake.COMPLETION);
            });
    expect(
        TracedDevice.AHCI,
        completion,
        NOT_NOTIFIED,
        Stamp.ENTERED,
        "main-loop slept; nobody told it of the SQE; another completion woke it after 2.1 ms");
  }

  @Test
  void theLoopWasToldAndWokeLate() {
    expect(
        TracedDevice.AHCI,
        read(Stamp.ENTERED, t -> t.queued(1, true, true)),
        LATE_WAKEUP,
        Stamp.ENTERED,
        "main-loop slept and was told of the SQE; it submitted it 2.1 ms later");
  }

  @Test
  void theLoopWasBusy() {
    expect(
        TracedDevice.VIRTIO,
        read(
            Stamp.ENTERED,
            t -> {
              t.queued(1, false, true);
              // What woke it the last time says nothing of this turn.
              t.entered(2, Wake.TIMER);
            }),
        LOOP_BUSY,
        Stamp.ENTERED,
        "the IOThread was awake and did other work for 2.1 ms before it submitted the SQE");
  }

  @Test
  void noRoomInTheSq() {
    expect(
        TracedDevice.RAW,
        read(
            Stamp.ENTERED,
            t -> {
              t.waitsForRoom();
              t.queued(1, true, false);
            }),
        SQ_FULL,
        Stamp.ENTERED,
        "the SQ was full; the SQE waited 2.1 ms for room");
  }

  @Test
  void theBigLock() {
    RequestRecord request = read(Stamp.HANDLED, t -> t.waitedForLock("vcpu1", 2_300_000));
    expect(
        TracedDevice.AHCI,
        request,
        BIG_LOCK,
        Stamp.HANDLED,
        "big lock held by vcpu1 for 2.3 ms; the register access waited 2.1 ms");
    expect(
        TracedDevice.AHCI,
        read(Stamp.REAPED, t -> t.waitedForLock("vcpu0", 2_300_000)),
        BIG_LOCK,
        Stamp.REAPED,
        "big lock held by vcpu0 for 2.3 ms; main-loop waited 2.1 ms");
    // A register access that was not kept waiting was late for no cause that is known.
    assertThat(judge(TracedDevice.AHCI, read(Stamp.HANDLED, t -> {}))).isNull();
  }

  @Test
  void theCqeWasThere() {
    expect(
        TracedDevice.AHCI,
        read(Stamp.REAPED, t -> t.reaped(1, 2, true, 0)),
        CQE_NOT_REAPED,
        Stamp.REAPED,
        "main-loop slept although the CQE was there, for 2.1 ms");
    expect(
        TracedDevice.AHCI,
        read(Stamp.REAPED, t -> t.waitedForLock("vcpu0", 3_000)),
        CQE_NOT_REAPED,
        Stamp.REAPED,
        "main-loop did other work for 2.1 ms before it took the CQE");
    expect(
        TracedDevice.VIRTIO,
        read(Stamp.READY, t -> t.reaped(1, 2, false, 1_900_000)),
        CQE_NOT_REAPED,
        Stamp.READY,
        "the IOThread was awake and did not look at its CQ for 1.9 ms; the CQE may have been"
            + " there");
  }

  @Test
  void aSlowDiskIsNoStall() {
    assertThat(judge(TracedDevice.AHCI, read(Stamp.READY, t -> {}))).isNull();
    assertThat(judge(TracedDevice.AHCI, read(Stamp.READY, t -> t.reaped(1, 2, false, 1_000_000))))
        .isNull();
  }

  @ParameterizedTest
  @EnumSource(
      value = Operation.class,
      names = {"FLUSH", "DISCARD", "WRITE_ZEROES"})
  void whatTheKernelAlwaysHandsToAWorker(Operation operation) {
    expect(
        TracedDevice.VIRTIO,
        request(Stamp.READY, operation, t -> {}),
        WORKER_POOL,
        Stamp.READY,
        "the kernel hands every "
            + operation.name().toLowerCase(Locale.ROOT).replace('_', ' ')
            + " to a worker thread (io-wq); it took 2.1 ms");
  }

  @Test
  void theIoThreadWasLate() {
    expect(
        TracedDevice.VIRTIO,
        read(Stamp.HANDLED, t -> {}),
        IOTHREAD_LATE,
        Stamp.HANDLED,
        "the doorbell was rung; the IOThread took the request 2.1 ms later");
  }

  @Test
  void theGuestWasLate() {
    expect(
        TracedDevice.AHCI,
        read(Stamp.SEEN, t -> {}),
        GUEST_LATE,
        Stamp.SEEN,
        "the interrupt was raised; the guest took it 2.1 ms later");
    assertThat(judge(TracedDevice.RAW, read(Stamp.SEEN, t -> {}))).isNull();
  }

  @ParameterizedTest
  @EnumSource(
      value = Stamp.class,
      names = {"DOORBELL", "EXIT", "QUEUED", "COMPLETED", "INTERRUPT"})
  void otherStagesHaveNoCause(Stamp end) {
    assertThat(judge(TracedDevice.AHCI, read(end, t -> {}))).isNull();
  }

  @Test
  void upToTheThresholdNothingStalls() {
    RequestRecord request = Timelines.record(Timelines.longStage(0, Stamp.SEEN, 1000));
    assertThat(judge(TracedDevice.AHCI, request)).isNull();
    RequestRecord longer = Timelines.record(Timelines.longStage(0, Stamp.SEEN, 1000.001));
    assertThat(judge(TracedDevice.AHCI, longer)).isNotNull();
  }

  @Test
  @DisplayName("The cause is that of the longest stage; a shorter one that has a cause is not it")
  void theLongestStageDecides() {
    Timeline slowDisk = Timelines.of(0, 1, 2, 3, 4, 1504, 9504, 9505, 9506, 9507, 12_507);
    assertThat(judge(TracedDevice.AHCI, Timelines.record(slowDisk))).isNull();
    Timeline lateGuest = Timelines.of(0, 1, 2, 3, 4, 1504, 2504, 2505, 2506, 2507, 5_507);
    assertThat(judge(TracedDevice.AHCI, Timelines.record(lateGuest)))
        .isNotNull()
        .extracting(Stall::cause, Stall::nanos)
        .containsExactly(GUEST_LATE, 3_000_000L);
  }

  /** A thread that waited for a CPU between two looks, from 0 to 10 ms. */
  private static Observations waited(String thread, double micros) {
    return new Observations(
        List.of(),
        BusyIntervals.NONE,
        "test",
        0,
        new ThreadDelays(
            List.of(
                new ThreadDelays.OfThread(
                    thread,
                    List.of(
                        new ThreadDelays.Window(
                            Timelines.nanos(0),
                            Timelines.nanos(10_000),
                            Math.round(micros * 1000)))))));
  }

  private static @Nullable StallCause cause(
      TracedDevice device, RequestRecord request, Observations seen) {
    Stall stall = judge(device, request, seen);
    return stall == null ? null : stall.cause();
  }

  @Test
  @DisplayName("A thread that the host did not run is the cause, and no lock and no loop")
  void withoutCpu() {
    RequestRecord lock = read(Stamp.HANDLED, t -> t.waitedForLock("main-loop", 2_300_000));
    RequestRecord busy = read(Stamp.ENTERED, t -> t.queued(1, false, true));
    RequestRecord late = read(Stamp.ENTERED, t -> t.queued(1, true, true));
    RequestRecord reaped = read(Stamp.REAPED, t -> t.reaped(1, 2, false, 0));
    RequestRecord guest = read(Stamp.SEEN, t -> {});
    RequestRecord none = read(Stamp.COMPLETED, t -> {});
    RequestRecord kernel = read(Stamp.READY, t -> {});
    for (RequestRecord request : List.of(lock, busy, late, reaped, none, kernel)) {
      assertThat(cause(TracedDevice.AHCI, request, waited("main-loop", 1051)))
          .isEqualTo(NOT_SCHEDULED);
      // Half of the stage is not most of it; and another thread is none of its.
      assertThat(cause(TracedDevice.AHCI, request, waited("main-loop", 1050)))
          .isNotEqualTo(NOT_SCHEDULED);
      assertThat(cause(TracedDevice.AHCI, request, waited("iothread0", 9000)))
          .isNotEqualTo(NOT_SCHEDULED);
    }
    assertThat(cause(TracedDevice.AHCI, guest, waited("vcpu0", 2000))).isEqualTo(NOT_SCHEDULED);
    assertThat(cause(TracedDevice.AHCI, guest, waited("main-loop", 2000))).isEqualTo(GUEST_LATE);
    assertThat(cause(TracedDevice.AHCI, lock, waited("vcpu0", 2000))).isEqualTo(NOT_SCHEDULED);
    RequestRecord doorbell = read(Stamp.HANDLED, t -> {});
    assertThat(cause(TracedDevice.VIRTIO, doorbell, waited("iothread0", 2000)))
        .isEqualTo(NOT_SCHEDULED);
    assertThat(cause(TracedDevice.VIRTIO, doorbell, waited("vcpu0", 2000)))
        .isEqualTo(IOTHREAD_LATE);
    assertThat(cause(VIRTIO_EXPORT, doorbell, waited("vda", 2000))).isEqualTo(NOT_SCHEDULED);
  }

  @Test
  void aLoopThatNobodyToldHadNothingToRunFor() {
    RequestRecord deaf = read(Stamp.ENTERED, t -> t.queued(1, true, false));
    assertThat(cause(TracedDevice.AHCI, deaf, waited("main-loop", 2000))).isEqualTo(NOT_NOTIFIED);
  }

  @Test
  void aThreadWithoutCpuIsNamedWithItsTime() {
    RequestRecord request = read(Stamp.HANDLED, t -> t.waitedForLock("main-loop", 2_300_000));
    Observations seen = waited("main-loop", 1900);
    Stall stall = judge(TracedDevice.AHCI, request, seen);
    assertThat(stall).isNotNull();
    if (stall != null) {
      assertThat(
              StallText.detail(TracedDevice.AHCI, threads(TracedDevice.AHCI), stall, request, seen))
          .isEqualTo("the host had no CPU for the vCPU or main-loop for up to 1.9 ms of 2.1 ms");
    }
  }

  private static Observations paused(double from, double to) {
    JvmPause pause =
        new JvmPause(
            "gc", Timelines.nanos(from), Timelines.nanos(to), "DefNew, Allocation Failure");
    return new Observations(List.of(pause), BusyIntervals.NONE, "test", 0, ThreadDelays.NONE);
  }

  @Test
  @DisplayName("A pause that covers more than half of the stage is its cause")
  void aPauseWins() {
    // The stage is from 4 us to 2104 us.
    RequestRecord request = read(Stamp.ENTERED, t -> t.queued(1, true, true));
    Observations most = paused(-500, 1100);
    Stall stall = judge(TracedDevice.AHCI, request, most);
    assertThat(stall).isNotNull();
    if (stall != null) {
      assertThat(stall.cause()).isEqualTo(GC_PAUSE);
      assertThat(
              StallText.detail(TracedDevice.AHCI, threads(TracedDevice.AHCI), stall, request, most))
          .isEqualTo(
              "the JVM stopped its threads for 1.1 ms of 2.1 ms (DefNew, Allocation Failure)");
    }
    Stall half = judge(TracedDevice.AHCI, request, paused(-500, 1054));
    assertThat(half).isNotNull().extracting(Stall::cause).isEqualTo(LATE_WAKEUP);
  }

  @Test
  @DisplayName("A pause explains a stage that has no cause of its own, and a slow disk")
  void aPauseExplainsAnything() {
    for (Stamp end : List.of(Stamp.DOORBELL, Stamp.READY)) {
      RequestRecord request = read(end, t -> {});
      Stall stall = judge(TracedDevice.AHCI, request, paused(0, 3000));
      assertThat(stall)
          .isNotNull()
          .extracting(Stall::cause, Stall::stage)
          .containsExactly(GC_PAUSE, end);
    }
  }

  @Test
  void aBusyWorkerExplainsASlowDisk() {
    // The stage is from 5 us to 2105 us.
    RequestRecord request = read(Stamp.READY, t -> {});
    long[] at = {Timelines.nanos(1000)};
    Observations busy =
        new Observations(List.of(), new BusyIntervals(at, at), "test", 0, ThreadDelays.NONE);
    Stall stall = judge(TracedDevice.AHCI, request, busy);
    assertThat(stall).isNotNull().extracting(Stall::cause).isEqualTo(WORKER_POOL);
    long[] later = {Timelines.nanos(2106)};
    Observations idle =
        new Observations(List.of(), new BusyIntervals(later, later), "test", 0, ThreadDelays.NONE);
    assertThat(judge(TracedDevice.AHCI, request, idle)).isNull();
  }
}
