package dev.platter.emulator.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.jr.ob.JSON;

/**
 * A virtual machine as QEMU's arguments: a Q35 with disks and with a serial console on standard
 * input and output. The servers of the disks can map its memory.
 *
 * <p>Option names and their meaning: the manual page qemu-system(1).
 */
public final class QemuCommand {
  /** The place of a Q35's own AHCI controller, where this machine has Platter's. */
  private static final String AHCI_ADDRESS = "1f.2";

  /**
   * How long QEMU waits for an answer: far longer than any answer takes, because QEMU then gives
   * the disk up for good.
   */
  private static final int VFIO_USER_TIMEOUT_MILLIS = 60_000;

  private static final int RECONNECT_MILLIS = 100;

  /**
   * The first version whose chardevs have {@code reconnect-ms}; earlier ones have {@code
   * reconnect}, in seconds.
   */
  private static final QemuVersion RECONNECT_MS = new QemuVersion(9, 2, 0);

  private final Qemu qemu;
  private final int cpus;
  private final long memoryBytes;
  private final List<VmDisk> disks = new ArrayList<>();
  private final List<String> boot = new ArrayList<>();
  private boolean bootsFromDisk;

  /**
   * Begins a machine without disks, which boots from its first disk.
   *
   * @param cpus vCPUs
   * @param memoryBytes RAM
   */
  public QemuCommand(Qemu qemu, int cpus, long memoryBytes) {
    this.qemu = qemu;
    this.cpus = cpus;
    this.memoryBytes = memoryBytes;
    bootsFromDisk = true;
  }

  /** Boots a kernel directly. */
  public QemuCommand kernel(Path kernel, Path initramfs, String commandLine) {
    boot.addAll(
        List.of(
            "-kernel", kernel.toString(), "-initrd", initramfs.toString(), "-append", commandLine));
    bootsFromDisk = false;
    return this;
  }

  /**
   * Boots with UEFI firmware instead of SeaBIOS.
   *
   * @param variables this machine's own copy of the firmware's variables
   */
  public QemuCommand uefi(Path code, Path variables) {
    boot.addAll(
        List.of(
            "-drive",
            "if=pflash,format=raw,unit=0,readonly=on,file=" + escaped(code),
            "-drive",
            "if=pflash,format=raw,unit=1,file=" + escaped(variables)));
    return this;
  }

  /**
   * Adds an IOMMU that also covers devices outside QEMU: a guest kernel that uses it lends them
   * memory page by page.
   */
  public QemuCommand iommu() {
    // The IOMMU must come before all devices behind it.
    boot.addAll(List.of("-device", "intel-iommu,caching-mode=on"));
    return this;
  }

  /** Adds a disk. */
  public QemuCommand disk(VmDisk disk) {
    disks.add(disk);
    return this;
  }

  /** The QEMU that the command starts. */
  public Qemu qemu() {
    return qemu;
  }

  /**
   * The whole command.
   *
   * @param accelerator KVM or TCG
   */
  public List<String> build(Accelerator accelerator) {
    List<String> line = new ArrayList<>(qemu.command());
    line.addAll(
        List.of(
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
            "-no-reboot",
            // Names vCPU threads, so that their accounts can be told apart.
            "-name",
            "debug-threads=on",
            "-machine",
            "q35,sata=off,memory-backend=mem0",
            "-accel",
            accelerator.toString(),
            "-cpu",
            accelerator == Accelerator.KVM ? "host" : "max",
            "-smp",
            Integer.toString(cpus),
            "-m",
            "size=" + memoryBytes / 1024 + "k",
            "-object",
            "memory-backend-memfd,id=mem0,share=on,size=" + memoryBytes,
            // Ctrl-C goes to the guest if the console is a terminal.
            "-chardev",
            "stdio,id=console,signal=off",
            "-serial",
            "chardev:console"));
    if (qemu.exitsWithParent()) {
      line.addAll(List.of("-run-with", "exit-with-parent=on"));
    }
    line.addAll(boot);
    int index = 1;
    for (VmDisk disk : disks) {
      addDisk(disk, bootsFromDisk ? index++ : null, line);
    }
    return line;
  }

