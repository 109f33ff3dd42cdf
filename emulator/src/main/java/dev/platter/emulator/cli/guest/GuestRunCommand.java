package dev.platter.emulator.cli.guest;

import dev.platter.devices.block.image.CacheMode;
import dev.platter.devices.block.image.ImageInspector;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.emulator.cli.shared.AllSteps;
import dev.platter.emulator.cli.shared.CacheConverter;
import dev.platter.emulator.cli.shared.ChoiceConverter;
import dev.platter.emulator.cli.shared.DeviceConverter;
import dev.platter.emulator.cli.shared.DurationConverter;
import dev.platter.emulator.cli.shared.ImageSource;
import dev.platter.emulator.cli.shared.ImageUseOption;
import dev.platter.emulator.cli.shared.Interruption;
import dev.platter.emulator.cli.shared.MeasurementOutcome;
import dev.platter.emulator.cli.shared.OptionEffects;
import dev.platter.emulator.cli.shared.PlatterCommand;
import dev.platter.emulator.cli.shared.Progress;
import dev.platter.emulator.cli.shared.ResultOptions;
import dev.platter.emulator.cli.shared.SectorOption;
import dev.platter.emulator.cli.shared.Settings;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.guest.GuestListener;
import dev.platter.emulator.guest.GuestRun;
import dev.platter.emulator.guest.GuestRun.Backend;
import dev.platter.emulator.guest.GuestRun.Target;
import dev.platter.emulator.guest.GuestRunner;
import dev.platter.emulator.guest.HostDisks;
import dev.platter.emulator.guest.Qemu;
import dev.platter.emulator.guest.QemuCommand;
import dev.platter.emulator.guest.ServedDisks;
import dev.platter.emulator.measure.stages.Observations;
import dev.platter.emulator.measure.workload.DeviceKind;
import dev.platter.emulator.result.Environment;
import dev.platter.emulator.result.GuestReport;
import dev.platter.emulator.result.Origin;
import dev.platter.emulator.result.Warnings;
import dev.platter.emulator.result.document.EnvironmentFacts;
import dev.platter.emulator.server.config.IoThreadConfig;
import dev.platter.guestimages.Guest;
import dev.platter.guestimages.GuestJob;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code platter guest run}. */
@Command(
    name = "run",
    description = {
      "Compares SATA and virtio disks inside an unmodified Linux in QEMU.",
      "Builds the test guest if needed, serves the image from this process (AHCI over vfio-user,"
          + " virtio-blk over vhost-user), boots, and runs workloads in the guest. Uses KVM if it"
          + " really runs the guest, else TCG.",
    },
    footer = {
      "  platter guest run",
      "  platter guest run disk.img --peer qemu --runs 5 --json guest.json",
      "  platter guest run --workload fio-like --rw randread --bs 128k --iodepth 16",
      "  platter guest run --device virtio --shell",
    })
final class GuestRunCommand extends PlatterCommand {
  /** Whose disks Platter's are compared with. */
  enum Peer {
    QEMU;

    @Override
    public String toString() {
      return "qemu";
    }
  }

  /** For picocli. */
  static final class PeerConverter extends ChoiceConverter<Peer> {
    PeerConverter() {
      super(Peer.class);
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
      defaultValue = "ahci,virtio",
      converter = DeviceConverter.class,
      description = "Disks to run on, separated by commas (default: ${DEFAULT-VALUE}).")
  private List<DeviceKind> devices = List.of();

  @Option(
      names = "--peer",
      paramLabel = "PEER",
      converter = PeerConverter.class,
      description = {
        "Compare with another's disks of the same kinds over the same image.",
        "qemu: its own AHCI and virtio-blk, on io_uring with O_DIRECT, virtio on an IOThread.",
      })
  private @Nullable Peer peer;

  @Mixin private GuestWorkloadOptions workload = new GuestWorkloadOptions();

  @Option(names = "--destroy-data", description = "Allow writing to IMAGE.")
  private boolean destroyData;

