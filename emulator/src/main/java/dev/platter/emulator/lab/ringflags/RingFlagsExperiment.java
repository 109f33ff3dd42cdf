package dev.platter.emulator.lab.ringflags;

import dev.platter.aio.access.RingAccess;
import dev.platter.aio.ring.Ring;
import dev.platter.aio.ring.SetupFlag;
import dev.platter.emulator.lab.Experiment;
import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.LabContext;
import dev.platter.emulator.lab.Plant;
import dev.platter.emulator.measure.workload.ScratchImage;
import dev.platter.emulator.text.Units;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Measures the gain of each io_uring set-up flag on this host, and whether a thread that polls the
 * ring's memory sees every completion.
 */
public final class RingFlagsExperiment implements Experiment {
  /**
   * How much is measured.
   *
   * @param cells the workloads
   * @param scratchBytes size of the scratch image
   * @param warmUpNanos the warm-up of each run
   * @param runtimeNanos the measured time of each run
   * @param rounds how many pairs there are of each comparison
   * @param budgetNanos the time for the whole experiment; no round begins that would probably end
   *     later
   * @param tries how many completions are polled for
   */
  record Parameters(
      List<FlagLadder.Cell> cells,
      long scratchBytes,
      long warmUpNanos,
      long runtimeNanos,
      int rounds,
      long budgetNanos,
      int tries) {
    private static final long MILLISECOND = 1_000_000L;
    private static final long SECOND = 1_000 * MILLISECOND;

    static final Parameters QUICK =
        new Parameters(
            FlagLadder.allCells(),
            256 << 20,
            8 * MILLISECOND,
            50 * MILLISECOND,
            12,
            52 * SECOND,
            200);
    static final Parameters FULL =
        new Parameters(
            FlagLadder.allCells(),
            1 << 30,
            20 * MILLISECOND,
            200 * MILLISECOND,
            30,
            900 * SECOND,
            2_000);
  }

  /** Rings with and without TASKRUN_FLAG, for both flags that defer completion work. */
  private static final List<Set<SetupFlag>> POLLED =
      List.of(
          EnumSet.noneOf(SetupFlag.class),
          EnumSet.of(SetupFlag.COOP_TASKRUN),
          EnumSet.of(SetupFlag.COOP_TASKRUN, SetupFlag.TASKRUN_FLAG),
          EnumSet.of(SetupFlag.SINGLE_ISSUER, SetupFlag.DEFER_TASKRUN),
          EnumSet.of(SetupFlag.SINGLE_ISSUER, SetupFlag.DEFER_TASKRUN, SetupFlag.TASKRUN_FLAG));

  private final @Nullable Parameters fixed;

  /** With the parameters of the command line. */
  public RingFlagsExperiment() {
    fixed = null;
  }

  /** For tests: with parameters that do not depend on the context. */
  RingFlagsExperiment(Parameters parameters) {
    fixed = parameters;
  }

  @Override
  public String name() {
    return "ring-flags";
  }

  @Override
  public String summary() {
    return "what each io_uring set-up flag brings, and that polling sees every completion";
  }

  @Override
  public Finding run(LabContext context) {
    Parameters parameters =
        fixed != null ? fixed : context.full() ? Parameters.FULL : Parameters.QUICK;
    long deadline = System.nanoTime() + parameters.budgetNanos();
    Map<SetupFlag, String> refused;
    try (Ring ring = RingAccess.open(1, Rung.DEFER_TASKRUN.flags())) {
      refused = refused(ring, context.plant());
    }
    Finding finding =
        new Finding(
            "io_uring set-up flags",
            "Which of the flags SINGLE_ISSUER, COOP_TASKRUN|TASKRUN_FLAG, NO_SQARRAY and"
                + " DEFER_TASKRUN make block I/O faster on this host, and does a loop that polls"
                + " the ring's memory see every completion with them?",
            "Stefan Hajnoczi, 'aio-posix: enable io_uring SINGLE_ISSUER, TASKRUN, and NO_SQARRAY"
                + " flags', qemu-devel, February 2026; the published gains are of fio in a guest"
                + " with 4 vCPUs, on virtio-blk with one IOThread over a local NVMe drive");
    finding.expected(
        "At depth 1 up to 3 % more requests per second with the TASKRUN flags and up to 6 % with"
            + " NO_SQARRAY besides, at depth 64 no difference; for DEFER_TASKRUN nothing is"
            + " published. The gain is CPU time: where the disk or waking threads takes most of a"
            + " request, it is lost in the noise. With TASKRUN_FLAG, who polls sees SQ_TASKRUN in"
            + " memory before there is a CQE; without it, nothing until the ring is entered.");
    RingFlagsFinding result = new RingFlagsFinding(finding, refused);
    poll(result, refused.keySet(), parameters, context);
    List<Rung> rungs = new ArrayList<>();
    for (Rung rung : Rung.values()) {
      if (rung == Rung.NONE || !refused.keySet().containsAll(rung.added())) {
        rungs.add(rung);
      }
    }
    try (ScratchImage image =
        ScratchImage.create(
            context.scratch(),
            parameters.scratchBytes(),
            written ->
                context.progress().accept("writing a scratch image: " + Units.bytes(written)),
            context.interrupted())) {
      FlagLadder ladder = new FlagLadder(image.path(), rungs, parameters, context);
      ladder.run(deadline);
      result.ladder(ladder);
    }
    if (context.interrupted().getAsBoolean()) {
      finding.partial();
    }
    return result.finish();
  }

  private static Map<SetupFlag, String> refused(Ring ring, Plant plant) {
    return switch (plant) {
      case NONE -> ring.refused();
      case PRESENT -> Map.of(SetupFlag.NO_SQARRAY, "because that was planted");
      case ABSENT -> Map.of();
    };
  }

  private static void poll(
      RingFlagsFinding result, Set<SetupFlag> refused, Parameters parameters, LabContext context) {
    if (!PinnedPair.possible()) {
      result.noPolling("Polling was not tried: it needs two CPUs.");
      return;
    }
    context.progress().accept("polling for completions");
    List<TaskWork.Seen> seen = new ArrayList<>();
    Map<Set<SetupFlag>, LoopPolls.Polled> polled = new LinkedHashMap<>();
    for (Set<SetupFlag> flags : POLLED) {
      if (Collections.disjoint(flags, refused)) {
        seen.add(TaskWork.with(flags, parameters.tries(), context.interrupted()));
        polled.put(flags, LoopPolls.with(flags, parameters.tries(), context.interrupted()));
      }
    }
    result.taskWork(seen);
    result.loopPolls(polled);
  }
}
