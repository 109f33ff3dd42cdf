package dev.platter.emulator.cli.run;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.image.ImageInspector;
import dev.platter.emulator.cli.shared.AllSteps;
import dev.platter.emulator.cli.shared.ImageSource;
import dev.platter.emulator.cli.shared.Interruption;
import dev.platter.emulator.cli.shared.OptionEffects;
import dev.platter.emulator.cli.shared.Progress;
import dev.platter.emulator.cli.shared.Settings;
import dev.platter.emulator.cli.shared.SizeConverter;
import dev.platter.emulator.measure.workload.Bench;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.measure.workload.ImageVerifier;
import dev.platter.emulator.measure.workload.MeasuredRun;
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
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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
  @Mixin private BenchJobOptions jobs = new BenchJobOptions();

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

  @Mixin private BenchVerifyOptions verifying = new BenchVerifyOptions();

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
    if (verifying.verifiesOnly()) {
      verifyOnly();
    } else {
      super.runChecked();
    }
  }

  @Override
  void check() {
    jobs.check(loops().sector);
    Bench.Pattern pattern = jobs.pattern();
    require(
        flushEvery == 0 || (pattern.writes() && !pattern.trims()),
        "--fsync has no effect with --rw " + pattern + ", which writes nothing",
        "--rw randwrite");
    require(flushEvery >= 0, "--fsync must not be negative", null);
    require(
        image() != null || scratchBytes >= jobs.blockSize().maxBytes(),
        "--size must not be less than a request: --bs is " + jobs.blockSize(),
        "--size 1G");
    require(
        image() != null || scratchBytes % loops().sector.bytes() == 0,
        "--size must be a multiple of " + loops().sector.bytes(),
        "--size 1G");
    require(ioThreads >= 1 && ioThreads <= 64, "--iothreads must be between 1 and 64", null);
    require(queues >= 1 && queues <= 64, "--queues must be between 1 and 64", null);
    verifying.check(
        jobs, image(), devices().size() == 1 && runs() == 1 && jobs.depths().size() == 1);
    require(
        !verifying.verifiesOnly() || !recordsStages(),
        "--verify-only measures nothing, so there are no stages and no page",
        wantsReport() ? "--json FILE instead of --report" : "it without --stages");
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
    return BenchReport.parameters(ofFirstRun(), jobs.depths(), queues, ioThreads);
  }

  @Override
  Record document(
      EnvironmentFacts environment,
      Map<String, @Nullable Object> parameters,
      List<Summary> rows,
      @Nullable String failure) {
    return BenchReport.document(origin(), environment, parameters, ofFirstRun(), rows, failure);
  }

  @Override
  Settings settings(Settings settings) {
    return settings.told(
        "--bs", "--fsync", "--size", "--verify-only", "--iodepth", "--rwmixread", "--rwmixtrim");
  }

  @Override
  String spread(List<Summary> rows) {
    return BenchReport.spread(rows);
  }

  @Override
  List<Warning> warnings(EnvironmentFacts environment, List<Summary> rows) {
    return BenchReport.warnings(environment, ofFirstRun(), rows);
  }

  private void verifyOnly() {
    String image = Objects.requireNonNull(image());
    Environment environment = Environment.ofHost();
    environment.image(ImageInspector.inspect(image));
    Verification found = verifying.stableIn(image, Interruption.begin());
    PlatterException failure = verifying.failureOf(found);
    if (failure == null) {
      out()
          .println(
              "verified "
                  + Units.count(found.sectors())
                  + " sectors that flushes had made stable"
                  + (found.isCutShort() ? " (interrupted: not all)" : ""));
    }
    Record document =
        VerificationReport.document(
            origin(), environment.facts(), verifying.state().toString(), found);
    AllSteps.run(() -> AllSteps.rethrow(failure), () -> write(document));
  }

  /** The workload of the first run at the first depth: the one that documents tell of. */
  private Bench.Options ofFirstRun() {
    return workload(0, jobs.depths().iterator().next());
  }

  private Bench.Options workload(int run, int depth) {
    return jobs.workload(depth, flushEvery, seed + run);
  }

  @Override
  List<Summary> emptyRows() {
    List<Summary> rows = new ArrayList<>();
    Set<Integer> depths = jobs.depths();
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
                loops().image(jobs.pattern().writes()),
                loops().mainLoop(),
                loops().ioThread(),
                ioThreads,
                queues,
                jobs.outstanding(),
                (int) jobs.blockSize().maxBytes(),
                loops().haltPollNanos)
            .withStages(recordsStages());
    try (Progress progress = Progress.on(err())) {
      for (int run = 0; run < runs(); run++) {
        for (Summary row : rows) {
          // An image that has been found wrong is left as it is.
          if (!interruption.getAsBoolean() && rows.stream().allMatch(r -> r.failure() == null)) {
            step(progress, run, rows, row, jobs.runNanos());
            int depth = Objects.requireNonNull(row.depth());
            runOnce(row, setup, source, workload(run, depth), interruption);
          }
        }
      }
    }
  }

  private void runOnce(
      Summary row,
      TestBed.Setup setup,
      ImageSource source,
      Bench.Options workload,
      Interruption interruption) {
    MeasuredRun measured =
        TestBed.attempt(
            row.device(),
            setup,
            interruption,
            (target, measurement) -> {
              if (verifying.verifies() && ledger == null) {
                ledger = verifying.newLedger(target.capacityBytes(), source, workload.pattern());
              }
              return new Bench(target, workload, ledger, interruption).run(measurement);
            });
    keep(row, measured);
    // A disk that does not answer is not read.
    if (ledger != null && workload.pattern().writes() && measured.result().unanswered() == null) {
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
