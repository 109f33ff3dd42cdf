package dev.platter.emulator.cli.guest;

import static dev.platter.emulator.cli.shared.PlatterCommand.require;

import dev.platter.emulator.cli.shared.ChoiceConverter;
import dev.platter.emulator.cli.shared.SizeConverter;
import dev.platter.emulator.guest.Accelerator;
import dev.platter.emulator.guest.Qemu;
import dev.platter.emulator.guest.QemuFinder;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The virtual machine: its kernel, its QEMU, its vCPUs and its RAM. */
final class GuestMachineOptions {
  private static final long MIN_MEMORY_BYTES = 192L << 20;

  /** For picocli. */
  static final class AcceleratorConverter extends ChoiceConverter<Accelerator> {
    AcceleratorConverter() {
      super(Accelerator.class);
    }
  }

  @Mixin final GuestSource source = new GuestSource();

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
  Accelerator accelerator = Accelerator.AUTO;

  @Option(
      names = "--cpus",
      paramLabel = "N",
      defaultValue = "1",
      description = "vCPUs, and queues of a virtio disk (default: ${DEFAULT-VALUE}).")
  int cpus;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      defaultValue = "512M",
      converter = SizeConverter.class,
      description = "The guest's RAM (default: ${DEFAULT-VALUE}).")
  long memoryBytes;

  /** Refuses options that make no sense. */
  void check() {
    source.check();
    require(cpus >= 1 && cpus <= 64, "--cpus must be between 1 and 64", "--cpus 1");
    require(
        memoryBytes >= MIN_MEMORY_BYTES && memoryBytes % (1 << 20) == 0,
        "--memory must be whole MiB, and at least 192M",
        "--memory 512M");
    require(qemu == null || qemuRoot == null, "--qemu and --qemu-root exclude each other", null);
  }

  /**
   * Finds the QEMU to use.
   *
   * @param vfioUser whether the machine has a disk over vfio-user, which only new versions know
   */
  Qemu findQemu(boolean vfioUser) {
    return QemuFinder.onHost(qemu, qemuRoot).find(vfioUser);
  }
}
