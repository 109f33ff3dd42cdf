package dev.platter.emulator.cli;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.ImageInspector;
import dev.platter.devices.block.ImageOptions;
import dev.platter.emulator.report.Environment;
import dev.platter.emulator.report.IotestReport;
import dev.platter.emulator.report.JsonFile;
import dev.platter.emulator.report.Summary;
import dev.platter.emulator.workload.DeviceKind;
import dev.platter.emulator.workload.Iotest;
import dev.platter.emulator.workload.Measured;
import dev.platter.emulator.workload.TestBed;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

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
final class IotestCommand extends PlatterCommand {
  private static final int RAM_LIMIT_BYTES = 1 << 30;

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

  @Parameters(
      arity = "0..1",
      paramLabel = "IMAGE",
      description = "A raw image or block device (default: a scratch image, removed at the end).")
  private @Nullable String image;

  @Option(
      names = "--device",
      split = ",",
      paramLabel = "DEVICE",
      defaultValue = "raw,ahci,virtio",
      converter = LoopOptions.DeviceConverter.class,
      description =
          "Devices to run on, separated by commas: ${COMPLETION-CANDIDATES} (default: all). raw is"
              + " the ring with no device in front.")
  private List<DeviceKind> devices = List.of();

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
      names = "--runs",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Runs of each device, taken in turn; medians are reported (default: ${DEFAULT-VALUE}).")
  private int runs;

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

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Also write the result as JSON (platter.iotest/1); - for standard output.")
  private @Nullable String json;

  @Mixin private LoopOptions loops = new LoopOptions();

  @Override
  public void run() {
    Iotest.Options options = checkedOptions();
    if (json != null) {
      JsonFile.checkWritable(json);
    }
    try (Interruption interruption = new Interruption();
        ImageSource source = ImageSource.of(image, totalBytes, err())) {
      Environment environment = Environment.ofHost();
      environment.image(ImageInspector.inspect(source.path()));
      List<Summary> rows = measure(source.path(), options, interruption);
      for (Summary row : rows) {
        for (Measured.RingFacts ring : row.runs().getFirst().rings()) {
          environment.loop(ring.loop(), ring.granted(), ring.refused());
        }
      }
      if (!JsonFile.STANDARD_OUTPUT.equals(json)) {
        out().print(IotestReport.table(rows));
        out().flush();
      }
      if (json != null) {
        JsonFile.write(json, IotestReport.json(environment.toMap(), options, rows), out());
      }
    }
  }

  private Iotest.Options checkedOptions() {
    if (chunkBytes == 0 || chunkBytes % 512 != 0) {
      throw bad("--chunk must be a multiple of 512, and not 0", "--chunk 128K");
    }
    if (totalBytes < chunkBytes || totalBytes % chunkBytes != 0) {
      throw bad("--total must be a multiple of --chunk, and not 0", "--total 128M");
    }
    if (batch < 1 || batch > 32) {
      throw bad("--batch must be between 1 and 32: AHCI has 32 command slots", "--batch 16");
    }
    if (chunkBytes > RAM_LIMIT_BYTES / batch) {
      throw bad("--chunk times --batch must not exceed 1G of guest RAM", "--chunk 128K");
    }
    if (runs < 1) {
      throw bad("--runs must be at least 1", "--runs 5");
    }
    return new Iotest.Options(
        totalBytes, (int) chunkBytes, batch, batchDelayNanos, completionDelayNanos);
  }

  private static PlatterException bad(String message, String remedy) {
    return PlatterException.badInput(message, remedy);
  }

  private List<Summary> measure(String path, Iotest.Options options, Interruption interruption) {
    Set<DeviceKind> kinds = new LinkedHashSet<>(devices);
    List<Summary> rows = new ArrayList<>();
    for (DeviceKind kind : kinds) {
      rows.add(new Summary(kind, true));
      // The others queue on their own loop's thread: there is no vCPU to be deaf to.
      if (ablation == Ablation.NOTIFY && kind == DeviceKind.AHCI) {
        rows.add(new Summary(kind, false));
      }
    }
    TestBed.Setup setup =
        new TestBed.Setup(
            path,
            ImageOptions.READ_ONLY.withCache(loops.cache),
            loops.mainLoop(),
            loops.ioThread(),
            1,
            1,
            options.batch(),
            options.chunkBytes(),
            loops.haltPollNanos);
    try (Progress progress = Progress.on(err())) {
      for (int run = 1; run <= runs && !interruption.getAsBoolean(); run++) {
        for (Summary row : rows) {
          if (interruption.getAsBoolean()) {
            break;
          }
          progress.update("run " + run + " of " + runs + ": " + row.label());
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
    rows.removeIf(row -> row.runs().isEmpty());
    return rows;
  }
}
