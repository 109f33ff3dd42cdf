package dev.platter.emulator.cli.run;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.image.ImageInspector;
import dev.platter.emulator.cli.shared.AllSteps;
import dev.platter.emulator.cli.shared.DeviceConverter;
import dev.platter.emulator.cli.shared.ImageSource;
import dev.platter.emulator.cli.shared.Interruption;
import dev.platter.emulator.cli.shared.MeasurementOutcome;
import dev.platter.emulator.cli.shared.OptionEffects;
import dev.platter.emulator.cli.shared.PlatterCommand;
import dev.platter.emulator.cli.shared.Progress;
import dev.platter.emulator.cli.shared.ResultOptions;
import dev.platter.emulator.cli.shared.Settings;
import dev.platter.emulator.host.disk.Disks;
import dev.platter.emulator.measure.stages.StageTable;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.measure.workload.MeasuredRun;
import dev.platter.emulator.result.Environment;
import dev.platter.emulator.result.Origin;
import dev.platter.emulator.result.Summary;
import dev.platter.emulator.result.Warnings;
import dev.platter.emulator.result.document.EnvironmentFacts;
import dev.platter.emulator.result.document.RequestStages;
import dev.platter.emulator.result.document.Warning;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A command that runs a workload on devices over one image, and reports a row for each. */
abstract class RunCommand extends PlatterCommand {
  /** Guest RAM for buffers, at the most. */
  static final long MAX_BUFFER_BYTES = 1L << 30;

  @Parameters(
      arity = "0..1",
      paramLabel = "IMAGE",
      description =
          "A raw image or block device, or ram:SIZE for a disk in memory that each run begins anew"
              + " (default: a scratch image, removed at the end).")
  private @Nullable String image;

  @Option(
      names = "--device",
      split = ",",
      paramLabel = "DEVICE",
      defaultValue = "raw,ahci,virtio",
      converter = DeviceConverter.class,
      description =
          "Devices to run on, separated by commas: ${COMPLETION-CANDIDATES} (default: all). raw is"
              + " the ring with no device in front.")
  private List<DeviceKind> devices = List.of();

