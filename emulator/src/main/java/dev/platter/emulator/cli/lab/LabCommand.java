package dev.platter.emulator.cli.lab;

import dev.platter.aio.PlatterException;
import dev.platter.aio.access.RingAccess;
import dev.platter.aio.file.FileHandle;
import dev.platter.aio.file.IoReason;
import dev.platter.aio.loop.AioConfig;
import dev.platter.aio.ring.Ring;
import dev.platter.devices.block.image.ImageInspector;
import dev.platter.emulator.cli.shared.AllSteps;
import dev.platter.emulator.cli.shared.ChoiceConverter;
import dev.platter.emulator.cli.shared.FailureHandler;
import dev.platter.emulator.cli.shared.Interruption;
import dev.platter.emulator.cli.shared.PlatterCommand;
import dev.platter.emulator.cli.shared.Progress;
import dev.platter.emulator.cli.shared.ResultOptions;
import dev.platter.emulator.cli.shared.Settings;
import dev.platter.emulator.lab.Experiment;
import dev.platter.emulator.lab.LabContext;
import dev.platter.emulator.lab.LabRun;
import dev.platter.emulator.lab.Plant;
import dev.platter.emulator.measure.workload.ScratchImage;
import dev.platter.emulator.result.Environment;
import dev.platter.emulator.result.LabReport;
import dev.platter.emulator.result.Origin;
import dev.platter.emulator.result.Warnings;
import dev.platter.emulator.result.document.EnvironmentFacts;
import dev.platter.emulator.result.document.ExperimentResult;
import dev.platter.emulator.text.TextParagraph;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code platter lab}. */
@Command(
    name = "lab",
    description = {
      "Reproduces known trouble on this host: what was expected, what was seen, what to do.",
      "Without a name, lists the experiments. Each takes less than a minute, writes only to files"
          + " of its own, and removes them.",
    },
    footer = {
      "  platter lab",
      "  platter lab ring-flags",
      "  platter lab all --dir /srv/vm --report lab.html --json lab.json",
      "  platter lab punting --image disk.img",
    })
public final class LabCommand extends PlatterCommand {
  private static final String ALL = "all";

  /** For picocli. */
  static final class PlantConverter extends ChoiceConverter<Plant> {
    PlantConverter() {
      super(Plant.class);
    }
  }

