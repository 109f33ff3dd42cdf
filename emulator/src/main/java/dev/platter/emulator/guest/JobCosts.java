package dev.platter.emulator.guest;

import dev.platter.aio.loop.LoopStats;
import dev.platter.emulator.measure.stages.PathThreads;
import dev.platter.emulator.measure.stages.StageRun;
import dev.platter.guestimages.GuestConsole;
import dev.platter.guestimages.GuestJob;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The host's costs of each job of one guest, read when the console reports the job's begin and end.
 * For the thread that reads the console; other threads read the costs when that thread is done.
 */
final class JobCosts implements GuestListener {
  /** A job on the guest's list and where its result goes; no row for what is not measured. */
  record Task(GuestJob job, GuestRun.Target target, @Nullable GuestRow row) {}

  /** A job that has ended, and what the host spent on it. */
  record Ended(GuestConsole.Result result, GuestRow.Run host) {}

  private final int run;
  private final List<Task> tasks;
  private final HostDisks disks;
  private final Consumer<Task> begins;
  private final List<Ended> ended = new ArrayList<>();
  private Accelerator accelerator = Accelerator.AUTO;
  private @Nullable String kernelRelease;
  private LoopStats.@Nullable Snapshot loopBefore;
  private @Nullable HostAccounts before;
  private Duration qemuBefore = Duration.ZERO;

  /**
   * Of jobs that have not begun.
   *
   * @param run which run of the comparison, from 1
   * @param tasks the guest's list, in order
   * @param begins told of each that begins
   */
  JobCosts(int run, List<Task> tasks, HostDisks disks, Consumer<Task> begins) {
    this.run = run;
    this.tasks = tasks;
    this.disks = disks;
    this.begins = begins;
  }

  /** The jobs that have ended, in order. */
  List<Ended> ended() {
    return ended;
  }

  /** The engine that runs the guest, once the guest is up. */
  Accelerator accelerator() {
    return accelerator;
  }

  /** The guest's kernel; null if it has not come up. */
  @Nullable String kernelRelease() {
    return kernelRelease;
  }

  private LoopStats.@Nullable Snapshot loop(int number) {
    GuestRun.Target target = tasks.get(number - 1).target();
    return target.backend() == GuestRun.Backend.PLATTER ? disks.loop(target.device()) : null;
  }

  private @Nullable StageRun stages(int number) {
    GuestRun.Target target = tasks.get(number - 1).target();
    return target.backend() == GuestRun.Backend.PLATTER ? disks.takeStages(target.device()) : null;
  }

  /** The threads of this process that do a job's requests. */
  private Predicate<String> threads(int number) {
    GuestRun.Target target = tasks.get(number - 1).target();
    if (target.backend() != GuestRun.Backend.PLATTER) {
      return _ -> false;
    }
    PathThreads threads = PathThreads.ofExport(target.serial(), target.serial());
    return threads.loop().or(threads.vcpu());
  }

  @Override
  public void up(Accelerator accelerator, String kernelRelease) {
    this.accelerator = accelerator;
    this.kernelRelease = kernelRelease;
  }

  @Override
  public void jobBegun(int number, QemuProcess qemu) {
    begins.accept(tasks.get(number - 1));
    qemuBefore = qemu.cpuTime();
    loopBefore = loop(number);
    stages(number); // what came before is not this job's
    before = HostAccounts.now(qemu.threads());
  }

  @Override
  public void jobEnded(GuestConsole.Result result, QemuProcess qemu) {
    HostAccounts after = HostAccounts.now(qemu.threads());
    HostAccounts first = before == null ? after : before;
    Duration qemuCpu = qemu.cpuTime().minus(qemuBefore);
    LoopStats.Snapshot loop = loop(result.number());
    ended.add(
        new Ended(
            result,
            new GuestRow.Run(
                run,
                Map.of(),
                loop == null || loopBefore == null ? null : loop.since(loopBefore),
                stages(result.number()),
                after.host().own().since(first.host().own()),
                qemuCpu,
                after.since(first, threads(result.number()), qemuCpu))));
  }
}
