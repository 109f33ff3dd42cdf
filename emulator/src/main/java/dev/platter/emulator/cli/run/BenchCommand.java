package dev.platter.emulator.cli.run;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.image.ImageInspector;
import dev.platter.emulator.cli.shared.AllSteps;
import dev.platter.emulator.cli.shared.DurationConverter;
import dev.platter.emulator.cli.shared.ImageSource;
import dev.platter.emulator.cli.shared.Interruption;
import dev.platter.emulator.cli.shared.OptionEffects;
import dev.platter.emulator.cli.shared.PatternConverter;
import dev.platter.emulator.cli.shared.Progress;
import dev.platter.emulator.cli.shared.Settings;
import dev.platter.emulator.cli.shared.SizeConverter;
import dev.platter.emulator.cli.shared.SizeRange;
import dev.platter.emulator.host.disk.Disks;
import dev.platter.emulator.measure.workload.Bench;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.measure.workload.ImageVerifier;
import dev.platter.emulator.measure.workload.MeasuredRun;
import dev.platter.emulator.measure.workload.RunIdentity;
import dev.platter.emulator.measure.workload.ScratchImage;
import dev.platter.emulator.measure.workload.TestBed;
import dev.platter.emulator.measure.workload.Verification;
import dev.platter.emulator.measure.workload.WriteLedger;
import dev.platter.emulator.result.BenchReport;
import dev.platter.emulator.result.Environment;
import dev.platter.emulator.result.Summary;
import dev.platter.emulator.result.Variant;
import dev.platter.emulator.result.VerificationReport;
import dev.platter.emulator.result.document.EnvironmentFacts;
import dev.platter.emulator.result.document.Warning;
import dev.platter.emulator.text.Units;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code platter bench}. */
@Command(
    name = "bench",
    description = {
      "Measures emulated disks against the ring with no device in front (raw).",
      "Keeps --iodepth requests of each job outstanding for --runtime. Latency is from submission"
          + " to the completion interrupt being handled. With --verify every sector carries its"
          + " offset and the run and the number of the write it comes from, and is checked: reads"
          + " at once, writes by reading the image back through a plain file channel.",
    },
    footer = {
      "  platter bench --rw randread --bs 4k --iodepth 1 --runs 5",
      "  platter bench --iodepth 1,2,4,8,16,32 --report sweep.html",
      "  platter bench --rw randrw --rwmixread 70 --fsync 32 --numjobs 4 --rate-iops 500",
      "  platter bench disk.img --device virtio --rw randwrite --iodepth 32 --bs 512-1M \\",
      "      --verify --destroy-data",
      "  platter bench disk.img --verify-state state --verify-only",
    })
public final class BenchCommand extends RunCommand {
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

  @Option(
      names = "--size",
      paramLabel = "SIZE",
      defaultValue = "1G",
      converter = SizeConverter.class,
      description = "Size of the scratch image (default: ${DEFAULT-VALUE}).")
  private long scratchBytes;

  @Option(
      names = "--fsync",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "A flush after every N writes of a job; 0 for none (default: ${DEFAULT-VALUE}).")
  private int flushEvery;

  @Option(names = "--verify", description = "Check every block.")
  private boolean verify;

  @Option(
      names = "--verify-state",
      paramLabel = "FILE",
      description =
          "Keep a record of what flushes have made stable, for --verify-only after a crash; or,"
              + " with a pattern that reads, compare with such a record. There is a flush after"
              + " 1,048,576 writes without one.")
  private @Nullable Path verifyState;

  @Option(
      names = "--verify-only",
      description =
          "Do no I/O on devices: check that IMAGE holds all that --verify-state says is stable.")
  private boolean verifyOnly;

  @Option(names = "--destroy-data", description = "Allow writing to IMAGE.")
  private boolean destroyData;

  @Option(
      names = "--iothreads",
      paramLabel = "N",
      defaultValue = "1",
      description = "IOThreads for virtio (default: ${DEFAULT-VALUE}).")
  private int ioThreads;

