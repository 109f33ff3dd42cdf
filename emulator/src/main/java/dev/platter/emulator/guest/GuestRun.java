package dev.platter.emulator.guest;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.measure.workload.CancelGrace;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.measure.workload.UnansweredRequests;
import dev.platter.guestimages.Guest;
import dev.platter.guestimages.GuestConsole;
import dev.platter.guestimages.GuestJob;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.ObjDoubleConsumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.jr.ob.JSON;

/**
 * Compares disks inside a real guest.
 *
 * <p>What only reads runs on all disks in one machine, one after the other, so that a pair of
 * results shares a kernel, a boot and a moment; idle disks cost nothing meanwhile. What writes gets
 * one machine for each disk, because an image has one writer. Every run boots anew, and every
 * second run goes through the disks backwards: whoever is first pays for what is not warm yet.
 * Before it measures, each machine reads from every disk for a while, unmeasured, which translates
 * the guest's code under TCG and compiles Platter's.
 */
public final class GuestRun {
  /** Who emulates a disk. */
  public enum Backend {
    /** This process. */
    PLATTER,
    /** QEMU itself. */
    QEMU;

    /** As the command line and the JSON name it. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What the guest does with a disk. */
  public enum Workload {
    /** Batches of reads with pauses in between. */
    IOTEST,
    /** A closed loop. */
    FIO_LIKE;

    /** As the command line and the JSON name it. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /**
   * A disk of the comparison.
   *
   * @param backend who emulates it
   * @param device AHCI or VIRTIO
   */
  public record Target(Backend backend, DeviceKind device) {
    /** The serial number by which the guest knows it. */
    public String serial() {
      return backend + "-" + device;
    }

    @Override
    public String toString() {
      return backend + " " + device;
    }
  }

  /**
   * What to compare, and in what.
   *
   * @param image a raw image or block device
   * @param targets the disks
   * @param workloads what runs on each
   * @param iotest parameters; its runs are ignored
   * @param bench parameters; its runs are ignored
   * @param runs how often
   * @param cpus vCPUs
   * @param memoryBytes the guest's RAM
   */
  public record Plan(
      Qemu qemu,
      Guest guest,
      Path image,
      List<Target> targets,
      List<Workload> workloads,
      GuestJob.Iotest iotest,
      GuestJob.Bench bench,
      int runs,
      int cpus,
      long memoryBytes) {
    /** Whether anything writes to the image. */
    public boolean writes() {
      return workloads.contains(Workload.FIO_LIKE) && bench.rw().endsWith("write");
    }

    /** How long a job says nothing, if all goes well. */
    public Duration longestJob() {
      return Duration.ofMillis(bench.warmUpMillis() + bench.runtimeMillis());
    }
  }

  /**
   * What came out.
   *
   * @param rows one for each workload and disk that ran at least once
   * @param accelerator what ran the guest
   * @param kernelRelease the guest's kernel
   * @param unanswered what the disk did not answer when the user ended it; null if it answered all
   * @param failure what ended it early, after the rows were measured; null if nothing did, or the
   *     user
   */
  public record Result(
      List<GuestRow> rows,
      Accelerator accelerator,
      String kernelRelease,
      @Nullable UnansweredRequests unanswered,
      @Nullable RuntimeException failure) {}

  private static final int WARM_UP_MILLIS = 1000;

  private final Plan plan;
  private final GuestRunner runner;
  private final HostDisks.Opener opener;
  private final ObjDoubleConsumer<String> progress;
  private final BooleanSupplier cancelled;
  private final CancelGrace patience;
  private final List<GuestRow> rows = new ArrayList<>();
  // Of the last guest that came up.
  private Accelerator accelerator = Accelerator.AUTO;
  private String kernelRelease = "unknown";
  private int steps;
  private @Nullable UnansweredRequests unanswered;

  /**
   * Prepares a comparison.
   *
   * @param opener serves Platter's disks
   * @param progress told what is being done, in a few words, and how much of all is done before,
   *     from 0 to 1; on any thread
   * @param cancelled whether the user has had enough; what is complete by then is the result
   */
  public GuestRun(
      Plan plan,
      GuestRunner runner,
      HostDisks.Opener opener,
      ObjDoubleConsumer<String> progress,
      BooleanSupplier cancelled) {
    this(plan, runner, opener, progress, cancelled, new CancelGrace(cancelled));
  }

