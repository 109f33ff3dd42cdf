package dev.platter.emulator.workload;

import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.BigLock;
import dev.platter.aio.loop.LoopStats;
import dev.platter.emulator.host.HostReading;
import dev.platter.emulator.host.NativeName;
import dev.platter.emulator.host.Scheduling;
import dev.platter.emulator.host.ThreadTime;
import dev.platter.emulator.host.ThreadTimes;
import dev.platter.emulator.trace.MarkLog;
import dev.platter.emulator.trace.StageRecorder;
import dev.platter.emulator.trace.StageRun;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads all counters at the beginning and at the end of a workload's measured part. */
final class Meter implements Measurement {
  private static final BigLock.Stats NO_LOCK = new BigLock.Stats(0, 0, 0, 0, 0);

  private record Reading(
      LoopStats.Snapshot loop,
      BigLock.Stats lock,
      HostReading host,
      ThreadTimes threads,
      long exits,
      long ioEventFds) {}

  private final List<AioContext> loops;
  private final List<String> names;
  private final @Nullable BigLock lock;
  private final LongSupplier exits;
  private final LongSupplier ioEventFds;
  private final @Nullable StageRecorder recorder;
  private Reading begin;
  private Reading end;

  /**
   * Reads them for the first time.
   *
   * @param loops those that do the I/O
   * @param vcpu the name of the vCPU's thread, or null
   * @param lock the big lock, or null
   * @param exits counts register accesses
   * @param ioEventFds counts stores that became eventfd writes
   * @param recorder told when the measured part begins and ends, or null
   */
  Meter(
      List<AioContext> loops,
      @Nullable String vcpu,
      @Nullable BigLock lock,
      LongSupplier exits,
      LongSupplier ioEventFds,
      @Nullable StageRecorder recorder) {
    this.loops = loops;
    this.names =
        Stream.concat(loops.stream().map(AioContext::name), Stream.ofNullable(vcpu)).toList();
    this.lock = lock;
    this.exits = exits;
    this.ioEventFds = ioEventFds;
    this.recorder = recorder;
    this.begin = readAtBegin();
    this.end = begin;
  }

  /** The reading of threads takes longest: what it costs is no part of what is measured. */
  private Reading readAtBegin() {
    ThreadTimes threads = ThreadTimes.read(ThreadTimes.OWN);
    return read(HostReading.now(), threads);
  }

  private Reading readAtEnd() {
    HostReading host = HostReading.now();
    return read(host, ThreadTimes.read(ThreadTimes.OWN));
  }

  private Reading read(HostReading host, ThreadTimes threads) {
    LoopStats.Snapshot sum = loops.getFirst().stats().snapshot();
    for (AioContext loop : loops.subList(1, loops.size())) {
      sum = sum.plus(loop.stats().snapshot());
    }
    return new Reading(
        sum,
        lock == null ? NO_LOCK : lock.stats(),
        host,
        threads,
        exits.getAsLong(),
        ioEventFds.getAsLong());
  }

  @Override
  public void begin() {
    begin = readAtBegin();
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
    end = readAtEnd();
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
        end.host.own().since(begin.host.own()),
        scheduling(),
        end.exits - begin.exits,
        end.ioEventFds - begin.ioEventFds,
        loops.stream().map(Meter::ringFacts).toList(),
        recorder == null ? null : new StageRun(1, List.of(recorder), marks));
  }

  private Scheduling scheduling() {
    List<ThreadTime> threads =
        end.threads.since(begin.threads).stream()
            .filter(time -> names.stream().anyMatch(name -> NativeName.same(name, time.name())))
            .toList();
    return Scheduling.between(begin.host, end.host, threads, 0);
  }

  private static Measured.RingFacts ringFacts(AioContext loop) {
    return new Measured.RingFacts(loop.name(), loop.ring().granted(), loop.ring().refused());
  }
}
