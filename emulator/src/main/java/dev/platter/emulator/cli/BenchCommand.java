package dev.platter.emulator.cli;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.ImageInspector;
import dev.platter.emulator.report.BenchReport;
import dev.platter.emulator.report.Environment;
import dev.platter.emulator.report.Summary;
import dev.platter.emulator.report.Units;
import dev.platter.emulator.report.Variant;
import dev.platter.emulator.report.VerificationReport;
import dev.platter.emulator.report.Warnings;
import dev.platter.emulator.workload.Bench;
import dev.platter.emulator.workload.DeviceKind;
import dev.platter.emulator.workload.ImageVerifier;
import dev.platter.emulator.workload.RunIdentity;
import dev.platter.emulator.workload.ScratchImage;
import dev.platter.emulator.workload.TestBed;
import dev.platter.emulator.workload.Verification;
import dev.platter.emulator.workload.WriteLedger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code platter bench}. */
@Command(
    name = "bench",
    description = {
      "Measures emulated disks against the ring with no device in front (raw).",
      "Keeps --iodepth requests outstanding for --runtime. Latency is from submission to the"
          + " completion interrupt being handled. With --verify every sector carries its offset and"
          + " the run and the number of the write it comes from, and is checked: reads at once,"
          + " writes by reading the image back through a plain file channel.",
    },
    footer = {
      "  platter bench --rw randread --bs 4k --iodepth 1 --runs 5",
      "  platter bench disk.img --device virtio --rw randwrite --iodepth 32 --bs 512-1M \\",
      "      --verify --destroy-data",
      "  platter bench disk.img --verify-state state --verify-only",
    })
final class BenchCommand extends RunCommand {
  /** For picocli. */
  static final class PatternConverter extends ChoiceConverter<Bench.Pattern> {
    PatternConverter() {
      super(Bench.Pattern.class);
    }
  }

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
      names = "--iodepth",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Requests outstanding, as far as the disk takes them: AHCI has 32 command slots, virtio"
              + " 256 for each queue (default: ${DEFAULT-VALUE}).")
  private int depth;

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
      description = "A flush after every N writes; 0 for none (default: ${DEFAULT-VALUE}).")
  private int flushEvery;

  @Option(names = "--verify", description = "Check every block.")
  private boolean verify;

  @Option(
      names = "--verify-state",
      paramLabel = "FILE",
      description =
          "Keep a record of what flushes have made stable, for --verify-only after a crash.")
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
    require(depth >= 1 && depth <= 1024, "--iodepth must be between 1 and 1024", "--iodepth 32");
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
        blockSize.maxBytes() <= MAX_BUFFER_BYTES / depth,
        "--bs times --iodepth must not exceed 1G of guest RAM",
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
        !pattern.writes() || image() == null || destroyData || verifyOnly,
        "--rw " + pattern + " would overwrite " + image(),
        "Add --destroy-data if its contents do not matter");
    require(
        verifyState == null || verifyOnly || (verify && pattern.writes()),
        "--verify-state goes with --verify and a pattern that writes",
        "--verify --rw randwrite");
    require(
        !verifyOnly || (image() != null && verifyState != null),
        "--verify-only needs IMAGE and --verify-state",
        "platter bench disk.img --verify-state FILE --verify-only");
    require(
        !verifyOnly || !recordsStages(),
        "--verify-only measures nothing, so there are no stages and no page",
        wantsReport() ? "--json FILE instead of --report" : "it without --stages");
    require(
        verifyState == null || verifyOnly || (devices().size() == 1 && runs() == 1),
        "--verify-state records one run on one device",
        "--device virtio --runs 1");
  }

  @Override
  long scratchBytes() {
    return scratchBytes;
  }

  @Override
  String table(List<Summary> rows) {
    return BenchReport.table(rows);
  }

  @Override
  Map<String, @Nullable Object> document(
      Map<String, @Nullable Object> environment, List<Summary> rows) {
    return BenchReport.json(environment, options(0), queues, ioThreads, rows);
  }

  @Override
  Settings settings(Settings settings) {
    return settings.told("--bs", "--fsync", "--size", "--verify-only");
  }

  @Override
  String spread(List<Summary> rows) {
    return BenchReport.spread(rows);
  }

  @Override
  List<Warnings.Warning> warnings(Map<String, @Nullable Object> environment, List<Summary> rows) {
    return BenchReport.warnings(environment, options(0), rows);
  }

  private void verifyOnly() {
    String image = image();
    if (image == null || verifyState == null) {
      throw new IllegalStateException("checked before");
    }
    WriteLedger.State stable = WriteLedger.readState(verifyState);
    Environment environment = Environment.ofHost();
    environment.image(ImageInspector.inspect(image));
    Verification found =
        ImageVerifier.verify(
            Path.of(image), stable.run(), stable.generations(), Verification.Rule.AT_LEAST);
    PlatterException failure = found.failure();
    if (failure == null) {
      out()
          .println(
              "verified " + Units.count(found.sectors()) + " sectors that flushes had made stable");
    }
    write(VerificationReport.json(environment.toMap(), verifyState.toString(), found));
    if (failure != null) {
      throw failure;
    }
  }

  private Bench.Options options(int run) {
    return new Bench.Options(
        pattern,
        (int) blockSize.minBytes(),
        (int) blockSize.maxBytes(),
        depth,
        warmUpNanos,
        runtimeNanos,
        flushEvery,
        seed + run);
  }

  @Override
  List<Summary> emptyRows() {
    List<Summary> rows = new ArrayList<>();
    for (DeviceKind kind : devices()) {
      rows.add(new Summary(kind, Variant.ORDINARY));
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
                depth,
                (int) blockSize.maxBytes(),
                loops().haltPollNanos)
            .withStages(recordsStages());
    try (Progress progress = Progress.on(err())) {
      for (int run = 0; run < runs(); run++) {
        for (Summary row : rows) {
          // An image that has been found wrong is left as it is.
          if (!interruption.getAsBoolean() && rows.stream().allMatch(r -> r.failure() == null)) {
            progress.update("run " + (run + 1) + " of " + runs() + ": " + row.label());
            runOnce(row, setup, source, options(run), interruption);
          }
        }
      }
    }
  }

  private WriteLedger newLedger(long diskBytes, ImageSource source) {
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
    row.add(
        TestBed.run(
            row.device(),
            setup,
            (target, measurement) -> {
              if (verify && ledger == null) {
                ledger = newLedger(target.capacityBytes(), source);
              }
              return new Bench(target, options, ledger, interruption).run(measurement);
            }));
    if (ledger != null && pattern.writes()) {
      row.readBack(
          ImageVerifier.verify(
              Path.of(source.path()), ledger.run(), ledger.completed(), Verification.Rule.EXACT));
    }
  }
}