  @Parameters(
      arity = "0..*",
      paramLabel = "NAME",
      description = "Experiments to run one after the other, or 'all' (default: list them).")
  private List<String> names = List.of();

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      description =
          "Where scratch files go: a directory on the disk that matters (default: $TMPDIR, else"
              + " /var/tmp).")
  private @Nullable Path directory;

  @Option(
      names = "--image",
      paramLabel = "IMAGE",
      description = "A raw image to give a verdict on, too; it is only looked at.")
  private @Nullable Path image;

  @Option(names = "--full", description = "More and longer runs, for narrower intervals.")
  private boolean full;

  @Option(
      names = "--plant",
      paramLabel = "WHAT",
      defaultValue = "none",
      converter = PlantConverter.class,
      description =
          "To try out the lab itself: with 'present' each experiment's trouble is there, with"
              + " 'absent' it is not, whatever the host; the verdict must follow (default:"
              + " ${DEFAULT-VALUE}).")
  private Plant plant = Plant.NONE;

  @Mixin private ResultOptions output = new ResultOptions();

  private final List<Experiment> available;

  /** For picocli. */
  LabCommand() {
    this(Experiments.all());
  }

  /** For tests: with experiments of their own. */
  LabCommand(List<Experiment> available) {
    this.available = available;
  }

  @Override
  public void run() {
    if (names.isEmpty()) {
      String wanted = output.wanted();
      require(wanted == null, wanted + " needs an experiment to run", "platter lab all");
      list();
      return;
    }
    Set<Experiment> chosen = chosen();
    output.check();
    Environment environment = environment();
    Interruption interruption = Interruption.begin();
    Path base = directory == null ? ScratchImage.defaultDirectory() : directory;
    Path scratch = makeScratch(base);
    List<ExperimentResult> results = new ArrayList<>();
    List<String> failed = new ArrayList<>();
    boolean removed = false;
    try (Progress progress = Progress.on(err())) {
      for (Experiment experiment : chosen) {
        if (!interruption.getAsBoolean()) {
          progress.update(experiment.name(), (double) results.size() / chosen.size());
          LabRun run = runOne(experiment, scratch, interruption, progress);
          progress.erase();
          results.add(run.experiment());
          if (run.failure() != null) {
            failed.add(experiment.name());
            FailureHandler.report(run.failure(), err());
          }
          print(LabReport.section(run.experiment(), output.columns()) + "\n");
        }
      }
    } finally {
      // The results are worth more than a clean directory.
      removed = remove(scratch);
    }
    if (results.isEmpty()) {
      err().println("platter: interrupted before the first experiment");
    }
    if (results.size() > 1) {
      print(LabReport.verdicts(results));
    }
    EnvironmentFacts facts = environment.facts();
    print(Warnings.text(LabReport.warnings(facts, results)));
    Record document =
        LabReport.document(
            Origin.now(commandLine()),
            facts,
            new Settings(spec()).told("--dir").in(parameters(chosen, base)),
            results.size() < chosen.size(),
            results);
    boolean clean = removed;
    AllSteps.run(
        () -> output.write(document, stdout()),
        () -> checkEnd(failed, results.size(), clean, scratch));
  }

  private static void checkEnd(List<String> failed, int ran, boolean removed, Path scratch) {
    if (!failed.isEmpty()) {
      throw PlatterException.failed(
          failed.size() + " of " + ran + " experiments failed: " + String.join(", ", failed), null);
    }
    if (!removed) {
      throw PlatterException.failed(
          "cannot remove all of " + scratch, "Look what is in use there, and remove it");
    }
  }

  private void list() {
    int indent = 2 + available.stream().mapToInt(each -> each.name().length()).max().orElse(0);
    for (Experiment experiment : available) {
      String name = experiment.name();
      out()
          .print(
              TextParagraph.of(
                  name + " ".repeat(indent - name.length()),
                  " ".repeat(indent),
                  experiment.summary()));
    }
    out().println();
    out().println("Run one with: platter lab NAME, or all of them with: platter lab all");
    out().flush();
  }

  private Set<Experiment> chosen() {
    Set<Experiment> chosen = new LinkedHashSet<>();
    for (String name : names) {
      if (name.equals(ALL)) {
        chosen.addAll(available);
        continue;
      }
      Experiment found =
          available.stream().filter(one -> one.name().equals(name)).findFirst().orElse(null);
      if (found == null) {
        throw PlatterException.badInput(
            "there is no experiment '" + name + "'",
            String.join(", ", available.stream().map(Experiment::name).toList()) + ", or all");
      }
      chosen.add(found);
    }
    return chosen;
  }

  /**
   * The host, with the rings that Platter's loops get on it.
   *
   * @throws PlatterException of kind HOST_LACKS if there is no io_uring, without which no
   *     experiment runs
   */
  private Environment environment() {
    Environment environment = Environment.ofHost();
    try (Ring ring = RingAccess.open(1, AioConfig.mainLoop().flags())) {
      environment.loop("main-loop", ring.granted(), ring.refused());
    }
    try (Ring ring = RingAccess.open(1, AioConfig.ioThread().flags())) {
      environment.loop("iothread", ring.granted(), ring.refused());
    }
    if (image != null) {
      environment.image(ImageInspector.inspect(image.toString()));
    }
    return environment;
  }

  private Map<String, @Nullable Object> parameters(Set<Experiment> chosen, Path base) {
    Map<String, @Nullable Object> parameters = new LinkedHashMap<>();
    parameters.put("experiments", chosen.stream().map(Experiment::name).toList());
    parameters.put("full", full);
    parameters.put("plant", plant.toString());
    parameters.put("directory", base.toString());
    parameters.put("filesystem", filesystem(base));
    parameters.put("image", image == null ? null : image.toString());
    return parameters;
  }

  private static String filesystem(Path directory) {
    try (FileHandle handle = FileHandle.open(directory.toString(), false, false)) {
      return handle.facts().filesystem();
    }
  }

  private LabRun runOne(
      Experiment experiment, Path scratch, Interruption interruption, Progress progress) {
    return LabRun.of(
        experiment,
        new LabContext(
            scratch,
            image,
            full,
            interruption,
            doing -> progress.update(experiment.name() + ": " + doing),
            plant));
  }

  private void print(String text) {
    out().print(text);
    stdout().flush();
  }

  private static Path makeScratch(Path base) {
    try {
      return Files.createTempDirectory(base, "platter-lab-");
    } catch (IOException e) {
      throw new PlatterException(
          PlatterException.Kind.BAD_INPUT,
          "cannot make a scratch directory in " + base + ": " + IoReason.of(e),
          "Name a directory on a disk that you may write to: --dir DIR",
          e);
    }
  }

  /** Removes the scratch directory with what a failed experiment may have left in it. */
  private static boolean remove(Path scratch) {
    try (Stream<Path> files = Files.walk(scratch)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
      return true;
    } catch (IOException | UncheckedIOException e) {
      return false;
    }
  }
}
