package dev.platter.emulator.server;

import dev.platter.aio.PlatterException;
import dev.platter.aio.loop.AioContext;
import dev.platter.aio.loop.ThreadedLoop;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.export.EventLog.Level;
import dev.platter.emulator.host.RingRemains;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What holds the guests of a server back: until it is resumed, with no ring left (ADR 011), or only
 * while what they have in flight is waited for. Any thread that does not hold the big lock.
 */
final class Quiescence {
  // On kernels where a worker outlives its work it ends with the thread, which takes no time.
  private static final long WORKER_PATIENCE_MILLIS = 2_000;

  private final EventLog log;
  private final long tellAfterNanos;
  private final SessionFactory sessions;
  private final Assembly assembly;
  private final ChangeLocks locks;
  private final Flushes flushes;
  // Guests are held back; written with all locks held.
  private volatile boolean held;
  // Nothing is in flight, and no loop has a ring; written likewise.
  private volatile boolean quiesced;
  private volatile long heldNanos;
  private final AtomicInteger resumes = new AtomicInteger();

  /**
   * Holds nobody back yet.
   *
   * @param tellAfterNanos how long a wait for disks may take before the log is told
   * @param sessions whose recordings of stages are told when requests could not go on
   */
  Quiescence(
      EventLog log,
      long tellAfterNanos,
      SessionFactory sessions,
      Assembly assembly,
      ChangeLocks locks,
      Flushes flushes) {
    this.log = log;
    this.tellAfterNanos = tellAfterNanos;
    this.sessions = sessions;
    this.assembly = assembly;
    this.locks = locks;
    this.flushes = flushes;
  }

  /** Whether guests are held back until a {@link #resume}. */
  boolean holdsGuests() {
    return held;
  }

  /** How long it has waited for disks, in nanoseconds; 0 if it does not. */
  long waitNanos() {
    return held && !quiesced ? System.nanoTime() - heldNanos : 0;
  }

  /** Does what {@link Server#quiesce} says. */
  QuiesceResult quiesce() {
    long begun = System.nanoTime();
    int asked = resumes.get();
    BooleanSupplier over = () -> locks.isStopping() || resumes.get() != asked;
    long start;
    List<ThreadedLoop> loops;
    try (ChangeLocks.Held _ = locks.acquireAll(over)) {
      locks.checkOpen();
      if (over.getAsBoolean()) {
        throw givenUp(begun);
      }
      start = System.nanoTime();
      if (!held) {
        heldNanos = start;
        held = true;
      }
      loops = assembly.beginSuspend();
    }
    OptionalInt drained;
    boolean stable;
    try (SlowWait _ = SlowWait.begin(log, "", "quiesce", this::inFlight, tellAfterNanos)) {
      drained = Assembly.awaitSuspended(loops, over);
      stable = drained.isPresent() && flushes.flushAll(assembly.exports(), over);
    }
    try (ChangeLocks.Held _ = locks.acquireAll(over)) {
      locks.checkOpen();
      if (over.getAsBoolean()) {
        throw givenUp(start);
      }
      quiesced = true;
      RingRemains remains = RingRemains.awaitNothing(WORKER_PATIENCE_MILLIS);
      QuiesceResult outcome =
          new QuiesceResult(
              drained.orElseThrow(),
              stable,
              remains.rings(),
              remains.workers(),
              millisSince(start));
      log.event(outcome.safe() ? Level.INFO : Level.WARNING, "", "quiesced", outcome.fields());
      return outcome;
    }
  }