  @Option(
      names = "--queues",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Virtqueues, spread over the IOThreads and driven by one vCPU (default:"
              + " ${DEFAULT-VALUE}).")
  private int queues;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Seed of offsets and sizes (default: ${DEFAULT-VALUE}).")
  private long seed;

  // One for all runs: what a run leaves in the image is what the next one finds there. Made on the
  // first run's thread, and handed on from run to run.
  private @Nullable WriteLedger ledger;

  @Override
  void runChecked() {
    if (verifyOnly) {
      verifyOnly();
    } else {
      super.runChecked();
    }
  }

  @Override
  void check() {
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
        jobs * deepest() <= 1024,
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
        flushEvery == 0 || (pattern.writes() && !pattern.trims()),
        "--fsync has no effect with --rw " + pattern + ", which writes nothing",
        "--rw randwrite");
    require(
        !verify || !pattern.trims(),
        "--verify has nothing to check with --rw "
            + pattern
            + ": what is trimmed may hold anything",
        "--rw randrw --rwmixtrim 5 --verify");
    require(
        verifyState == null || verifyOnly || trimPercent == null || trimPercent == 0,
        "--verify-state cannot tell what is stable where --rwmixtrim trims",
        "--verify without --verify-state");
    require(
        blockSize.minBytes() % 512 == 0,
        "--bs must be a multiple of 512",
        "--bs 4k, or --bs 512-1M");
    loops().sector.check(blockSize.minBytes(), "--bs");
    require(
        blockSize.maxBytes() % blockSize.minBytes() == 0,
        "--bs: the larger size must be a multiple of the smaller",
        "--bs 512-1M");
    require(
        blockSize.maxBytes() <= MAX_BUFFER_BYTES / jobs / deepest(),
        "--bs times --iodepth times --numjobs must not exceed 1G of guest RAM",
        "a smaller --bs or --iodepth");
    require(
        image() != null || scratchBytes >= blockSize.maxBytes(),
        "--size must not be less than a request: --bs is " + blockSize,
        "--size 1G");
    require(
        image() != null || scratchBytes % loops().sector.bytes() == 0,
        "--size must be a multiple of " + loops().sector.bytes(),
        "--size 1G");
    require(runtimeNanos > 0, "--runtime must not be 0", "--runtime 5s");
    require(ioThreads >= 1 && ioThreads <= 64, "--iothreads must be between 1 and 64", null);
    require(queues >= 1 && queues <= 64, "--queues must be between 1 and 64", null);
    require(flushEvery >= 0, "--fsync must not be negative", null);
    require(
        !pattern.writes()
            || image() == null
            || Disks.isMemory(image())
            || destroyData
            || verifyOnly,
        "--rw " + pattern + " would overwrite " + image(),
        "Add --destroy-data if its contents do not matter");
    require(
        !Disks.isMemory(image()) || !(verify || verifyOnly),
        "a disk in memory is gone when it could be verified",
        "Give no IMAGE, for a scratch image, or the path of one");
    require(
        verifyState == null || verifyOnly || verify,
        "--verify-state goes with --verify or --verify-only",
        "--verify --verify-state FILE");
    require(
        verifyState == null || pattern.writes() || image() != null,
        "--verify-state needs the IMAGE that it tells of",
        "platter bench disk.img --rw read --verify --verify-state FILE");
    require(
        !verifyOnly || (image() != null && verifyState != null),
        "--verify-only needs IMAGE and --verify-state",
        "platter bench disk.img --verify-state FILE --verify-only");
    require(
        !verifyOnly || !recordsStages(),
        "--verify-only measures nothing, so there are no stages and no page",
        wantsReport() ? "--json FILE instead of --report" : "it without --stages");
    require(
        verifyState == null
            || verifyOnly
            || !pattern.writes()
            || (devices().size() == 1 && runs() == 1 && depths.size() == 1),
        "--verify-state records one run on one device at one depth",
        "--device virtio --runs 1 --iodepth 32");
  }

  @Override
  void check(OptionEffects effects) {
    super.check(effects);
    effects
        .check(
            devices().contains(DeviceKind.VIRTIO),
            "without virtio",
            "Add virtio to --device",
            "--queues",
            "--iothreads")
        .check(image() == null, "on an image that is there already", "Give no IMAGE", "--size");
  }

  @Override
  long scratchBytes() {
    return scratchBytes;
  }

  @Override
  String table(List<Summary> rows, int width) {
    return BenchReport.table(rows, width);
  }

  @Override
  Map<String, @Nullable Object> parameters() {
    return BenchReport.parameters(
        options(0, depths.getFirst()), new LinkedHashSet<>(depths), queues, ioThreads);
  }

  @Override
  Record document(
      EnvironmentFacts environment,
      Map<String, @Nullable Object> parameters,
      List<Summary> rows,
      @Nullable String failure) {
    return BenchReport.document(
        origin(), environment, parameters, options(0, depths.getFirst()), rows, failure);
  }

  @Override
  Settings settings(Settings settings) {
    return settings.told(
        "--bs", "--fsync", "--size", "--verify-only", "--iodepth", "--rwmixread", "--rwmixtrim");
  }

  private int deepest() {
    return Collections.max(depths);
  }

  private static boolean isPercent(@Nullable Integer value) {
    return value == null || (value >= 0 && value <= 100);
  }

  @Override
  String spread(List<Summary> rows) {
    return BenchReport.spread(rows);
  }

