package dev.platter.emulator.measure.stages;

import dev.platter.aio.loop.Threads;
import dev.platter.aio.trace.TraceEvents;
import dev.platter.emulator.host.ThreadTimes;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Watches the process while requests are recorded: pauses of the JVM, worker threads of io_uring,
 * and how long threads wait for a CPU. Started before the first run and stopped after the last run.
 * {@link #start} returns when the work of starting is over. Start and stop are for one thread.
 */
public final class PauseObserver implements AutoCloseable {
  private static final long SAMPLE_NANOS = 10_000_000;
  private static final int SAMPLES_PER_TICK = 10;

  private final PauseRecorder source;
  private final WorkerSampler sampler = new WorkerSampler(ThreadTimes.OWN);
  private final DelaySampler delays = new DelaySampler(ThreadTimes.OWN);
  private final Thread thread;
  private volatile boolean running = true;
  private @Nullable Observations observations;

  private PauseObserver(PauseRecorder source) {
    this.source = source;
    thread = Thread.ofPlatform().name("observer").daemon().start(this::run);
  }

  /** Starts to observe, with the best source that the JVM has. */
  public static PauseObserver start() {
    return new PauseObserver(newSource());
  }

  private static PauseRecorder newSource() {
    if (!TraceEvents.present()) {
      return new CollectorBeanPauses("this JVM has no module jdk.jfr");
    }
    try {
      return new FlightRecorderPauses();
    } catch (RuntimeException | LinkageError e) {
      // Switched off, or without a directory to write to.
      return new CollectorBeanPauses("the flight recorder does not start: " + e.getMessage());
    }
  }

  private void run() {
    long next = System.nanoTime();
    for (int samples = 1; running; samples++) {
      String[] ids = ThreadTimes.OWN.list();
      if (ids != null) {
        sampler.sample(System.nanoTime(), ids);
        delays.sample(System.nanoTime(), ids);
      }
      if (samples % SAMPLES_PER_TICK == 0) {
        source.tick();
      }
      // Missed samples are skipped.
      next = Math.max(next + SAMPLE_NANOS, System.nanoTime());
      LockSupport.parkNanos(next - System.nanoTime());
    }
  }

  /** Stops and returns the observations. Idempotent. */
  public Observations stop() {
    Observations seen = observations;
    if (seen == null) {
      running = false;
      LockSupport.unpark(thread);
      Threads.joinUninterruptibly(thread);
      PauseRecorder.Found found = source.stop();
      seen =
          new Observations(
              found.pauses(),
              sampler.intervals(),
              found.source(),
              found.errorNanos(),
              delays.delays());
      observations = seen;
    }
    return seen;
  }

  /** Stops observing. Idempotent. */
  @Override
  public void close() {
    stop();
  }
}