  private PlatterException givenUp(long start) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("in_flight", inFlight());
    fields.put("milliseconds", millisSince(start));
    log.event(Level.WARNING, "", "quiesce-given-up", fields);
    return PlatterException.failed(
        "the server was resumed meanwhile: " + inFlight() + " requests are in flight",
        "Look at the disk under the images, or give it more time");
  }

  /** Has a {@link #quiesce} that waits end with a failure. Waits for nothing; resume it then. */
  void giveUp() {
    resumes.incrementAndGet();
  }

  /** Does what {@link Server#resume} says. */
  void resume() {
    giveUp();
    try (ChangeLocks.Held _ = locks.acquireAll(locks::isStopping)) {
      resumeInTurn();
    }
  }

  private long inFlight() {
    return assembly.exports().stream().mapToLong(ServedExport::inFlight).sum();
  }

  private void resumeInTurn() {
    if (!held || locks.isStopping()) {
      return;
    }
    long start = System.nanoTime();
    eachRecorded(stages -> stages.resumes(start));
    try {
      assembly.resumeLoops(locks::isStopping);
    } catch (PlatterException e) {
      // Some loops may have been at work in between.
      flushes.flush(assembly.exports());
      RingRemains.awaitNothing(WORKER_PATIENCE_MILLIS);
      log.event(Level.ERROR, "", "resume-failed", Map.of("reason", String.valueOf(e.getMessage())));
      throw e;
    }
    quiesced = false;
    held = false;
    eachRecorded(stages -> stages.wasQuiesced(heldNanos, start));
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("milliseconds", millisSince(start));
    fields.put("quiesced_milliseconds", millisSince(heldNanos));
    log.event(Level.INFO, "", "resumed", fields);
  }

  private void eachRecorded(Consumer<ExportStages> task) {
    for (ServedExport export : assembly.exports()) {
      ExportStages stages = sessions.stages(export.name());
      if (stages != null) {
        task.accept(stages);
      }
    }
  }

  /** Does what {@link Server#drain} says. */
  DrainResult drain(@Nullable String name, long nanos, boolean flush) {
    locks.checkOpen();
    List<ServedExport> meant = name == null ? assembly.exports() : List.of(assembly.export(name));
    Set<String> things = new HashSet<>();
    for (ServedExport export : meant) {
      things.add(export.name());
      // Two barriers on one loop would let each other's guests go on.
      export.loops().forEach(loop -> things.add("loop " + loop.name()));
    }
    long asked = System.nanoTime();
    BooleanSupplier over = () -> locks.isStopping() || System.nanoTime() - asked >= nanos;
    long start;
    int requests;
    List<ServedExport> drained = new ArrayList<>();
    try (ChangeLocks.Held its = locks.acquire(things, over)) {
      locks.checkOpen();
      if (its.equals(ChangeLocks.NONE)) {
        throw PlatterException.failed(
            "the time is up, and another change is not done yet",
            "See the log for what it waits for, or give it more time");
      }
      start = System.nanoTime();
      if (name == null) {
        drained.addAll(assembly.exports());
        drained.retainAll(meant); // one may have gone meanwhile
      } else {
        drained.add(assembly.export(name));
      }
      requests = drainInTurn(drained, nanos - (start - asked));
    }
    if (flush && !flushes.flushAll(drained, locks::isStopping)) {
      locks.checkOpen();
      throw PlatterException.failed(
          "nothing is in flight, but an image could not be flushed", "See the log for the image");
    }
    return new DrainResult(requests, flush, millisSince(start));
  }

  private int drainInTurn(List<ServedExport> drained, long nanos) {
    if (quiesced) {
      return 0;
    }
    if (held) {
      throw PlatterException.failed(
          "the server is being quiesced, which waits for the same", "Wait for that, or resume it");
    }
    Set<AioContext> loops = new LinkedHashSet<>();
    drained.forEach(export -> loops.addAll(export.loops()));
    return await(List.copyOf(loops), nanos);
  }

  private int await(List<AioContext> loops, long nanos) {
    try (Barrier waits = new Barrier(locks::isStopping)) {
      if (!waits.await(loops, nanos)) {
        locks.checkOpen();
        throw PlatterException.failed(
            waits.inFlight() + " requests are still in flight",
            "Look at the disk under the images, or give it more time");
      }
      return waits.begunWith();
    }
  }

  private static long millisSince(long start) {
    return (System.nanoTime() - start) / 1_000_000;
  }
}