  private void addDisk(VmDisk disk, @Nullable Integer bootIndex, List<String> line) {
    switch (disk) {
      case VmDisk.VhostUser it -> vhostUser(it, bootIndex, line);
      case VmDisk.VfioUser it -> vfioUser(it, bootIndex, line);
      case VmDisk.QemuVirtio it -> qemuVirtio(it, bootIndex, line);
      case VmDisk.QemuAhci it -> qemuAhci(it, bootIndex, line);
    }
  }

  private void vhostUser(VmDisk.VhostUser disk, @Nullable Integer bootIndex, List<String> line) {
    String reconnect =
        qemu.version().atLeast(RECONNECT_MS) ? "reconnect-ms=" + RECONNECT_MILLIS : "reconnect=1";
    line.add("-chardev");
    line.add("socket,id=" + disk.id() + "s," + reconnect + ",path=" + escaped(disk.socket()));
    Map<String, Object> device = device("vhost-user-blk-pci", disk.id(), bootIndex);
    device.put("chardev", disk.id() + "s");
    if (disk.queues() > 0) {
      device.put("num-queues", disk.queues());
    }
    if (disk.packed()) {
      device.put("packed", true);
    }
    add("-device", device, line);
  }

  private static void vfioUser(
      VmDisk.VfioUser disk, @Nullable Integer bootIndex, List<String> line) {
    Map<String, Object> device = device("vfio-user-pci", disk.id(), bootIndex);
    device.put("socket", Map.of("type", "unix", "path", disk.socket().toString()));
    device.put("addr", AHCI_ADDRESS);
    device.put("x-msg-timeout", VFIO_USER_TIMEOUT_MILLIS);
    add("-device", device, line);
  }

  private static void qemuVirtio(
      VmDisk.QemuVirtio disk, @Nullable Integer bootIndex, List<String> line) {
    line.addAll(List.of("-object", "iothread,id=" + disk.id() + "t"));
    blockNode(disk.id(), disk.image(), disk.shared(), disk.shared(), line);
    Map<String, Object> device = device("virtio-blk-pci", disk.id(), bootIndex);
    device.put("drive", disk.id() + "n");
    device.put("iothread", disk.id() + "t");
    device.put("serial", disk.serial());
    add("-device", device, line);
  }

  private static void qemuAhci(
      VmDisk.QemuAhci disk, @Nullable Integer bootIndex, List<String> line) {
    blockNode(disk.id(), disk.image(), false, disk.shared(), line);
    add("-device", device("ich9-ahci", disk.id() + "c", null), line);
    Map<String, Object> device = device("ide-hd", disk.id(), bootIndex);
    device.put("bus", disk.id() + "c.0");
    device.put("drive", disk.id() + "n");
    device.put("serial", disk.serial());
    add("-device", device, line);
  }

  private static void blockNode(
      String id, Path image, boolean readOnly, boolean unlocked, List<String> line) {
    Map<String, Object> node = new LinkedHashMap<>();
    boolean regular = Files.isRegularFile(image);
    node.put("driver", regular || Files.notExists(image) ? "file" : "host_device");
    node.put("node-name", id + "n");
    node.put("filename", image.toAbsolutePath().toString());
    node.put("aio", "io_uring");
    node.put("cache", Map.of("direct", true));
    node.put("read-only", readOnly);
    if (unlocked) {
      node.put("locking", "off");
    }
    add("-blockdev", node, line);
  }

  private static Map<String, Object> device(String driver, String id, @Nullable Integer bootIndex) {
    Map<String, Object> device = new LinkedHashMap<>();
    device.put("driver", driver);
    device.put("id", id);
    if (bootIndex != null) {
      device.put("bootindex", bootIndex);
    }
    return device;
  }

  /** Adds an option in JSON, where QEMU accepts it, because paths need no special escapes there. */
  private static void add(String option, Map<String, Object> value, List<String> line) {
    line.add(option);
    line.add(JSON.std.asString(value));
  }

  /** A path in one of QEMU's lists of key=value. */
  private static String escaped(Path path) {
    return path.toString().replace(",", ",,");
  }

  /**
   * Copies a firmware's variables for one machine.
   *
   * @param directory the directory of the copy
   */
  public static Path ownVariables(Qemu.Ovmf ovmf, Path directory) {
    try {
      Path copy = Files.createTempFile(directory, "uefi-variables-", ".fd");
      Files.write(copy, Files.readAllBytes(ovmf.variables()));
      return copy;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
