package dev.platter.emulator.lab.punting;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.FileHandle;
import dev.platter.emulator.host.HostProgram;
import dev.platter.emulator.lab.Experiment;
import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.LabContext;
import dev.platter.emulator.measure.workload.DeviceKind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Finds the O_DIRECT writes that io_uring hands to its worker threads, by layout of the file and by
 * file system; their cost through emulated disks; and the remedy for a given image.
 */
public final class PuntingExperiment implements Experiment {
  /**
   * How much is measured.
   *
   * @param writes writes of 8 KiB over a file
   * @param rounds measured runs of each disk and image
   * @param depths writes outstanding in these runs
   * @param budgetSeconds the time after which no count begins, and before which each round should
   *     end
   */
  record Parameters(int writes, int rounds, List<Integer> depths, long budgetSeconds) {
    // Eight pairs are the fewest that suffice for six comparisons at once.
    static final Parameters QUICK = new Parameters(1024, 8, List.of(1, 16), 52);
    static final Parameters FULL = new Parameters(1024, 25, List.of(1, 4, 16), 900);
  }

  private final @Nullable Parameters fixed;

  /** With the parameters of the command line. */
  public PuntingExperiment() {
    fixed = null;
  }

  /** For tests: with parameters that do not depend on the context. */
  PuntingExperiment(Parameters parameters) {
    fixed = parameters;
  }

  @Override
  public String name() {
    return "punting";
  }

  @Override
  public String summary() {
    return "which O_DIRECT writes io_uring hands to worker threads, by preallocation and file"
        + " system";
  }

  @Override
  public Finding run(LabContext context) {
    Parameters parameters =
        fixed != null ? fixed : context.full() ? Parameters.FULL : Parameters.QUICK;
    return PrivateMounts.run("punting", refused -> new Run(parameters, context).run(refused));
  }

  private static final class Run {
    private final Parameters parameters;
    private final LabContext context;
    private final PuntingFinding result;
    private final long deadlineNanos;

    Run(Parameters parameters, LabContext context) {
      this.parameters = parameters;
      this.context = context;
      this.deadlineNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(parameters.budgetSeconds());
      this.result = new PuntingFinding(context, parameters.writes());
    }

    Finding run(@Nullable String noMounts) {
      FilesystemUnderTest scratch = scratch(context.scratch());
      PuntLatency latency =
          new PuntLatency(
              scratch.directory(), (long) parameters.writes() * DirectWriter.PIECE_BYTES, context);
      List<PuntLatency.LatencyRow> rows = new ArrayList<>();
      try {
        count(scratch, latency, rows, noMounts);
        // Latency is measured without tracing, because tracing costs time as well.
        latency.measure(rows, parameters.rounds(), deadlineNanos);
        if (late() && rows.stream().anyMatch(row -> row.summary().runs().isEmpty())) {
          leftOut("first writes through disks were not measured");
        }
      } catch (PlatterException e) {
        if (!context.interrupted().getAsBoolean()) {
          throw e;
        }
        // Ctrl-C also reaches the programs that the experiment runs; its results so far are kept.
      }
      result.latency(new PuntLatencyFinding(rows, parameters.writes()));
      return result.finish(scratch);
    }

    private void count(
        FilesystemUnderTest scratch,
        PuntLatency latency,
        List<PuntLatency.LatencyRow> rows,
        @Nullable String noMounts) {
      try (@Nullable TracepointCounter tracepoint = tracepoint(noMounts)) {
        PuntMeter meter =
            new PuntMeter(tracepoint, parameters.writes(), this::stopped, context.plant());
        onScratch(scratch, meter);
        onLoops(scratch, meter, noMounts);
        if (result.canWriteTo(scratch)) {
          for (int depth : parameters.depths()) {
            rows.addAll(latency.rows(depth, tracepoint, this::stopped));
          }
        }
        int all =
            parameters.depths().size() * DeviceKind.values().length * PuntLatency.IMAGES.size();
        if (late() && rows.size() < all) {
          leftOut("not all disks and images were tried");
        }
      }
    }

