package dev.platter.emulator.cli.run;

import static dev.platter.emulator.cli.shared.PlatterCommand.require;

import dev.platter.emulator.cli.shared.DurationConverter;
import dev.platter.emulator.cli.shared.PatternConverter;
import dev.platter.emulator.cli.shared.SectorOption;
import dev.platter.emulator.cli.shared.SizeRange;
import dev.platter.emulator.measure.workload.Bench;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The requests that each job of {@code bench} makes, and their pace. The options have the names
 * that fio gives them.
 */
final class BenchJobOptions {
  @Option(
      names = "--rw",
      paramLabel = "PATTERN",
      defaultValue = "randread",
      converter = PatternConverter.class,
      description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private Bench.Pattern pattern = Bench.Pattern.RANDREAD;

  @Option(
      names = "--bs",
      paramLabel = "SIZE[-SIZE]",
      defaultValue = "4k",
      converter = SizeRange.Converter.class,
      description =
          "Request size, or a range to draw multiples of its smaller size from (default:"
              + " ${DEFAULT-VALUE}).")
  private SizeRange blockSize = new SizeRange(4096, 4096);

  @Option(
      names = "--rwmixread",
      paramLabel = "PERCENT",
      description = "Of rw and randrw, how many of 100 reads and writes are reads (default: 50).")
  private @Nullable Integer readPercent;

  @Option(
      names = "--rwmixtrim",
      paramLabel = "PERCENT",
      description = "Of rw and randrw, how many of 100 requests are trims (default: 0).")
  private @Nullable Integer trimPercent;

  @Option(
      names = "--iodepth",
      paramLabel = "N[,N]",
      split = ",",
      defaultValue = "1",
      description =
          "Requests that each job has outstanding, as far as the disk takes them: AHCI has 32"
              + " command slots, virtio 256 for each queue (default: ${DEFAULT-VALUE}). Several,"
              + " separated by commas, are a sweep: every device is run at every depth.")
  private List<Integer> depths = List.of();

  @Option(
      names = "--numjobs",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Jobs, each with --iodepth requests and a place of its own, all on one vCPU (default:"
              + " ${DEFAULT-VALUE}).")
  private int jobs;

  @Option(
      names = "--rate-iops",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Requests per second of each job, at the most; 0 for any number (default:"
              + " ${DEFAULT-VALUE}).")
  private int rate;

  @Option(
      names = "--thinktime",
      paramLabel = "TIME",
      defaultValue = "0",
      converter = DurationConverter.class,
      description =
          "Time between a completion and the request that takes its place (default:"
              + " ${DEFAULT-VALUE}).")
  private long thinkNanos;

  @Option(
      names = "--runtime",
      paramLabel = "TIME",
      defaultValue = "5s",
      converter = DurationConverter.class,
      description = "Time measured in each run (default: ${DEFAULT-VALUE}).")
  private long runtimeNanos;

  @Option(
      names = "--warmup",
      paramLabel = "TIME",
      defaultValue = "1s",
      converter = DurationConverter.class,
      description = "Time before measuring, in each run (default: ${DEFAULT-VALUE}).")
  private long warmUpNanos;

  /** Refuses options that make no sense, alone or with each other. */
  void check(SectorOption sector) {
    require(
        depths.stream().allMatch(depth -> depth >= 1 && depth <= 1024),
        "--iodepth must be between 1 and 1024",
        "--iodepth 32");
    require(
        Set.copyOf(depths).size() == depths.size(),
        "--iodepth names a depth twice",
        "--iodepth 1,2,4,8");
    require(jobs >= 1 && jobs <= 64, "--numjobs must be between 1 and 64", "--numjobs 4");
    require(
        outstanding() <= 1024,
        "--numjobs times --iodepth must not exceed 1024 requests",
        "fewer jobs or a smaller depth");
    require(
        rate >= 0 && rate <= 1_000_000,
        "--rate-iops must be between 0 and 1000000",
        "--rate-iops 500");
    require(
        pattern.mixes() || (readPercent == null && trimPercent == null),
        "--rwmixread and --rwmixtrim have no effect with --rw " + pattern,
        "--rw randrw");
    require(
        isPercent(readPercent) && isPercent(trimPercent),
        "--rwmixread and --rwmixtrim must be between 0 and 100",
        "--rwmixread 70");
    require(
        blockSize.minBytes() % 512 == 0,
        "--bs must be a multiple of 512",
        "--bs 4k, or --bs 512-1M");
    sector.check(blockSize.minBytes(), "--bs");
    require(
        blockSize.maxBytes() % blockSize.minBytes() == 0,
        "--bs: the larger size must be a multiple of the smaller",
        "--bs 512-1M");
    require(
        blockSize.maxBytes() <= RunCommand.MAX_BUFFER_BYTES / outstanding(),
        "--bs times --iodepth times --numjobs must not exceed 1G of guest RAM",
        "a smaller --bs or --iodepth");
    require(runtimeNanos > 0, "--runtime must not be 0", "--runtime 5s");
  }

  private static boolean isPercent(@Nullable Integer value) {
    return value == null || (value >= 0 && value <= 100);
  }

  Bench.Pattern pattern() {
    return pattern;
  }

  SizeRange blockSize() {
    return blockSize;
  }

  /** The depths to run at, each once, in the order of the command line. */
  Set<Integer> depths() {
    return new LinkedHashSet<>(depths);
  }

  /** Whether a mix has trims in it. */
  boolean mixesTrims() {
    return trimPercent != null && trimPercent > 0;
  }

  /** The requests of all jobs together at the greatest depth. */
  int outstanding() {
    return jobs * Collections.max(depths);
  }

  /** The time that one run takes, in nanoseconds. */
  long runNanos() {
    return warmUpNanos + runtimeNanos;
  }

  /**
   * The workload of a run.
   *
   * @param depth one of {@link #depths}
   * @param flushEvery the number of a job's writes between two flushes; 0 for no flushes
   * @param seed of offsets and sizes
   */
  Bench.Options workload(int depth, int flushEvery, long seed) {
    return new Bench.Options(
        pattern,
        (int) blockSize.minBytes(),
        (int) blockSize.maxBytes(),
        depth,
        warmUpNanos,
        runtimeNanos,
        flushEvery,
        seed,
        new Bench.Mix(
            readPercent == null ? Bench.Mix.EVEN.readPercent() : readPercent,
            trimPercent == null ? Bench.Mix.EVEN.trimPercent() : trimPercent),
        new Bench.Jobs(jobs, thinkNanos, rate));
  }
}
