package dev.platter.emulator.cli;

import dev.platter.devices.block.ImageOptions;
import dev.platter.emulator.report.IotestReport;
import dev.platter.emulator.report.Summary;
import dev.platter.emulator.workload.DeviceKind;
import dev.platter.emulator.workload.Iotest;
import dev.platter.emulator.workload.TestBed;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code platter iotest}. */
@Command(
    name = "iotest",
    description = {
      "Compares an emulated SATA disk with an emulated virtio disk over one image.",
      "Reads with O_DIRECT in batches, with a pause before each batch and after each completion:"
          + " the workload that shows whether a queued request wakes its loop.",
      "Latency is from submission to the completion interrupt being handled. The image is only"
          + " read.",
    },
    footer = {
      "  platter iotest",
      "  platter iotest disk.img --runs 5 --json iotest.json",
      "  platter iotest --device ahci,virtio --ablate notify",
    })
final class IotestCommand extends RunCommand {
  /** What can be switched off for comparison. */
  enum Ablation {
    NOTIFY;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** For picocli. */
  static final class AblationConverter extends ChoiceConverter<Ablation> {
    AblationConverter() {
      super(Ablation.class);
    }
  }

  @Option(
      names = "--total",
      paramLabel = "SIZE",
      defaultValue = "128M",
      converter = SizeConverter.class,
      description = "How much to read (default: ${DEFAULT-VALUE}).")
  private long totalBytes;

  @Option(
      names = "--chunk",
      paramLabel = "SIZE",
      defaultValue = "128K",
      converter = SizeConverter.class,
      description = "Size of one read (default: ${DEFAULT-VALUE}).")
  private long chunkBytes;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "16",
      description = "Reads submitted at a time, at most 32 (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(
      names = "--batch-delay",
      paramLabel = "TIME",
      defaultValue = "1ms",
      converter = DurationConverter.class,
      description = "Pause before each batch (default: ${DEFAULT-VALUE}).")
  private long batchDelayNanos;

  @Option(
      names = "--completion-delay",
      paramLabel = "TIME",
      defaultValue = "1ms",
      converter = DurationConverter.class,
      description = "Pause after each completion is processed (default: ${DEFAULT-VALUE}).")
  private long completionDelayNanos;

  @Option(
      names = "--ablate",
      paramLabel = "WHAT",
      converter = AblationConverter.class,
      description = {
        "Adds rows with something switched off: ${COMPLETION-CANDIDATES}.",
        "notify: requests queued by the vCPU do not wake the main loop, which then submits them"
            + " when its own timer (499 ms) or a completion wakes it.",
      })
  private @Nullable Ablation ablation;

  @Override
  void check() {
    require(
        chunkBytes != 0 && chunkBytes % 512 == 0,
        "--chunk must be a multiple of 512, and not 0",
        "--chunk 128K");
    require(
        totalBytes >= chunkBytes && totalBytes % chunkBytes == 0,
        "--total must be a multiple of --chunk, and not 0",
        "--total 128M");
    require(
        batch >= 1 && batch <= 32,
        "--batch must be between 1 and 32: AHCI has 32 command slots",
        "--batch 16");
    require(
        chunkBytes <= MAX_BUFFER_BYTES / batch,
        "--chunk times --batch must not exceed 1G of guest RAM",
        "--chunk 128K");
  }

  @Override
  long scratchBytes() {
    return totalBytes;
  }

  private Iotest.Options options() {
    return new Iotest.Options(
        totalBytes, (int) chunkBytes, batch, batchDelayNanos, completionDelayNanos);
  }

  @Override
  String table(List<Summary> rows) {
    return IotestReport.table(rows);
  }

  @Override
  Map<String, @Nullable Object> document(
      Map<String, @Nullable Object> environment, List<Summary> rows) {
    return IotestReport.json(environment, options(), rows);
  }

  @Override
  List<Summary> measure(ImageSource source, Interruption interruption) {
    Iotest.Options options = options();
    List<Summary> rows = new ArrayList<>();
    for (DeviceKind kind : devices()) {
      rows.add(new Summary(kind, true));
      // The others queue on their own loop's thread: there is no vCPU to be deaf to.
      if (ablation == Ablation.NOTIFY && kind == DeviceKind.AHCI) {
        rows.add(new Summary(kind, false));
      }
    }
    TestBed.Setup setup =
        new TestBed.Setup(
            source.path(),
            ImageOptions.READ_ONLY.withCache(loops().cache),
            loops().mainLoop(),
            loops().ioThread(),
            1,
            1,
            options.batch(),
            options.chunkBytes(),
            loops().haltPollNanos);
    try (Progress progress = Progress.on(err())) {
      for (int run = 1; run <= runs() && !interruption.getAsBoolean(); run++) {
        for (Summary row : rows) {
          if (interruption.getAsBoolean()) {
            break;
          }
          progress.update("run " + run + " of " + runs() + ": " + row.label());
          TestBed.Setup own = setup.withMainLoop(setup.mainLoop().withNotifyVcpus(row.notifies()));
          row.add(
              TestBed.run(
                  row.device(),
                  own,
                  (target, measurement) ->
                      new Iotest(target, options, interruption).run(measurement)));
        }
      }
    }
    return rows;
  }
}