  GuestRun(
      Plan plan,
      GuestRunner runner,
      HostDisks.Opener opener,
      ObjDoubleConsumer<String> progress,
      BooleanSupplier cancelled,
      CancelGrace patience) {
    this.patience = patience;
    this.plan = plan;
    this.runner = runner;
    this.opener = opener;
    this.progress = progress;
    this.cancelled = cancelled;
    for (Target target : plan.targets()) {
      for (Workload workload : plan.workloads()) {
        rows.add(new GuestRow(workload, target));
      }
    }
  }

  /**
   * Runs it. If it ends early, the jobs that were complete by then are its result.
   *
   * @throws PlatterException of kind FAILED if a guest hangs or a job in it fails before anything
   *     was measured
   */
  public Result run() {
    RuntimeException failure = null;
    try {
      for (int run = 1; run <= plan.runs(); run++) {
        for (List<Target> machine : machines(run)) {
          // The image of a disk that was given up is still locked, and may still be written to.
          if (unanswered == null) {
            runMachine(run, machine);
          }
        }
      }
    } catch (RuntimeException e) {
      failure = e;
    }
    rows.removeIf(row -> row.runs().isEmpty());
    if (rows.isEmpty()) {
      throw failure == null ? new IllegalStateException("nothing to run") : failure;
    }
    return new Result(
        rows, accelerator, kernelRelease, unanswered, cancelled.getAsBoolean() ? null : failure);
  }

  /** The next step begins: a machine boots, or a job begins. */
  private void tell(String what) {
    int machines = plan.writes() ? plan.targets().size() : 1;
    int jobs = plan.targets().size() * (1 + plan.workloads().size());
    progress.accept(what, steps / ((double) plan.runs() * (machines + jobs)));
    steps++;
  }

  private void tell(int run, JobCosts.Task task) {
    GuestRow row = task.row();
    tell(
        "run "
            + run
            + " of "
            + plan.runs()
            + ": "
            + (row == null ? "warming up " : row.workload() + " on ")
            + task.target());
  }

  private List<List<Target>> machines(int run) {
    List<Target> order = new ArrayList<>(plan.targets());
    if (run % 2 == 0) {
      Collections.reverse(order);
    }
    return plan.writes() ? order.stream().map(List::of).toList() : List.of(order);
  }

  private void runMachine(int run, List<Target> targets) {
    List<JobCosts.Task> tasks = tasks(targets);
    HostDisks disks = opener.open(platterKinds(targets), plan.writes());
    try (Closing _ = () -> close(disks)) {
      QemuCommand machine =
          new QemuCommand(plan.qemu(), plan.cpus(), plan.memoryBytes())
              .kernel(
                  plan.guest().kernel(),
                  plan.guest().initramfs(),
                  GuestJob.commandLine(tasks.stream().map(JobCosts.Task::job).toList()));
      targets.forEach(target -> machine.disk(attachment(target, disks, targets.size() > 1)));
      JobCosts costs = new JobCosts(run, tasks, disks, task -> tell(run, task));
      tell("run " + run + " of " + plan.runs() + ": the guest boots");
      RuntimeException failure = null;
      try {
        GuestRunner.Outcome _ = runner.run(machine, costs);
      } catch (RuntimeException e) {
        failure = e;
      }
      String kernel = costs.kernelRelease();
      if (kernel != null) {
        accelerator = costs.accelerator();
        kernelRelease = kernel;
      }
      for (JobCosts.Ended job : costs.ended()) {
        try {
          collect(tasks, job);
        } catch (PlatterException e) {
          failure = failure == null ? e : failure;
        }
      }
      if (failure != null) {
        throw failure;
      }
      if (costs.ended().size() < tasks.size()) {
        throw PlatterException.failed(
            "the guest did "
                + costs.ended().size()
                + " of its "
                + tasks.size()
                + " jobs and turned itself off",
            null);
      }
    }
  }

