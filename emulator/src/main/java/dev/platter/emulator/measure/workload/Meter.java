package dev.platter.emulator.measure.workload;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.BigLock;
import dev.platter.aio.loop.LoopStats;
import dev.platter.aio.sys.CpuTime;
import dev.platter.emulator.host.HostReading;
import dev.platter.emulator.host.NativeName;
import dev.platter.emulator.host.OpenAccounts;
import dev.platter.emulator.host.Scheduling;
import dev.platter.emulator.host.ThreadTimes;
import dev.platter.emulator.measure.stages.MarkLog;
import dev.platter.emulator.measure.stages.StageRecorder;
import dev.platter.emulator.measure.stages.StageRun;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads all counters at the beginning and at the end of a workload's measured part. */
final class Meter implements MeasurementListener, AutoCloseable {
  private static final BigLock.Stats NO_LOCK = new BigLock.Stats(0, 0, 0, 0, 0);

  private record Reading(
      LoopStats.Snapshot loop,
      BigLock.Stats lock,
      CpuTime cpu,
      long atNanos,
      OpenAccounts.Reading threads,
      long exits,
      long ioEventFds) {}

  private final List<AioContext> loops;
  private final OpenAccounts accounts;
  private final HostReading hostBefore;
  private final @Nullable BigLock lock;
  private final LongSupplier exits;
  private final LongSupplier ioEventFds;
  private final @Nullable StageRecorder recorder;
  private HostReading hostAfter;
  private Reading begin;
  private Reading end;

  /**
   * Reads the counters for the first time.
   *
   * @param loops the loops that do the I/O
   * @param vcpu the name of the vCPU's thread, or null
   * @param lock the big lock, or null
   * @param exits counts register accesses
   * @param ioEventFds counts stores that became eventfd writes
   * @param recorder hears when the measured part begins and ends, or null
   */
  Meter(
      List<AioContext> loops,
      @Nullable String vcpu,
      @Nullable BigLock lock,
      LongSupplier exits,
      LongSupplier ioEventFds,
      @Nullable StageRecorder recorder) {
    this.loops = loops;
    List<String> names =
        Stream.concat(loops.stream().map(AioContext::name), Stream.ofNullable(vcpu)).toList();
    this.accounts =
        new OpenAccounts(
            ThreadTimes.OWN,
            kernel -> names.stream().anyMatch(name -> NativeName.same(name, kernel)));
    // The host is read before the warm-up, because the reading would delay requests in flight too
    // long.
    this.hostBefore = HostReading.now();
    this.hostAfter = hostBefore;
    this.lock = lock;
    this.exits = exits;
    this.ioEventFds = ioEventFds;
    this.recorder = recorder;
    this.begin = read();
    this.end = begin;
  }

  private Reading read() {
    LoopStats.Snapshot sum = loops.getFirst().stats().snapshot();
    for (AioContext loop : loops.subList(1, loops.size())) {
      sum = sum.plus(loop.stats().snapshot());
    }
    return new Reading(
        sum,
        lock == null ? NO_LOCK : lock.stats(),
        CpuTime.now(),
        System.nanoTime(),
        accounts.read(),
        exits.getAsLong(),
        ioEventFds.getAsLong());
  }

  @Override
  public void begin() {
    begin = read();
    end = begin;
    if (recorder != null) {
      recorder.begin(System.nanoTime());
    }
  }

  @Override
  public void end() {
    if (recorder != null) {
      recorder.end(System.nanoTime());
    }
    end = read();
    hostAfter = HostReading.now();
  }

  /**
   * The measured run.
   *
   * @param marks further marks for the time line of latencies
   */
  MeasuredRun measured(RunResult result, List<MarkLog> marks) {
    return new MeasuredRun(
        result,
        end.loop.since(begin.loop),
        end.lock.since(begin.lock),
        end.cpu.since(begin.cpu),
        scheduling(),
        end.exits - begin.exits,
        end.ioEventFds - begin.ioEventFds,
        loops.stream().map(Meter::ringFacts).toList(),
        recorder == null ? null : new StageRun(1, List.of(recorder), marks));
  }

  private Scheduling scheduling() {
    return Scheduling.between(
        hostBefore,
        hostAfter,
        Math.max(1, end.atNanos - begin.atNanos),
        accounts.between(begin.threads, end.threads),
        0);
  }

  @Override
  public void close() {
    accounts.close();
  }

  private static MeasuredRun.RingFacts ringFacts(AioContext loop) {
    return new MeasuredRun.RingFacts(loop.name(), loop.ring().granted(), loop.ring().refused());
  }
}
