package dev.platter.emulator.cli.guest;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.IoReason;
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
import dev.platter.emulator.cli.shared.JsonOption;
import dev.platter.emulator.cli.shared.MeasurementOutcome;
import dev.platter.emulator.cli.shared.OptionEffects;
import dev.platter.emulator.cli.shared.PatternConverter;
import dev.platter.emulator.cli.shared.PlatterCommand;
import dev.platter.emulator.cli.shared.Progress;
import dev.platter.emulator.cli.shared.ReportOption;
import dev.platter.emulator.cli.shared.SectorOption;
import dev.platter.emulator.cli.shared.Settings;
import dev.platter.emulator.cli.shared.SizeConverter;
import dev.platter.emulator.cli.shared.WideOption;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.guest.Accelerator;
import dev.platter.emulator.guest.GuestListener;
import dev.platter.emulator.guest.GuestRun;
import dev.platter.emulator.guest.GuestRun.Backend;
import dev.platter.emulator.guest.GuestRun.Target;
import dev.platter.emulator.guest.GuestRun.Workload;
import dev.platter.emulator.guest.GuestRunner;
import dev.platter.emulator.guest.HostDisks;
import dev.platter.emulator.guest.Qemu;
import dev.platter.emulator.guest.QemuCommand;
import dev.platter.emulator.guest.QemuFinder;
import dev.platter.emulator.guest.ServedDisks;
import dev.platter.emulator.measure.stages.Observations;
import dev.platter.emulator.measure.workload.Bench;
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
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
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
  private static final long MIN_MEMORY_BYTES = 192L << 20;
  private static final int CHUNK_BYTES = 128 << 10;

  /** For picocli. */
  static final class WorkloadConverter extends ChoiceConverter<Workload> {
    WorkloadConverter() {
      super(Workload.class);
    }
  }

  /** For picocli. */
  static final class AcceleratorConverter extends ChoiceConverter<Accelerator> {
    AcceleratorConverter() {
      super(Accelerator.class);
    }
  }

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

  @Option(
      names = "--workload",
      split = ",",
      paramLabel = "WORKLOAD",
      defaultValue = "iotest,fio-like",
      converter = WorkloadConverter.class,
      description = {
        "What to run, separated by commas (default: ${DEFAULT-VALUE}).",
        "iotest: as platter iotest. fio-like: a closed loop, see --rw.",
      })
  private List<Workload> workloads = List.of();

  @Option(
      names = "--runs",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Runs, each in a fresh boot, the disks in turn; medians are reported (default:"
              + " ${DEFAULT-VALUE}).")
  private int runs;

  @Option(
      names = "--total",
      paramLabel = "SIZE",
      defaultValue = "128M",
      converter = SizeConverter.class,
      description =
          "iotest: how much to read; also the scratch image's size (default: ${DEFAULT-VALUE}).")
  private long totalBytes;

  @Option(
      names = "--rw",
      paramLabel = "PATTERN",
      defaultValue = "randread",
      converter = PatternConverter.class,
      description = "fio-like: read, write, randread or randwrite (default: ${DEFAULT-VALUE}).")
  private Bench.Pattern pattern = Bench.Pattern.RANDREAD;

  @Option(
      names = "--bs",
      paramLabel = "SIZE",
      defaultValue = "4k",
      converter = SizeConverter.class,
      description = "fio-like: request size (default: ${DEFAULT-VALUE}).")
  private long blockBytes;

  @Option(
      names = "--iodepth",
      paramLabel = "N",
      defaultValue = "1",
      description = "fio-like: requests outstanding (default: ${DEFAULT-VALUE}).")
  private int depth;

  @Option(
      names = "--runtime",
      paramLabel = "TIME",
      defaultValue = "3s",
      converter = DurationConverter.class,
      description = "fio-like: time measured in each run (default: ${DEFAULT-VALUE}).")
  private long runtimeNanos;

  @Option(
      names = "--warmup",
      paramLabel = "TIME",
      defaultValue = "500ms",
      converter = DurationConverter.class,
      description = "fio-like: time before measuring, in each run (default: ${DEFAULT-VALUE}).")
  private long warmUpNanos;

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

  @Mixin private GuestSource source = new GuestSource();

  @Option(
      names = "--qemu",
      paramLabel = "PATH",
      description =
          "The QEMU to use (default: qemu-system-x86_64 on the PATH, else the one in"
              + " ~/.cache/platter/qemu-root, whichever is new enough).")
  private @Nullable Path qemu;

  @Option(
      names = "--qemu-root",
      paramLabel = "DIR",
      description = "A directory made by guest-images/make-qemu-root, with the QEMU to use in it.")
  private @Nullable Path qemuRoot;

  @Option(
      names = "--accel",
      paramLabel = "ACCEL",
      defaultValue = "auto",
      converter = AcceleratorConverter.class,
      description =
          "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}: KVM if the guest comes up under it,"
              + " else TCG).")
  private Accelerator accelerator = Accelerator.AUTO;

  @Option(
      names = "--cpus",
      paramLabel = "N",
      defaultValue = "1",
      description = "vCPUs, and queues of a virtio disk (default: ${DEFAULT-VALUE}).")
  private int cpus;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      defaultValue = "512M",
      converter = SizeConverter.class,
      description = "The guest's RAM (default: ${DEFAULT-VALUE}).")
  private long memoryBytes;

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

  @Mixin private JsonOption json = new JsonOption();

  @Mixin private ReportOption reportOption = new ReportOption();

  @Mixin private WideOption wide = new WideOption();

  private volatile @Nullable Progress shown; // a warning must not end up in its line

  @Option(
      names = "--stages",
      description = "Record the stages of each request's way that the host sees, for the JSON.")
  private boolean stages;

  @Override
  public void run() {
    check();
    json.check();
    reportOption.check(json.file());
    Set<DeviceKind> kinds = new LinkedHashSet<>(devices);
    Qemu found = QemuFinder.onHost(qemu, qemuRoot).find(kinds.contains(DeviceKind.AHCI));
    Guest guest = source.build(source.options(err()));
    Interruption interruption = Interruption.begin();
    try (ImageSource disk = ImageSource.of(image, totalBytes, interruption, err());
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
              cpus,
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
    return stages || reportOption.isGiven();
  }

  private void check() {
    source.check();
    require(!devices.contains(DeviceKind.RAW), "a guest has no raw device", "--device ahci,virtio");
    require(runs >= 1, "--runs must be at least 1", "--runs 5");
    require(cpus >= 1 && cpus <= 64, "--cpus must be between 1 and 64", "--cpus 1");
    require(
        memoryBytes >= MIN_MEMORY_BYTES && memoryBytes % (1 << 20) == 0,
        "--memory must be whole MiB, and at least 192M",
        "--memory 512M");
    require(
        totalBytes >= CHUNK_BYTES && totalBytes % CHUNK_BYTES == 0,
        "--total must be a multiple of 128K, and not 0",
        "--total 128M");
    require(
        blockBytes >= 512 && blockBytes % 512 == 0 && blockBytes <= 32 << 20,
        "--bs must be a multiple of 512, up to 32M",
        "--bs 4k");
    sector.check(blockBytes, "--bs");
    require(
        peer == null || cache == CacheMode.NONE,
        "--cache writeback has no meaning with --peer: QEMU's own disks are opened with O_DIRECT",
        null);
    require(
        peer == null || sector.bytes() == ImageOptions.DEFAULT_BLOCK_BYTES,
        "--logical-block-size has no meaning with --peer: QEMU's own SATA disk has sectors of 512",
        null);
    require(
        depth >= 1 && depth <= 256 && blockBytes * depth <= memoryBytes / 4,
        "--iodepth must be between 1 and 256, and --bs times --iodepth a quarter of --memory at"
            + " the most",
        "--iodepth 32");
    require(runtimeNanos >= 1_000_000, "--runtime must be at least 1ms", "--runtime 3s");
    require(timeoutNanos > 0, "--timeout must not be 0", "--timeout 3m");
    require(qemu == null || qemuRoot == null, "--qemu and --qemu-root exclude each other", null);
    require(
        !pattern.mixes() && !pattern.trims(),
        "--rw " + pattern + " is a pattern of platter bench: the guest reads or writes",
        "--rw randread");
    require(
        !pattern.writes() || !workloads.contains(Workload.FIO_LIKE) || image == null || destroyData,
        "--rw " + pattern + " would overwrite " + image,
        "Add --destroy-data if its contents do not matter");
    boolean fioLike = workloads.contains(Workload.FIO_LIKE);
    new OptionEffects(spec())
        .check(
            !shell,
            "with --shell",
            "Run it without --shell",
            "--workload",
            "--runs",
            "--peer",
            "--stages",
            "--rw",
            "--bs",
            "--iodepth",
            "--runtime",
            "--warmup")
        .check(
            fioLike,
            "without the workload fio-like",
            "Add fio-like to --workload",
            "--rw",
            "--bs",
            "--iodepth",
            "--runtime",
            "--warmup")
        .check(
            image == null || workloads.contains(Workload.IOTEST),
            "without the workload iotest on an image that is there already",
            "Add iotest to --workload",
            "--total")
        .check(
            devices.contains(DeviceKind.VIRTIO),
            "without virtio",
            "Add virtio to --device",
            "--poll-max");
    require(!shell || !json.isGiven(), "--shell has no result for --json", null);
    require(!shell || !reportOption.isGiven(), "--shell has no result for --report", null);
  }

  private GuestRun.Plan plan(Qemu found, Guest guest, Path path, Set<DeviceKind> kinds) {
    List<Target> targets = new ArrayList<>();
    for (Backend backend : Backend.values()) {
      if (backend == Backend.PLATTER || peer == Peer.QEMU) {
        kinds.forEach(kind -> targets.add(new Target(backend, kind)));
      }
    }
    GuestJob.Iotest usual = GuestJob.Iotest.defaults();
    GuestJob.Iotest iotest =
        new GuestJob.Iotest(
            totalBytes,
            CHUNK_BYTES,
            usual.batch(),
            usual.batchDelayMicros(),
            usual.completionDelayMicros(),
            1);
    GuestJob.Bench bench =
        new GuestJob.Bench(
            pattern.toString(),
            (int) blockBytes,
            depth,
            warmUpNanos / 1_000_000,
            runtimeNanos / 1_000_000,
            1);
    return new GuestRun.Plan(
        found,
        guest,
        path,
        targets,
        List.copyOf(new LinkedHashSet<>(workloads)),
        iotest,
        bench,
        runs,
        cpus,
        memoryBytes);
  }

  private OptionalLong pollMax() {
    return pollMaxNanos == null ? OptionalLong.empty() : OptionalLong.of(pollMaxNanos);
  }

  private GuestRunner runner(GuestRun.Plan plan, Workspace workspace, Interruption interruption) {
    GuestRunner.Patience patience =
        GuestRunner.Patience.DEFAULT.withSilence(
            Duration.ofNanos(timeoutNanos).plus(plan.longestJob()));
    GuestRunner runner =
        new GuestRunner(accelerator, patience, workspace.directory(), this::warn, interruption);
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
    out().print(report.text(wide.columns()));
    EnvironmentFacts facts = environment.facts();
    out().print(Warnings.text(report.warnings(facts)));
    stdout().flush();
    Record document =
        report.document(Origin.now(commandLine()), facts, settings().in(report.parameters()));
    AllSteps.run(
        () -> AllSteps.rethrow(result.failure()),
        () -> json.write(document, stdout()),
        () -> reportOption.write(document));
  }

  private Settings settings() {
    return new Settings(spec())
        .told("--workload", "--total", "--rw", "--bs", "--iodepth", "--runtime", "--warmup")
        .told("--qemu", "--qemu-root", "--cpus", "--memory")
        .put("image", image)
        .put("scratch_bytes", image == null ? totalBytes : null)
        .put(
            "--device",
            "devices",
            new LinkedHashSet<>(devices).stream().map(DeviceKind::toString).toList())
        .put(
            "--poll-max",
            "poll_max_us",
            pollMax().orElse(IoThreadConfig.DEFAULT_POLL_MAX_NANOS) / 1e3)
        .put("--logical-block-size", "logical_block_bytes", sector.bytes())
        .put("--stages", "stages", recordsStages());
  }

  private void shell(GuestRun.Plan plan, GuestRunner runner, HostDisks.Opener opener) {
    boolean writable = plan.targets().size() == 1 && (image == null || destroyData);
    try (HostDisks disks = opener.open(new LinkedHashSet<>(devices), writable)) {
      QemuCommand machine =
          new QemuCommand(plan.qemu(), plan.cpus(), plan.memoryBytes())
              .kernel(
                  plan.guest().kernel(),
                  plan.guest().initramfs(),
                  GuestJob.commandLine(List.of(GuestJob.disks(), GuestJob.shell())));
      new LinkedHashSet<>(devices).forEach(kind -> machine.disk(disks.attachment(kind)));
      if (consoleFile == null) {
        runner.copyConsole(new FileOutputStream(FileDescriptor.out));
      }
      GuestRunner.Outcome _ = runner.interactive().run(machine, GuestListener.NONE);
    }
  }

  /** What a run needs on disk: a directory that only its owner may enter, for sockets. */
  private record Workspace(Path directory, @Nullable OutputStream console)
      implements AutoCloseable {
    static Workspace create(@Nullable Path consoleFile) {
      try {
        OutputStream console = consoleFile == null ? null : Files.newOutputStream(consoleFile);
        return new Workspace(Files.createTempDirectory("platter-guest-"), console);
      } catch (IOException e) {
        throw new PlatterException(
            PlatterException.Kind.BAD_INPUT,
            "cannot make files for the run: " + IoReason.of(e),
            null,
            e);
      }
    }

    @Override
    public void close() {
      try (OutputStream _ = console) {
        try (var files = Files.list(directory)) {
          for (Path file : files.toList()) {
            Files.deleteIfExists(file);
          }
        }
        Files.deleteIfExists(directory);
      } catch (IOException e) {
        throw new PlatterException(
            PlatterException.Kind.FAILED,
            "cannot remove " + directory + ": " + IoReason.of(e),
            null,
            e);
      }
    }
  }
}
