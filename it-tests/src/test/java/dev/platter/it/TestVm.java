package dev.platter.it;

import dev.platter.aio.PlatterException;
import dev.platter.devices.block.image.ImageOptions;
import dev.platter.emulator.export.EventLog;
import dev.platter.emulator.guest.Accelerator;
import dev.platter.emulator.guest.GuestListener;
import dev.platter.emulator.guest.GuestRunner;
import dev.platter.emulator.guest.Qemu;
import dev.platter.emulator.guest.QemuCommand;
import dev.platter.emulator.guest.QemuFinder;
import dev.platter.emulator.guest.VmDisk;
import dev.platter.emulator.server.Server;
import dev.platter.emulator.server.config.AhciExport;
import dev.platter.emulator.server.config.ExportConfig;
import dev.platter.emulator.server.config.ServeConfig;
import dev.platter.emulator.server.config.VirtioBlkExport;
import dev.platter.guestimages.Guest;
import dev.platter.guestimages.GuestBuilder;
import dev.platter.guestimages.GuestImageException;
import dev.platter.guestimages.GuestJob;
import dev.platter.guestimages.GuestOptions;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Assumptions;

/**
 * A virtual machine with Platter's disks, for one test. Whatever the host lacks for it (QEMU, apt)
 * skips the test, with the reason on standard error.
 */
final class TestVm implements AutoCloseable {
  private static final GuestRunner.Patience PATIENCE =
      GuestRunner.Patience.DEFAULT.withSilence(Duration.ofMinutes(5));

  /** How a disk is served. */
  enum Kind {
    SATA,
    VIRTIO;

    /** The disk's serial number, and the export's name. */
    String serial() {
      return "disk-" + name().toLowerCase(Locale.ROOT);
    }

    /** How guest jobs name it. */
    String disk() {
      return "serial:" + serial();
    }
  }

  private final Qemu qemu;
  private final Path directory;
  private final List<ExportConfig> exports = new ArrayList<>();
  private final List<VmDisk> disks = new ArrayList<>();
  private final List<String> events = new CopyOnWriteArrayList<>();
  private int cpus = 1;
  private Consumer<Server> onServer = server -> {};

  private TestVm(Qemu qemu, Path directory) {
    this.qemu = qemu;
    this.directory = directory;
  }

  /** A machine without disks. Its files are on a disk, where O_DIRECT works, not in /tmp. */
  static TestVm create() {
    try {
      Qemu qemu = QemuFinder.onHost(null, null).find(true);
      return new TestVm(qemu, Files.createTempDirectory(Path.of("/var/tmp"), "platter-it-"));
    } catch (PlatterException e) {
      throw skipped(e.getMessage() + "; " + e.remedy());
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The test guest. */
  static Guest guest() {
    try {
      return new GuestBuilder(GuestOptions.defaults()).build();
    } catch (GuestImageException e) {
      if (e.kind() == GuestImageException.Kind.HOST_LACKS) {
        throw skipped(e.getMessage() + "; " + e.remedy());
      }
      throw e;
    }
  }

  /** Skips the running test. */
  static IllegalStateException skipped(String reason) {
    System.err.println("skipped: " + reason);
    System.err.flush();
    return Assumptions.abort(reason);
  }

  Qemu qemu() {
    return qemu;
  }

  /** The test's directory; removed with the machine. */
  Path directory() {
    return directory;
  }

  /** A path in the test's directory. */
  Path file(String name) {
    return directory.resolve(name);
  }

  /** What the servers of its disks had to tell, one line an event. */
  List<String> events() {
    return events;
  }

  TestVm cpus(int count) {
    cpus = count;
    return this;
  }

  /** Hands over the server of the disks before the machine starts; it is closed after it. */
  TestVm onServer(Consumer<Server> consumer) {
    onServer = consumer;
    return this;
  }

  /** Adds a disk, writable. */
  TestVm disk(Kind kind, Path image) {
    return disk(kind, image, 1, false);
  }

  /** Adds a disk, writable; queues and ring format matter to virtio only. */
  TestVm disk(Kind kind, Path image, int queues, boolean packed) {
    Path socket = file(kind.serial() + ".sock");
    String name = kind.serial();
    if (kind == Kind.SATA) {
      exports.add(AhciExport.at(socket, name, image.toString(), ImageOptions.WRITABLE));
      disks.add(new VmDisk.VfioUser("sata", socket));
    } else {
      VirtioBlkExport one =
          VirtioBlkExport.at(socket, name, image.toString(), ImageOptions.WRITABLE);
      exports.add(
          new VirtioBlkExport(
              one.name(),
              one.endpoint(),
              one.image(),
              one.serial(),
              queues,
              one.ioThreads(),
              one.pollMaxNanos()));
      disks.add(new VmDisk.VhostUser("virtio", socket, queues, packed));
    }
    return this;
  }

  /** Boots the test guest and has it do jobs. */
  GuestRunner.Outcome run(GuestListener listener, GuestJob... jobs) {
    Guest guest = guest();
    return boot(
        listener,
        machine ->
            machine.kernel(guest.kernel(), guest.initramfs(), GuestJob.commandLine(List.of(jobs))));
  }

  /** Boots a machine. */
  GuestRunner.Outcome boot(GuestListener listener, UnaryOperator<QemuCommand> how) {
    EventLog log =
        (level, export, event, fields) -> events.add(level + " " + export + " " + event + fields);
    try (Server server = Server.start(new ServeConfig(List.of(), exports), log);
        var console = new FileOutputStream(file("console").toFile())) {
      onServer.accept(server);
      QemuCommand machine = how.apply(new QemuCommand(qemu, cpus, 512L << 20));
      disks.forEach(machine::disk);
      // KVM is tried in one test of its own: where it hangs, that costs a while.
      GuestRunner runner =
          new GuestRunner(Accelerator.TCG, PATIENCE, directory, System.err::println, () -> false)
              .copyConsole(console);
      return runner.run(machine, listener);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** All that the console of the last boot said. */
  String console() throws IOException {
    return Files.readString(file("console"));
  }

  @Override
  public void close() throws IOException {
    try (var files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