  @Option(
      names = "--cache",
      paramLabel = "MODE",
      defaultValue = "none",
      converter = CacheConverter.class,
      description =
          "How Platter opens the image: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private CacheMode cache = CacheMode.NONE;

  @Mixin private SectorOption sector = new SectorOption();

  @Mixin private ImageUseOption use = new ImageUseOption();

  @Option(
      names = "--shell",
      description = {
        "Run a console in the guest instead, on this terminal; 'exit' ends it.",
        "Disks are read-only, unless it is one disk, and of a scratch image or with"
            + " --destroy-data.",
      })
  private boolean shell;

  @Mixin private GuestMachineOptions machine = new GuestMachineOptions();

  @Option(
      names = "--poll-max",
      paramLabel = "TIME",
      converter = DurationConverter.class,
      description =
          "Longest busy poll of the virtio disk's IOThread before it sleeps; 0 never polls"
              + " (default: 12us). Polling takes a CPU that the guest may need.")
  private @Nullable Long pollMaxNanos;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      defaultValue = "3m",
      converter = DurationConverter.class,
      description =
          "Give up when the guest says nothing for so long, besides --runtime (default:"
              + " ${DEFAULT-VALUE}).")
  private long timeoutNanos;

  @Option(
      names = "--console",
      paramLabel = "FILE",
      description = "Write all that the guest's console says to a file.")
  private @Nullable Path consoleFile;

  @Mixin private ResultOptions output = new ResultOptions();

  private volatile @Nullable Progress shown; // a warning must not end up in its line

  @Option(
      names = "--stages",
      description = "Record the stages of each request's way that the host sees, for the JSON.")
  private boolean stages;

  @Override
  public void run() {
    check();
    output.check();
    Set<DeviceKind> kinds = kinds();
    Qemu found = machine.findQemu(kinds.contains(DeviceKind.AHCI));
    Guest guest = machine.source.build(machine.source.options(err()));
    Interruption interruption = Interruption.begin();
    try (ImageSource disk = ImageSource.of(image, workload.scratchBytes(), interruption, err());
        Workspace workspace = Workspace.create(consoleFile)) {
      GuestRun.Plan plan = plan(found, guest, Path.of(disk.path()), kinds);
      Environment environment = Environment.ofHost();
      environment.image(ImageInspector.inspect(disk.path()));
      GuestRunner runner = runner(plan, workspace, interruption);
      HostDisks.Opener opener =
          ServedDisks.opener(
              workspace.directory(),
              plan.image(),
              options -> use.in(options.withCache(cache).withLogicalBlock(sector.bytes())),
              machine.cpus,
              pollMax(),
              recordsStages(),
              eventLog());
      if (shell) {
        shell(plan, runner, opener);
      } else {
        AtomicReference<GuestRun.@Nullable Result> result = new AtomicReference<>();
        MeasurementOutcome measured =
            MeasurementOutcome.during(
                recordsStages(), () -> result.set(measure(plan, runner, opener, interruption)));
        measured.throwFailure();
        report(Objects.requireNonNull(result.get()), measured.seen(), plan, environment);
      }
    }
  }

  private boolean recordsStages() {
    return stages || output.wantReport();
  }

  private Set<DeviceKind> kinds() {
    return new LinkedHashSet<>(devices);
  }

  private void check() {
    require(!devices.contains(DeviceKind.RAW), "a guest has no raw device", "--device ahci,virtio");
    machine.check();
    workload.check(sector, machine.memoryBytes);
    require(
        peer == null || cache == CacheMode.NONE,
        "--cache writeback has no meaning with --peer: QEMU's own disks are opened with O_DIRECT",
        null);
    require(
        peer == null || sector.bytes() == ImageOptions.DEFAULT_BLOCK_BYTES,
        "--logical-block-size has no meaning with --peer: QEMU's own SATA disk has sectors of 512",
        null);
    require(timeoutNanos > 0, "--timeout must not be 0", "--timeout 3m");
    require(
        !workload.writes() || image == null || destroyData,
        "--rw " + workload.pattern() + " would overwrite " + image,
        "Add --destroy-data if its contents do not matter");
    OptionEffects effects =
        new OptionEffects(spec())
            .check(
                !shell,
                "with --shell",
                "Run it without --shell",
                "--workload",
                "--runs",
                "--peer",
                "--stages")
            .check(
                !shell, "with --shell", "Run it without --shell", GuestWorkloadOptions.OF_FIO_LIKE);
    workload.check(effects, image);
    effects.check(
        devices.contains(DeviceKind.VIRTIO),
        "without virtio",
        "Add virtio to --device",
        "--poll-max");
    String wanted = output.wanted();
    require(!shell || wanted == null, "--shell has no result for " + wanted, null);
  }