  @Option(
      names = "--runs",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Runs of each device, taken in turn; medians are reported (default: ${DEFAULT-VALUE}).")
  private int runs;

  @Mixin private ResultOptions output = new ResultOptions();

  @Option(
      names = "--stages",
      description = "Record when each request reached each stage of its way, for the JSON too.")
  private boolean stages;

  @Mixin private LoopOptions loops = new LoopOptions();

  /** Refuses options that make no sense, before anything is done. */
  abstract void check();

  /** Refuses options that do nothing in this combination. */
  void check(OptionEffects effects) {
    effects.check(
        devices.contains(DeviceKind.AHCI) || devices.contains(DeviceKind.VIRTIO),
        "without a device that a vCPU drives",
        "Add ahci or virtio to --device",
        "--halt-poll");
    effects.check(
        !Disks.isMemory(image),
        "on a disk in memory",
        "Give the path of an image",
        "--cache",
        "--lock",
        "--format");
  }

  /** Size of the scratch image to make where no image is given. */
  abstract long scratchBytes();

  /** The rows to fill, none of which has a run yet. */
  abstract List<Summary> emptyRows();

  /** Makes the runs, and adds each to its row as soon as it is complete. */
  abstract void measure(List<Summary> rows, ImageSource source, Interruption interruption);

  /** The rows for people, in lines of so many characters. */
  abstract String table(List<Summary> rows, int width);

  /** The options that the document has under keys of its own. */
  abstract Map<String, @Nullable Object> parameters();

  /** The document for machines. */
  abstract Record document(
      EnvironmentFacts environment,
      Map<String, @Nullable Object> parameters,
      List<Summary> rows,
      @Nullable String failure);

  /** Of how many runs the figures are, and how far those lie apart. */
  abstract String spread(List<Summary> rows);

  /** Why the figures may not be what they seem. */
  abstract List<Warning> warnings(EnvironmentFacts environment, List<Summary> rows);

  @Override
  public final void run() {
    require(runs >= 1, "--runs must be at least 1", "--runs 5");
    check();
    check(new OptionEffects(spec()));
    output.check();
    runChecked();
  }

  /** Does what the command does once its options are known to make sense. */
  void runChecked() {
    Interruption interruption = Interruption.begin();
    try (ImageSource source = ImageSource.of(image, scratchBytes(), interruption, err())) {
      Environment environment = Environment.ofHost();
      if (Disks.isMemory(image)) {
        environment.memoryDisk(source.path(), Disks.memoryBytes(source.path()));
      } else {
        environment.image(ImageInspector.inspect(source.path()));
      }
      List<Summary> rows = emptyRows();
      MeasurementOutcome measured =
          MeasurementOutcome.during(recordsStages(), () -> measure(rows, source, interruption));
      rows.removeIf(row -> row.runs().isEmpty());
      if (!rows.isEmpty()) {
        rows.forEach(row -> row.observed(measured.seen()));
        tell(rows, environment, measured);
      } else if (measured.failure() == null) {
        err().println("platter: interrupted before the first run");
      }
      measured.throwFailure();
    }
  }

  /** Prints and writes what was measured, whatever ended it. */
  private void tell(List<Summary> rows, Environment environment, MeasurementOutcome measured) {
    for (Summary row : rows) {
      for (MeasuredRun.RingFacts ring : row.runs().getFirst().rings()) {
        environment.loop(ring.loop(), ring.granted(), ring.refused());
      }
    }
    EnvironmentFacts facts = environment.facts();
    out().print(table(rows, output.columns()));
    out().print(spread(rows));
    out().print(Warnings.text(warnings(facts, rows)));
    if (recordsStages()) {
      printStages(rows);
    }
    stdout().flush();
    AllSteps.run(
        measured::throwFailure,
        () -> AllSteps.rethrow(wrongSectors(rows)),
        () -> {
          if (output.wanted() != null) {
            write(
                document(
                    facts, settings(common()).in(parameters()), rows, failureText(measured, rows)));
          }
        });
  }

  /**
   * Keeps what a run has measured, if it has measured anything.
   *
   * @throws PlatterException that ended the run
   */
  static void keep(Summary row, MeasuredRun measured) {
    PlatterException failure = measured.result().failure();
    if (failure == null || measured.result().hasMeasured()) {
      row.add(measured);
    }
    if (failure != null) {
      throw failure;
    }
  }

  private static @Nullable PlatterException wrongSectors(List<Summary> rows) {
    return rows.stream().map(Summary::failure).filter(Objects::nonNull).findFirst().orElse(null);
  }

  private static @Nullable String failureText(MeasurementOutcome measured, List<Summary> rows) {
    PlatterException wrong = wrongSectors(rows);
    return measured.failure() != null || wrong == null
        ? measured.failureText()
        : String.valueOf(wrong.getMessage());
  }

  /**
   * Shows which run begins.
   *
   * @param run how many were made of each row
   * @param nanos how long it will take, about
   */
  final void step(Progress progress, int run, List<Summary> rows, Summary row, long nanos) {
    double all = (double) runs() * rows.size();
    double before = (double) run * rows.size() + rows.indexOf(row);
    progress.step(
        "run " + (run + 1) + " of " + runs() + ": " + row.label(),
        before / all,
        (before + 1) / all,
        nanos);
  }

  private Settings common() {
    return loops()
        .in(new Settings(spec()))
        .put("image", image)
        .put("scratch_bytes", image == null ? scratchBytes() : null)
        .put("--device", "devices", devices().stream().map(DeviceKind::toString).toList())
        .put("--stages", "stages", recordsStages());
  }

  /** Says under which keys the document has the command's own options already. */
  abstract Settings settings(Settings settings);

  /** Writes a document to where JSON and a report are wanted. */
  final void write(Record document) {
    output.write(document, stdout());
  }

  /** Where a document comes from that is made now. */
  final Origin origin() {
    return Origin.now(commandLine());
  }

  /** Whether a page is wanted. */
  final boolean wantsReport() {
    return output.wantReport();
  }

  private void printStages(List<Summary> rows) {
    Map<String, @Nullable RequestStages> stages = new LinkedHashMap<>();
    rows.forEach(row -> stages.put(row.label(), row.stages()));
    out().println();
    out().print(StageTable.render(stages, output.columns()));
  }

  /** The user's image, or null. */
  final @Nullable String image() {
    return image;
  }

  /** The devices to run on, each once. */
  final Set<DeviceKind> devices() {
    return new LinkedHashSet<>(devices);
  }

  /** Whether to record when each request reached each stage of its way. */
  final boolean recordsStages() {
    return stages || output.wantReport();
  }

  final int runs() {
    return runs;
  }

  final LoopOptions loops() {
    return loops;
  }
}
