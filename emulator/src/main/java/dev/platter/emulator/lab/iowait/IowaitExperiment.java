package dev.platter.emulator.lab.iowait;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.IoUringAbi;
import dev.platter.aio.access.RingAccess;
import dev.platter.aio.file.FileHandle;
import dev.platter.aio.file.IoReason;
import dev.platter.aio.ring.Ring;
import dev.platter.devices.block.BlockBackend;
import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageCreator;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.devices.block.image.Preallocation;
import dev.platter.emulator.host.disk.Disks;
import dev.platter.emulator.lab.Experiment;
import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.InterruptibleWait;
import dev.platter.emulator.lab.LabContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Whether a wait of an idle ring counts as waiting for I/O, and whether Platter's loops do. */
public final class IowaitExperiment implements Experiment {
  private static final long IMAGE_BYTES = 8 << 20;
  private static final long SETTLE_NANOS = 50_000_000;
  private static final Plan QUICK = new Plan(5, 500_000_000L);
  private static final Plan FULL = new Plan(5, 3_000_000_000L);

  /**
   * The length of the experiment.
   *
   * @param rounds how often each case has its turn
   * @param windowNanos how long each window of the counters is
   */
  record Plan(int rounds, long windowNanos) {}

  private final @Nullable Plan plan;

  /** With a plan that fits a minute, or a longer one if the context asks for it. */
  public IowaitExperiment() {
    this.plan = null;
  }

  IowaitExperiment(Plan plan) {
    this.plan = plan;
  }

  @Override
  public String name() {
    return "iowait";
  }

  @Override
  public String summary() {
    return "whether idle io_uring loops show up as waiting for I/O, in iowait and in pressure"
        + " figures";
  }

  @Override
  public Finding run(LabContext context) {
    StallReading.Sources sources = StallReading.Sources.ofThisHost();
    IowaitReport report = new IowaitReport(sources);
    if (sources.read().since(sources.read()).shares().isEmpty()) {
      return report.notPossible();
    }
    boolean hasOptOut;
    try (Ring ring = RingAccess.open(1, Set.of())) {
      hasOptOut = ring.hasFeature(IoUringAbi.FEAT_NO_IOWAIT);
    }
    Plan plan = this.plan != null ? this.plan : context.full() ? FULL : QUICK;
    Path path = context.scratch().resolve("iowait.img");
    try {
      ImageCreator.create(path.toString(), IMAGE_BYTES, Preallocation.FULL, true, bytes -> {});
      return new Run(context, plan, sources, path, hasOptOut).finding(report);
    } finally {
      remove(path);
    }
  }

