package dev.platter.emulator.cli.run;

import dev.platter.aio.loop.Ablation;
import dev.platter.emulator.cli.shared.DurationConverter;
import dev.platter.emulator.cli.shared.ImageSource;
import dev.platter.emulator.cli.shared.Interruption;
import dev.platter.emulator.cli.shared.OptionEffects;
import dev.platter.emulator.cli.shared.Progress;
import dev.platter.emulator.cli.shared.Settings;
import dev.platter.emulator.cli.shared.SizeConverter;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.measure.workload.Iotest;
import dev.platter.emulator.measure.workload.TestBed;
import dev.platter.emulator.result.IotestReport;
import dev.platter.emulator.result.Summary;
import dev.platter.emulator.result.Variant;
import dev.platter.emulator.result.document.EnvironmentFacts;
import dev.platter.emulator.result.document.Warning;
import dev.platter.emulator.result.page.Findings;
import dev.platter.emulator.text.TextParagraph;
import dev.platter.emulator.text.Units;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

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
public final class IotestCommand extends RunCommand {
  /** For picocli. */
  static final class AblationConverter implements ITypeConverter<Ablation> {
    @Override
    public Ablation convert(String text) {
      return switch (text) {
        case "notify" -> Ablation.NOTIFY;
        case "cq-check" -> Ablation.CQ_CHECK;
        default ->
            throw new TypeConversionException("'" + text + "' is not one of notify, cq-check");
      };
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
      split = ",",
      converter = AblationConverter.class,
      description = {
        "Adds ahci rows with something left out, separated by commas: notify, cq-check.",
        "notify: requests queued by the vCPU do not wake the main loop, which then submits them"
            + " when its own timer (499 ms) or a completion wakes it.",
        "cq-check: the main loop sleeps in poll(2), without looking for completions that are"
            + " there already.",
      })
  private List<Ablation> ablations = List.of();

  @Override
  void check() {
    require(
        chunkBytes != 0 && chunkBytes % 512 == 0,
        "--chunk must be a multiple of 512, and not 0",
        "--chunk 128K");
    loops().sector.check(chunkBytes, "--chunk");
    require(
        batch >= 1 && batch <= 32,
        "--batch must be between 1 and 32: AHCI has 32 command slots",
        "--batch 16");
    require(
        chunkBytes <= MAX_BUFFER_BYTES / batch,
        "--chunk times --batch must not exceed 1G of guest RAM",
        "--chunk 128K");
    require(
        totalBytes >= chunkBytes && totalBytes % chunkBytes == 0,
        "--total must be a multiple of --chunk, which is "
            + Units.sizeOption(chunkBytes)
            + ", and not 0",
        "--total " + Units.sizeOption(chunkBytes * batch));
  }

  @Override
  void check(OptionEffects effects) {
    super.check(effects);
    // What is left out is a wake-up of the main loop, which only SATA needs.
    effects.check(
        devices().contains(DeviceKind.AHCI), "without ahci", "Add ahci to --device", "--ablate");
  }

  @Override
  long scratchBytes() {
    return totalBytes;
  }

  private Iotest.Options options() {
    return new Iotest.Options(
        totalBytes, (int) chunkBytes, batch, batchDelayNanos, completionDelayNanos);
  }

  /** With something left out, what that does and why comes first. */
  @Override
  String table(List<Summary> rows, int width) {
    StringBuilder text = new StringBuilder();
    if (rows.stream().anyMatch(row -> !row.variant().equals(Variant.ORDINARY))) {
      for (String sentence : Findings.ofAblations(IotestReport.rows(rows))) {
        text.append(TextParagraph.of("", "", sentence));
      }
      text.append(text.isEmpty() ? "" : "\n");
    }
    return text.append(IotestReport.table(rows, width)).toString();
  }

  @Override
  String spread(List<Summary> rows) {
    return IotestReport.spread(rows);
  }

  @Override
  List<Warning> warnings(EnvironmentFacts environment, List<Summary> rows) {
    return IotestReport.warnings(environment, rows);
  }

  @Override
  Map<String, @Nullable Object> parameters() {
    return IotestReport.parameters(options());
  }

  @Override
  Record document(
      EnvironmentFacts environment,
      Map<String, @Nullable Object> parameters,
      List<Summary> rows,
      @Nullable String failure) {
    return IotestReport.document(origin(), environment, parameters, rows, failure);
  }

  @Override
  Settings settings(Settings settings) {
    return settings.told("--total", "--chunk", "--batch-delay", "--completion-delay");
  }

  /** How long a run pauses on purpose: most of what it takes, on most disks. */
  private long pausesNanos() {
    long reads = totalBytes / chunkBytes;
    return reads * completionDelayNanos + reads / batch * batchDelayNanos;
  }

  @Override
  List<Summary> emptyRows() {
    List<Summary> rows = new ArrayList<>();
    for (DeviceKind kind : devices()) {
      rows.add(new Summary(kind, Variant.ORDINARY));
      // The others queue on their own loop's thread: there is no vCPU to be deaf to.
      if (kind.queuedByVcpu()) {
        ablations.forEach(ablation -> rows.add(new Summary(kind, Variant.without(ablation))));
      }
    }
    return rows;
  }

  @Override
  void measure(List<Summary> rows, ImageSource source, Interruption interruption) {
    Iotest.Options options = options();
    TestBed.Setup setup =
        new TestBed.Setup(
                source.path(),
                loops().image(false),
                loops().mainLoop(),
                loops().ioThread(),
                1,
                1,
                options.batch(),
                options.chunkBytes(),
                loops().haltPollNanos)
            .withStages(recordsStages());
    try (Progress progress = Progress.on(err())) {
      for (int run = 1; run <= runs() && !interruption.getAsBoolean(); run++) {
        for (Summary row : rows) {
          if (interruption.getAsBoolean()) {
            break;
          }
          step(progress, run - 1, rows, row, pausesNanos());
          TestBed.Setup own = setup.withMainLoop(setup.mainLoop().without(row.variant().ablated()));
          keep(
              row,
              TestBed.attempt(
                  row.device(),
                  own,
                  interruption,
                  (target, measurement) ->
                      new Iotest(target, options, interruption).run(measurement)));
        }
      }
    }
  }
}