  @Override
  List<Warning> warnings(EnvironmentFacts environment, List<Summary> rows) {
    return BenchReport.warnings(environment, options(0, depths.getFirst()), rows);
  }

  private void verifyOnly() {
    String image = image();
    if (image == null || verifyState == null) {
      throw new IllegalStateException("checked before");
    }
    WriteLedger.State stable = WriteLedger.readState(verifyState);
    Environment environment = Environment.ofHost();
    environment.image(ImageInspector.inspect(image));
    Interruption interruption = Interruption.begin();
    Verification found =
        ImageVerifier.verify(
            Path.of(image),
            stable.run(),
            stable.generations(),
            Verification.Rule.AT_LEAST,
            interruption);
    PlatterException failure = failureOf(found, verifyState);
    if (failure == null) {
      out()
          .println(
              "verified "
                  + Units.count(found.sectors())
                  + " sectors that flushes had made stable"
                  + (found.isCutShort() ? " (interrupted: not all)" : ""));
    }
    Record document =
        VerificationReport.document(origin(), environment.facts(), verifyState.toString(), found);
    AllSteps.run(() -> AllSteps.rethrow(failure), () -> write(document));
  }

  private static @Nullable PlatterException failureOf(Verification found, Path state) {
    if (found.sectors() == 0 && !found.isCutShort()) {
      return PlatterException.failed(
          "nothing was verified: " + state + " tells of no sector that a flush made stable",
          "Write with --fsync 16, say: then a flush follows each 16 writes");
    }
    return found.failure();
  }

  private Bench.Options options(int run, int depth) {
    return new Bench.Options(
        pattern,
        (int) blockSize.minBytes(),
        (int) blockSize.maxBytes(),
        depth,
        warmUpNanos,
        runtimeNanos,
        flushEvery,
        seed + run,
        new Bench.Mix(
            readPercent == null ? Bench.Mix.EVEN.readPercent() : readPercent,
            trimPercent == null ? Bench.Mix.EVEN.trimPercent() : trimPercent),
        new Bench.Jobs(jobs, thinkNanos, rate));
  }

  @Override
  List<Summary> emptyRows() {
    List<Summary> rows = new ArrayList<>();
    for (int depth : depths) {
      Variant variant = depths.size() == 1 ? Variant.ORDINARY : Variant.ofDepth(depth);
      for (DeviceKind kind : devices()) {
        rows.add(new Summary(kind, variant).withDepth(depth));
      }
    }
    return rows;
  }

  @Override
  void measure(List<Summary> rows, ImageSource source, Interruption interruption) {
    TestBed.Setup setup =
        new TestBed.Setup(
                source.path(),
                loops().image(pattern.writes()),
                loops().mainLoop(),
                loops().ioThread(),
                ioThreads,
                queues,
                jobs * deepest(),
                (int) blockSize.maxBytes(),
                loops().haltPollNanos)
            .withStages(recordsStages());
    try (Progress progress = Progress.on(err())) {
      for (int run = 0; run < runs(); run++) {
        for (Summary row : rows) {
          // An image that has been found wrong is left as it is.
          if (!interruption.getAsBoolean() && rows.stream().allMatch(r -> r.failure() == null)) {
            step(progress, run, rows, row, warmUpNanos + runtimeNanos);
            int depth = Objects.requireNonNull(row.depth());
            runOnce(row, setup, source, options(run, depth), interruption);
          }
        }
      }
    }
  }

  private WriteLedger newLedger(long diskBytes, ImageSource source) {
    if (verifyState != null && !pattern.writes()) {
      return WriteLedger.of(WriteLedger.readState(verifyState), diskBytes);
    }
    RunIdentity scratch = source.scratchRun();
    if (scratch == null) {
      return new WriteLedger(diskBytes, verifyState);
    }
    // Then sectors that no write should have touched are compared, too.
    WriteLedger made = new WriteLedger(diskBytes, verifyState, scratch);
    made.prefilled(ScratchImage.GENERATION);
    return made;
  }

  private void runOnce(
      Summary row,
      TestBed.Setup setup,
      ImageSource source,
      Bench.Options options,
      Interruption interruption) {
    MeasuredRun measured =
        TestBed.attempt(
            row.device(),
            setup,
            interruption,
            (target, measurement) -> {
              if (verify && ledger == null) {
                ledger = newLedger(target.capacityBytes(), source);
              }
              return new Bench(target, options, ledger, interruption).run(measurement);
            });
    keep(row, measured);
    // A disk that does not answer is not read.
    if (ledger != null && pattern.writes() && measured.result().unanswered() == null) {
      row.readBack(
          ImageVerifier.verify(
              Path.of(source.path()),
              ledger.run(),
              ledger.completedAtEnd(),
              Verification.Rule.EXACT,
              interruption));
    }
  }
}