  private interface Closing extends AutoCloseable {
    @Override
    void close();
  }

  /** Closes the disks; does not wait for ever for a disk that does not answer. */
  private void close(HostDisks disks) {
    long begin = System.nanoTime();
    CompletableFuture<Void> closed =
        CompletableFuture.runAsync(
            disks::close, task -> Thread.ofPlatform().name("close-disks").daemon().start(task));
    if (!CancelGrace.isComplete(closed, patience)) {
      // The flush that closes an image is not counted as a request.
      int requests = (int) Math.max(1, disks.inFlight());
      unanswered = new UnansweredRequests(requests, begin, System.nanoTime());
    }
  }

  private static Set<DeviceKind> platterKinds(List<Target> targets) {
    Set<DeviceKind> kinds = new LinkedHashSet<>();
    for (Target target : targets) {
      if (target.backend() == Backend.PLATTER) {
        kinds.add(target.device());
      }
    }
    return kinds;
  }

  private List<JobCosts.Task> tasks(List<Target> targets) {
    List<JobCosts.Task> tasks = new ArrayList<>();
    for (Target target : targets) {
      tasks.add(new JobCosts.Task(warmUp(target), target, null));
    }
    for (Workload workload : plan.workloads()) {
      for (Target target : targets) {
        tasks.add(new JobCosts.Task(job(workload, target), target, row(workload, target)));
      }
    }
    return tasks;
  }

  private static String disk(Target target) {
    return "serial:" + target.serial();
  }

  private static GuestJob warmUp(Target target) {
    return GuestJob.of("bench", "disk", disk(target), "warmup_ms", WARM_UP_MILLIS, "runtime_ms", 1);
  }

  private GuestJob job(Workload workload, Target target) {
    String device = target.device().toString();
    return switch (workload) {
      case IOTEST -> GuestJob.iotest(disk(target), device, plan.iotest());
      case FIO_LIKE -> GuestJob.bench(disk(target), device, plan.bench());
    };
  }

  private GuestRow row(Workload workload, Target target) {
    return rows.stream()
        .filter(row -> row.workload() == workload && row.target().equals(target))
        .findFirst()
        .orElseThrow();
  }

  private VmDisk attachment(Target target, HostDisks disks, boolean shared) {
    if (target.backend() == Backend.PLATTER) {
      return disks.attachment(target.device());
    }
    return switch (target.device()) {
      case AHCI -> new VmDisk.QemuAhci("qemuahci", plan.image(), target.serial(), shared);
      case VIRTIO -> new VmDisk.QemuVirtio("qemuvirtio", plan.image(), target.serial(), shared);
      case RAW -> throw new IllegalArgumentException("no guest sees " + target);
    };
  }

  private static void collect(List<JobCosts.Task> tasks, JobCosts.Ended job) {
    GuestConsole.Result result = job.result();
    JobCosts.Task task = tasks.get(result.number() - 1);
    if (!result.succeeded()) {
      throw PlatterException.failed(
          "the guest's "
              + result.name()
              + " on "
              + task.target()
              + " failed with status "
              + result.status()
              + ": "
              + String.join("; ", result.text()),
          "--shell to look into it");
    }
    GuestRow row = task.row();
    if (row != null) {
      row.add(job.host().with(guestRow(result)));
    }
  }

  private static Map<String, Object> guestRow(GuestConsole.Result result) {
    try {
      Map<String, Object> document = JSON.std.mapFrom(result.json().getLast());
      if (document.get("rows") instanceof List<?> list
          && list.size() == 1
          && list.getFirst() instanceof Map<?, ?> row) {
        Map<String, Object> copy = new HashMap<>();
        row.forEach((key, value) -> copy.put(String.valueOf(key), value));
        return copy;
      }
    } catch (JacksonException | java.util.NoSuchElementException e) {
      throw new PlatterException(
          PlatterException.Kind.FAILED,
          "the guest's " + result.name() + " printed no result: " + e.getMessage(),
          null,
          e);
    }
    throw PlatterException.failed("the guest's " + result.name() + " printed no row", null);
  }
}
