package dev.platter.emulator.lab.iowq;

import dev.platter.emulator.host.IoWorkerThreads;
import dev.platter.emulator.lab.Experiment;
import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.InterruptibleWait;
import dev.platter.emulator.lab.LabContext;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Which requests go to kernel worker threads, how many there are, and when they go. */
public final class IoWqExperiment implements Experiment {
  private static final Plan QUICK = new Plan(100_000_000L, 7_500_000_000L, 6_500_000_000L);
  private static final Plan FULL = new Plan(100_000_000L, 12_000_000_000L, 20_000_000_000L);
  private static final long CAP_WATCH_NANOS = 250_000_000;
  private static final long CAP_SAMPLE_NANOS = 10_000_000;
  private static final int SAMPLES_AFTER_END = 5;

  /**
   * The length of the experiment.
   *
   * @param sampleNanos how often workers are counted
   * @param openNanos how long rings stay open after their requests have completed
   * @param closedNanos how long workers are watched after that
   */
  record Plan(long sampleNanos, long openNanos, long closedNanos) {}

  private final Plan quick;
  private final Plan full;

  /** With a plan that fits a minute, or a longer one if the context asks for it. */
  public IoWqExperiment() {
    this(QUICK, FULL);
  }

  IoWqExperiment(Plan plan) {
    this(plan, plan);
  }

  private IoWqExperiment(Plan quick, Plan full) {
    this.quick = quick;
    this.full = full;
  }

  @Override
  public String name() {
    return "io-wq";
  }

  @Override
  public String summary() {
    return "which requests go to kernel worker threads, how many, and whether one stays without"
        + " rings";
  }

  @Override
  public Finding run(LabContext context) {
    Plan plan = context.full() ? full : quick;
    Path scratch = context.scratch();
    context.progress().accept("io-wq: which requests are handed to workers");
    IoWqReport report = new IoWqReport();
    try (PuntKinds kinds = new PuntKinds(scratch)) {
      report.kinds(kinds.tryAll());
      context.progress().accept("io-wq: limits of the number of workers");
      report.caps(
          WorkerCaps.defaults(),
          new WorkerCaps(
                  scratch,
                  Math.min(CAP_SAMPLE_NANOS, plan.sampleNanos()),
                  Math.min(CAP_WATCH_NANOS, plan.openNanos()),
                  context.interrupted())
              .tryAll());
      context.progress().accept("io-wq: workers while rings are open, and after");
      new Life(context, plan, kinds).watch(report);
    }
    return report.finding(context.interrupted().getAsBoolean());
  }

  /** Two threads whose workers are counted. */
  private static final class Life {
    private final LabContext context;
    private final Plan plan;
    private final PuntKinds kinds;
    private final List<WorkerLife.WorkerCount> samples = new ArrayList<>();
    private final WorkerWatch livingWatch;
    private WorkerWatch endingWatch;
    private long begin;

    Life(LabContext context, Plan plan, PuntKinds kinds) {
      this.context = context;
      this.plan = plan;
      this.kinds = kinds;
      this.livingWatch = new WorkerWatch(IoWorkerThreads::list);
      this.endingWatch = livingWatch;
    }

    void watch(IoWqReport report) {
      Double closed = null;
      Double ended = null;
      Set<String> owner;
      int tid;
      try (RingTask living = new RingTask("lab-lives", PuntKinds.REQUESTS);
          RingTask ending = new RingTask("lab-ends", PuntKinds.REQUESTS)) {
        begin = System.nanoTime();
        tid = living.tid();
        punt(living);
        owner = livingWatch.fix();
        endingWatch = new WorkerWatch(IoWorkerThreads::list);
        punt(ending);
        endingWatch.fix();
        if (sampleFor(plan.openNanos())) {
          closed = seconds();
          close(living);
          ending.end();
          if (sampleFor(plan.closedNanos())) {
            ended = seconds();
            living.end();
            boolean _ = sampleFor(SAMPLES_AFTER_END * plan.sampleNanos());
          }
        }
      }
      report.life(new WorkerLife(samples, closed, ended), tid, owner);
    }

    private void close(RingTask living) {
      switch (context.plant()) {
        case NONE -> living.closeRing();
        case PRESENT -> {} // an open ring keeps a worker of each kind
        case ABSENT -> living.end();
      }
    }

    private void punt(RingTask task) {
      task.submit(kinds.punted());
      task.take(PuntKinds.REQUESTS);
    }

    private double seconds() {
      return (System.nanoTime() - begin) / 1e9;
    }

    /** Samples for a while; returns false if it was interrupted. */
    private boolean sampleFor(long nanos) {
      long end = System.nanoTime() + nanos;
      long next = System.nanoTime();
      while (next <= end) {
        if (!InterruptibleWait.until(next, context.interrupted())) {
          return false;
        }
        samples.add(
            new WorkerLife.WorkerCount(seconds(), livingWatch.count(), endingWatch.count()));
        next += plan.sampleNanos();
      }
      return true;
    }
  }
}