  private GuestRun.Plan plan(Qemu found, Guest guest, Path path, Set<DeviceKind> kinds) {
    List<Target> targets = new ArrayList<>();
    for (Backend backend : Backend.values()) {
      if (backend == Backend.PLATTER || peer == Peer.QEMU) {
        kinds.forEach(kind -> targets.add(new Target(backend, kind)));
      }
    }
    return new GuestRun.Plan(
        found,
        guest,
        path,
        targets,
        workload.workloads(),
        workload.iotest(),
        workload.fioLike(),
        workload.runs(),
        machine.cpus,
        machine.memoryBytes);
  }

  private OptionalLong pollMax() {
    return pollMaxNanos == null ? OptionalLong.empty() : OptionalLong.of(pollMaxNanos);
  }

  private GuestRunner runner(GuestRun.Plan plan, Workspace workspace, Interruption interruption) {
    GuestRunner.Patience patience =
        GuestRunner.Patience.DEFAULT.withSilence(
            Duration.ofNanos(timeoutNanos).plus(plan.longestJob()));
    GuestRunner runner =
        new GuestRunner(
            machine.accelerator, patience, workspace.directory(), this::warn, interruption);
    return workspace.console() == null ? runner : runner.copyConsole(workspace.console());
  }

  private void warn(String line) {
    Progress progress = shown;
    if (progress != null) {
      progress.erase();
    }
    err().println("platter: warning: " + line);
    err().flush();
  }

  /** Only what a user should know: the rest would drown the result. */
  private EventLog eventLog() {
    return (level, export, event, fields) -> {
      if (level != EventLog.Level.INFO) {
        warn(export + ": " + event + (fields.isEmpty() ? "" : " " + fields));
      }
    };
  }

  private GuestRun.Result measure(
      GuestRun.Plan plan, GuestRunner runner, HostDisks.Opener opener, Interruption interruption) {
    try (Progress progress = Progress.on(err())) {
      shown = progress;
      return new GuestRun(plan, runner, opener, progress::update, interruption).run();
    }
  }

  private void report(
      GuestRun.Result result, Observations seen, GuestRun.Plan plan, Environment environment) {
    GuestReport report = new GuestReport(plan, result, seen);
    out().print(report.text(output.columns()));
    EnvironmentFacts facts = environment.facts();
    out().print(Warnings.text(report.warnings(facts)));
    stdout().flush();
    Record document =
        report.document(Origin.now(commandLine()), facts, settings().in(report.parameters()));
    AllSteps.run(() -> AllSteps.rethrow(result.failure()), () -> output.write(document, stdout()));
  }

  private Settings settings() {
    return new Settings(spec())
        .told("--workload", "--total", "--rw", "--bs", "--iodepth", "--runtime", "--warmup")
        .told("--qemu", "--qemu-root", "--cpus", "--memory")
        .put("image", image)
        .put("scratch_bytes", image == null ? workload.scratchBytes() : null)
        .put("--device", "devices", kinds().stream().map(DeviceKind::toString).toList())
        .put(
            "--poll-max",
            "poll_max_us",
            pollMax().orElse(IoThreadConfig.DEFAULT_POLL_MAX_NANOS) / 1e3)
        .put("--logical-block-size", "logical_block_bytes", sector.bytes())
        .put("--stages", "stages", recordsStages());
  }

  private void shell(GuestRun.Plan plan, GuestRunner runner, HostDisks.Opener opener) {
    boolean writable = plan.targets().size() == 1 && (image == null || destroyData);
    try (HostDisks disks = opener.open(kinds(), writable)) {
      QemuCommand vm =
          new QemuCommand(plan.qemu(), plan.cpus(), plan.memoryBytes())
              .kernel(
                  plan.guest().kernel(),
                  plan.guest().initramfs(),
                  GuestJob.commandLine(List.of(GuestJob.disks(), GuestJob.shell())));
      kinds().forEach(kind -> vm.disk(disks.attachment(kind)));
      if (consoleFile == null) {
        runner.copyConsole(new FileOutputStream(FileDescriptor.out));
      }
      GuestRunner.Outcome _ = runner.interactive().run(vm, GuestListener.NONE);
    }
  }
}
