package dev.platter.emulator.doctor;

import dev.platter.emulator.host.HostFiles;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs the checks, all at once, and waits a limited time for each. A program that hangs, or a file
 * system without its server, costs only the lines of its own check.
 */
public final class Doctor {
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final Duration GRACE = Duration.ofMillis(500);

  private final List<DoctorCheck> checks;
  private final HostFiles files;
  private final Duration limit;

  Doctor(List<DoctorCheck> checks, HostFiles files, Duration limit) {
    this.checks = List.copyOf(checks);
    this.files = files;
    this.limit = limit;
  }

  /**
   * All checks, on this host.
   *
   * @param images paths of images to look at as well
   */
  public static Doctor ofHost(List<String> images) {
    List<DoctorCheck> checks =
        new ArrayList<>(
            List.of(
                new BuildCheck(),
                new KernelCheck(),
                new RingCheck(),
                new ProcessCheck(),
                new ContainerCheck(),
                new CpuCheck(),
                new MemoryCheck(),
                new StorageCheck(),
                new TracingCheck(),
                new KvmCheck(),
                new QemuCheck(),
                new EngineCheck()));
    images.forEach(image -> checks.add(new ImageCheck(image)));
    return new Doctor(checks, HostFiles.ofHost(), LIMIT);
  }

  private record Running(DoctorCheck check, Thread thread, FutureTask<List<DoctorLine>> task) {}

  /** Runs the checks. */
  public DoctorReport examine() {
    List<Running> all = checks.stream().map(this::start).toList();
    long deadline = System.nanoTime() + limit.toNanos();
    DoctorReport.Builder report = new DoctorReport.Builder();
    all.forEach(one -> report.add(one.check().title(), outcome(one, deadline)));
    return report.build();
  }

  private Running start(DoctorCheck check) {
    FutureTask<List<DoctorLine>> task = new FutureTask<>(() -> check.run(files));
    Thread thread = Thread.ofPlatform().daemon().name("doctor-" + check.title()).start(task);
    return new Running(check, thread, task);
  }

  private List<DoctorLine> outcome(Running one, long deadline) {
    try {
      return one.task().get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      giveUp(one);
      return unfinished(one, "did not end in " + limit.toMillis() / 1e3 + " s");
    } catch (ExecutionException e) {
      // A bug, or an unforeseen host; the other checks go on. Only the class is shown, because a
      // message may have paths.
      return unfinished(
          one, "failed: " + Objects.requireNonNull(e.getCause()).getClass().getName());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return unfinished(one, "was interrupted");
    }
  }

  /** Interrupts a check, and gives it time to end a program that it may wait for. */
  private static void giveUp(Running one) {
    one.task().cancel(true);
    try {
      one.thread().join(GRACE.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static List<DoctorLine> unfinished(Running one, String why) {
    return List.of(
        DoctorLine.warning("check", one.check().getClass().getSimpleName() + " " + why, null));
  }
}