    private boolean late() {
      return !context.interrupted().getAsBoolean() && System.nanoTime() - deadlineNanos > 0;
    }

    private boolean stopped() {
      return context.interrupted().getAsBoolean() || late();
    }

    private void leftOut(String what) {
      result.lacks(what + ": the " + parameters.budgetSeconds() + " s for all this were over");
    }

    private @Nullable TracepointCounter tracepoint(@Nullable String noMounts) {
      try {
        return TracepointCounter.open(context.scratch(), noMounts);
      } catch (PlatterException e) {
        if (e.kind() != PlatterException.Kind.HOST_LACKS) {
          throw e;
        }
        result.lacks(e);
        return null;
      }
    }

    private static FilesystemUnderTest scratch(Path directory) {
      try (FileHandle handle = FileHandle.open(directory.toString(), false, false)) {
        String type = handle.facts().filesystem();
        return new FilesystemUnderTest(type, type, directory, true);
      }
    }

    private void onScratch(FilesystemUnderTest scratch, PuntMeter meter) {
      table(scratch, meter);
      remedies(scratch, meter);
    }

    private void table(FilesystemUnderTest filesystem, PuntMeter meter) {
      List<PuntCase> cases = meter.table(filesystem, context.progress());
      result.cases(cases);
      long layouts = cases.stream().map(PuntCase::layout).distinct().count();
      if (late() && layouts < WriteLayout.values().length) {
        leftOut(
            "on "
                + filesystem.name()
                + " "
                + layouts
                + " of "
                + WriteLayout.values().length
                + " layouts were tried");
      }
    }

    private void remedies(FilesystemUnderTest filesystem, PuntMeter meter) {
      PuntCount sparse = result.count(filesystem, WriteLayout.SPARSE, 1);
      if (sparse != null && sparse.many()) {
        context.progress().accept(filesystem.name() + ", remedies");
        result.trials(PuntRemedy.tryOut(filesystem, meter, this::stopped));
        if (late()) {
          leftOut("not all commands were tried on " + filesystem.name());
        }
      }
    }

    private void onLoops(FilesystemUnderTest scratch, PuntMeter meter, @Nullable String noMounts) {
      for (LoopFilesystem type : LoopFilesystem.values()) {
        // Another file system of the scratch directory's kind would add nothing.
        if (context.interrupted().getAsBoolean()
            || (type.toString().equals(scratch.type()) && !context.full())) {
          continue;
        }
        if (noMounts != null) {
          result.lacks("no " + type + " was tried: " + noMounts);
          continue;
        }
        if (late()) {
          leftOut("no " + type + " was tried");
          continue;
        }
        context.progress().accept("making " + type);
        try (LoopMount mount = LoopMount.of(type, context.scratch())) {
          FilesystemUnderTest filesystem =
              new FilesystemUnderTest(type + " (loop)", type.toString(), mount.directory(), false);
          table(filesystem, meter);
          if (type == LoopFilesystem.BTRFS) {
            onNodatacow(mount.directory(), meter);
          }
          remedies(filesystem, meter);
        } catch (PlatterException e) {
          if (e.kind() != PlatterException.Kind.HOST_LACKS) {
            throw e;
          }
          result.lacks(e);
        }
      }
    }

    /** Tries btrfs again, in a directory whose files it overwrites in place. */
    private void onNodatacow(Path mount, PuntMeter meter) {
      Path directory = mount.resolve("nodatacow");
      HostProgram.Outcome made = HostProgram.run("mkdir", directory.toString());
      HostProgram.Outcome set = HostProgram.run("chattr", "+C", directory.toString());
      if (!made.ok() || !set.ok()) {
        result.lacks("no nodatacow on btrfs was tried: " + set.complaint());
        return;
      }
      FilesystemUnderTest filesystem =
          new FilesystemUnderTest("btrfs (loop, nodatacow)", "btrfs", directory, false);
      table(filesystem, meter);
      remedies(filesystem, meter);
    }
  }
}