  private static void remove(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw new PlatterException(
          PlatterException.Kind.FAILED, "cannot remove " + path + ": " + IoReason.of(e), null, e);
    }
  }

  /** A run of the experiment. */
  private static final class Run {
    private final LabContext context;
    private final Plan plan;
    private final StallReading.Sources sources;
    private final Path path;
    private final boolean hasOptOut;
    private final IowaitResults results = new IowaitResults();
    private final Map<IowaitCase, Waiter.Done> done = new EnumMap<>(IowaitCase.class);

    Run(LabContext context, Plan plan, StallReading.Sources sources, Path path, boolean hasOptOut) {
      this.context = context;
      this.plan = plan;
      this.sources = sources;
      this.path = path;
      this.hasOptOut = hasOptOut;
    }

    Finding finding(IowaitReport report) {
      boolean direct = hasDirectIo();
      ImageOptions options =
          direct ? ImageOptions.READ_ONLY : ImageOptions.READ_ONLY.withCache(CacheMode.WRITEBACK);
      boolean complete = true;
      try (BlockBackend image = Disks.open(path.toString(), options);
          FileHandle file = FileHandle.open(path.toString(), false, direct)) {
        for (int round = 0; round < plan.rounds() && complete; round++) {
          complete = round(round, cases(direct), image, file);
        }
      }
      return report.finding(results, done, new IowaitReport.Setting(hasOptOut, direct, !complete));
    }

    private boolean hasDirectIo() {
      try (FileHandle file = FileHandle.open(path.toString(), false, true)) {
        return file.direct();
      } catch (PlatterException e) {
        return false;
      }
    }

    private List<IowaitCase> cases(boolean direct) {
      EnumSet<IowaitCase> cases = EnumSet.allOf(IowaitCase.class);
      if (!hasOptOut) {
        cases.removeAll(
            EnumSet.of(
                IowaitCase.AFTER_OPT_OUT,
                IowaitCase.IOTHREAD_ABLATED,
                IowaitCase.MAIN_LOOP_ABLATED));
      }
      if (!direct) {
        cases.removeAll(EnumSet.of(IowaitCase.READS, IowaitCase.PREADS));
      }
      List<IowaitCase> list = new ArrayList<>(cases);
      // The baseline runs again in the middle, because other activity on the host changes.
      list.add(list.size() / 2 + 1, IowaitCase.NOTHING);
      return list;
    }

    /** Runs a round; returns false if it was interrupted. */
    private boolean round(int round, List<IowaitCase> cases, BlockBackend image, FileHandle file) {
      List<IowaitCase> order = new ArrayList<>(cases);
      if (round % 2 == 1) {
        Collections.reverse(order);
      }
      for (IowaitCase what : order) {
        context
            .progress()
            .accept("iowait, round " + (round + 1) + "/" + plan.rounds() + ": " + what.label());
        if (!window(what, image, file)) {
          return false;
        }
      }
      return true;
    }

    private boolean window(IowaitCase what, BlockBackend image, FileHandle file) {
      try (Waiter waiter = waiter(what, image, file)) {
        if (!InterruptibleWait.until(System.nanoTime() + SETTLE_NANOS, context.interrupted())) {
          return false;
        }
        Waiter.Done doneBefore = waiter.done();
        StallReading before = sources.read();
        BlockedTasks blocked = new BlockedTasks();
        long end = before.nanos() + plan.windowNanos();
        for (long next = before.nanos(); next < end; next += BlockedTasks.PERIOD_NANOS) {
          blocked.look();
          if (!InterruptibleWait.until(
              Math.min(end, next + BlockedTasks.PERIOD_NANOS), context.interrupted())) {
            return false;
          }
        }
        StallReading.Window window = sources.read().since(before);
        results.add(what, window.with(StallCounter.BLOCKED, blocked.share()));
        done.merge(what, waiter.done().since(doneBefore), Waiter.Done::plus);
        return true;
      }
    }

    private Waiter waiter(IowaitCase what, BlockBackend image, FileHandle file) {
      return switch (what) {
        case NOTHING -> new Nobody();
        case BEFORE -> new IdleRing(IdleRing.Before.NOTHING, false);
        case AFTER ->
            switch (context.plant()) {
              case NONE -> new IdleRing(IdleRing.Before.ONE_REQUEST, false);
              case PRESENT -> new IdleRing(IdleRing.Before.ONE_IN_FLIGHT, false);
              case ABSENT -> new IdleRing(IdleRing.Before.NOTHING, false);
            };
        case AFTER_OPT_OUT -> new IdleRing(IdleRing.Before.ONE_REQUEST, true);
        case IOTHREAD -> LoopWaiter.idleIoThread(image, true);
        case IOTHREAD_ABLATED -> LoopWaiter.idleIoThread(image, false);
        case MAIN_LOOP -> LoopWaiter.idleMainLoop(image, true);
        case MAIN_LOOP_ABLATED -> LoopWaiter.idleMainLoop(image, false);
        case READS -> LoopWaiter.reading(image);
        case PREADS -> new PlainReads(file, IMAGE_BYTES);
      };
    }
  }

  private static final class Nobody implements Waiter {
    @Override
    public Done done() {
      return new Done(0, 0, 0);
    }

    @Override
    public void close() {}
  }
}
