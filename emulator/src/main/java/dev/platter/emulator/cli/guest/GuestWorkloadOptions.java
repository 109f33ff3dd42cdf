package dev.platter.emulator.cli.guest;

import static dev.platter.emulator.cli.shared.PlatterCommand.require;

import dev.platter.emulator.cli.shared.ChoiceConverter;
import dev.platter.emulator.cli.shared.DurationConverter;
import dev.platter.emulator.cli.shared.OptionEffects;
import dev.platter.emulator.cli.shared.PatternConverter;
import dev.platter.emulator.cli.shared.SectorOption;
import dev.platter.emulator.cli.shared.SizeConverter;
import dev.platter.emulator.guest.GuestRun.Workload;
import dev.platter.emulator.measure.workload.Bench;
import dev.platter.guestimages.GuestJob;
import java.util.LinkedHashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The workloads that a guest runs on each disk, and their numbers. */
final class GuestWorkloadOptions {
  private static final int CHUNK_BYTES = 128 << 10;

  /** The options that only the workload fio-like reads. */
  static final String[] OF_FIO_LIKE = {"--rw", "--bs", "--iodepth", "--runtime", "--warmup"};

  /** For picocli. */
  static final class WorkloadConverter extends ChoiceConverter<Workload> {
    WorkloadConverter() {
      super(Workload.class);
    }
  }

  @Option(
      names = "--workload",
      split = ",",
      paramLabel = "WORKLOAD",
      defaultValue = "iotest,fio-like",
      converter = WorkloadConverter.class,
      description = {
        "What to run, separated by commas (default: ${DEFAULT-VALUE}).",
        "iotest: as platter iotest. fio-like: a closed loop, see --rw.",
      })
  private List<Workload> workloads = List.of();

  @Option(
      names = "--runs",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Runs, each in a fresh boot, the disks in turn; medians are reported (default:"
              + " ${DEFAULT-VALUE}).")
  private int runs;

  @Option(
      names = "--total",
      paramLabel = "SIZE",
      defaultValue = "128M",
      converter = SizeConverter.class,
      description =
          "iotest: how much to read; also the scratch image's size (default: ${DEFAULT-VALUE}).")
  private long totalBytes;

  @Option(
      names = "--rw",
      paramLabel = "PATTERN",
      defaultValue = "randread",
      converter = PatternConverter.class,
      description = "fio-like: read, write, randread or randwrite (default: ${DEFAULT-VALUE}).")
  private Bench.Pattern pattern = Bench.Pattern.RANDREAD;

  @Option(
      names = "--bs",
      paramLabel = "SIZE",
      defaultValue = "4k",
      converter = SizeConverter.class,
      description = "fio-like: request size (default: ${DEFAULT-VALUE}).")
  private long blockBytes;

  @Option(
      names = "--iodepth",
      paramLabel = "N",
      defaultValue = "1",
      description = "fio-like: requests outstanding (default: ${DEFAULT-VALUE}).")
  private int depth;

  @Option(
      names = "--runtime",
      paramLabel = "TIME",
      defaultValue = "3s",
      converter = DurationConverter.class,
      description = "fio-like: time measured in each run (default: ${DEFAULT-VALUE}).")
  private long runtimeNanos;

  @Option(
      names = "--warmup",
      paramLabel = "TIME",
      defaultValue = "500ms",
      converter = DurationConverter.class,
      description = "fio-like: time before measuring, in each run (default: ${DEFAULT-VALUE}).")
  private long warmUpNanos;

  /**
   * Refuses options that make no sense, alone or with the machine.
   *
   * @param memoryBytes the guest's RAM, which holds the buffers
   */
  void check(SectorOption sector, long memoryBytes) {
    require(runs >= 1, "--runs must be at least 1", "--runs 5");
    require(
        totalBytes >= CHUNK_BYTES && totalBytes % CHUNK_BYTES == 0,
        "--total must be a multiple of 128K, and not 0",
        "--total 128M");
    require(
        blockBytes >= 512 && blockBytes % 512 == 0 && blockBytes <= 32 << 20,
        "--bs must be a multiple of 512, up to 32M",
        "--bs 4k");
    sector.check(blockBytes, "--bs");
    require(
        depth >= 1 && depth <= 256 && blockBytes * depth <= memoryBytes / 4,
        "--iodepth must be between 1 and 256, and --bs times --iodepth a quarter of --memory at"
            + " the most",
        "--iodepth 32");
    require(runtimeNanos >= 1_000_000, "--runtime must be at least 1ms", "--runtime 3s");
    require(
        !pattern.mixes() && !pattern.trims(),
        "--rw " + pattern + " is a pattern of platter bench: the guest reads or writes",
        "--rw randread");
  }

  /**
   * Refuses options that do nothing beside the others.
   *
   * @param image the user's image, or null
   */
  void check(OptionEffects effects, @Nullable String image) {
    effects
        .check(
            workloads.contains(Workload.FIO_LIKE),
            "without the workload fio-like",
            "Add fio-like to --workload",
            OF_FIO_LIKE)
        .check(
            image == null || workloads.contains(Workload.IOTEST),
            "without the workload iotest on an image that is there already",
            "Add iotest to --workload",
            "--total");
  }

  /** Whether a workload changes the image. */
  boolean writes() {
    return pattern.writes() && workloads.contains(Workload.FIO_LIKE);
  }

  Bench.Pattern pattern() {
    return pattern;
  }

  /** The workloads, each once. */
  List<Workload> workloads() {
    return List.copyOf(new LinkedHashSet<>(workloads));
  }

  int runs() {
    return runs;
  }

  /** The size of the scratch image. */
  long scratchBytes() {
    return totalBytes;
  }

  /** What the guest does for the workload iotest. */
  GuestJob.Iotest iotest() {
    GuestJob.Iotest usual = GuestJob.Iotest.defaults();
    return new GuestJob.Iotest(
        totalBytes,
        CHUNK_BYTES,
        usual.batch(),
        usual.batchDelayMicros(),
        usual.completionDelayMicros(),
        1);
  }

  /** What the guest does for the workload fio-like. */
  GuestJob.Bench fioLike() {
    return new GuestJob.Bench(
        pattern.toString(),
        (int) blockBytes,
        depth,
        warmUpNanos / 1_000_000,
        runtimeNanos / 1_000_000,
        1);
  }
}
