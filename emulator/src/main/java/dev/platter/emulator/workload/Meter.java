package dev.platter.emulator.workload;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.BigLock;
import dev.platter.aio.loop.LoopStats;
import dev.platter.aio.sys.CpuTime;
import dev.platter.emulator.trace.MarkLog;
import dev.platter.emulator.trace.StageRecorder;
import dev.platter.emulator.trace.StageRun;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Reads all counters at the beginning and at the end of a workload's measured part. */
final class Meter implements Measurement {
  private static final BigLock.Stats NO_LOCK = new BigLock.Stats(0, 0, 0, 0, 0);

  private record Reading(
      LoopStats.Snapshot loop, BigLock.Stats lock, CpuTime cpu, long exits, long ioEventFds) {}

  private final List<AioContext> loops;
  private final @Nullable BigLock lock;
  private final LongSupplier exits;
  private final LongSupplier ioEventFds;
  private final @Nullable StageRecorder recorder;
  private Reading begin;
  private Reading end;

  Meter(
      List<AioContext> loops,
      @Nullable BigLock lock,
      LongSupplier exits,
      LongSupplier ioEventFds,
      @Nullable StageRecorder recorder) {
    this.loops = loops;
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
  }

  /**
   * What was measured.
   *
   * @param marks what the time line of latencies marks besides
   */
  Measured measured(RunResult result, List<MarkLog> marks) {
    return new Measured(
        result,
        end.loop.since(begin.loop),
        end.lock.since(begin.lock),
        end.cpu.since(begin.cpu),
        end.exits - begin.exits,
        end.ioEventFds - begin.ioEventFds,
        loops.stream().map(Meter::ringFacts).toList(),
        recorder == null ? null : new StageRun(1, List.of(recorder), marks));
  }

  private static Measured.RingFacts ringFacts(AioContext loop) {
    return new Measured.RingFacts(loop.name(), loop.ring().granted(), loop.ring().refused());
  }
}
