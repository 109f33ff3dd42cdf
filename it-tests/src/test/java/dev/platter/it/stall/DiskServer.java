package dev.platter.it.stall;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.cli.Platter;
import dev.platter.emulator.guest.Qemu;
import dev.platter.emulator.guest.VmDisk;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A disk for a guest, served by a process of its own or by QEMU itself. */
final class DiskServer implements AutoCloseable {
  /** Who emulates which device. */
  enum Backend {
    /** {@code platter serve} with an {@code ahci} export, over vfio-user. */
    PLATTER_SATA("platter-sata", true),
    /** {@code platter serve} with a {@code virtio-blk} export, over vhost-user. */
    PLATTER_VIRTIO("platter-virtio", false),
    /** QEMU's ide-hd on its ich9-ahci. */
    QEMU_SATA("qemu-sata", true),
    /** QEMU's virtio-blk-pci with an IOThread. */
    QEMU_VIRTIO("qemu-virtio", false),
    /** qemu-storage-daemon, over vhost-user. */
    QSD_VIRTIO("qsd-virtio", false);

    private final String label;
    private final boolean sata;

    Backend(String label, boolean sata) {
      this.label = label;
      this.sata = sata;
    }

    /** How guest jobs name its disk: there is only one. */
    String disk() {
      return sata ? "sata" : "virtio";
    }

    /** Whether the guest sees a SATA disk. */
    boolean isSata() {
      return sata;
    }

    /** Whether it is Platter. */
    boolean isPlatter() {
      return this == PLATTER_SATA || this == PLATTER_VIRTIO;
    }

    /** As options and tables name it. */
    @Override
    public String toString() {
      return label;
    }
  }

  private static final int END_MILLIS = 20_000;
  private static final int READY_MILLIS = 180_000;

  private final VmDisk disk;
  private final Path log;
  private final @Nullable Process process;

  private DiskServer(VmDisk disk, Path log, @Nullable Process process) {
    this.disk = disk;
    this.log = log;
    this.process = process;
  }

  /**
   * Serves an image.
   *
   * @param directory whose owner alone may enter it; gets socket and log
   */
  static DiskServer start(Backend backend, Qemu qemu, Path image, Path directory) {
    Path log = directory.resolve("server.log");
    Path socket = directory.resolve("disk.sock");
    return switch (backend) {
      case PLATTER_SATA -> platter("ahci", new VmDisk.VfioUser("disk", socket), socket, image, log);
      case PLATTER_VIRTIO ->
          platter("virtio-blk", new VmDisk.VhostUser("disk", socket, 1, false), socket, image, log);
      case QEMU_SATA ->
          new DiskServer(new VmDisk.QemuAhci("disk", image, "qemu", false), log, null);
      case QEMU_VIRTIO ->
          new DiskServer(new VmDisk.QemuVirtio("disk", image, "qemu", false), log, null);
      case QSD_VIRTIO -> storageDaemon(qemu, socket, image, log);
    };
  }

  private static DiskServer platter(String kind, VmDisk disk, Path socket, Path image, Path log) {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("env", "--default-signal"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-XX:+UseSerialGC");
    command.add("-Xmx128m");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Platter.class.getName());
    command.addAll(List.of("serve", "--export", kind + ",image=" + image + ",socket=" + socket));
    Process process = HostTool.start(command, Map.of(), log);
    DiskServer server = new DiskServer(disk, log, process);
    server.awaitReady("ready", socket);
    return server;
  }

  private static DiskServer storageDaemon(Qemu qemu, Path socket, Path image, Path log) {
    Path program = Path.of(qemu.name()).resolveSibling("qemu-storage-daemon");
    if (!program.toFile().canExecute()) {
      throw new PlatterException(
          PlatterException.Kind.HOST_LACKS,
          "there is no qemu-storage-daemon beside " + qemu.name(),
          "guest-images/make-qemu-root, or other --backends",
          null);
    }
    List<String> command =
        new ArrayList<>(qemu.command().subList(0, qemu.command().indexOf(qemu.name())));
    command.add(program.toString());
    command.addAll(
        List.of(
            "--blockdev",
            "driver=file,node-name=f,aio=io_uring,cache.direct=on,filename=" + image,
            "--object",
            "iothread,id=io0",
            "--export",
            "vhost-user-blk,id=e,node-name=f,writable=on,iothread=io0,addr.type=unix,addr.path="
                + socket));
    Process process = HostTool.start(command, qemu.environment(), log);
    DiskServer server =
        new DiskServer(new VmDisk.VhostUser("disk", socket, 1, false), log, process);
    server.awaitReady("", socket);
    return server;
  }

  private void awaitReady(String word, Path socket) {
    Process running = process;
    long deadline = System.nanoTime() + READY_MILLIS * 1_000_000L;
    while (running != null && !(socket.toFile().exists() && log().contains(word))) {
      if (HostTool.ended(running, 20) || System.nanoTime() > deadline) {
        running.destroyForcibly();
        throw PlatterException.failed("the disk's server does not start: " + log(), null);
      }
    }
  }

  /** What the guest's machine gets. */
  VmDisk disk() {
    return disk;
  }

  /** What the server has said. */
  String log() {
    return HostTool.text(log);
  }

  /** Ends it; nothing of it stays. */
  @Override
  public void close() {
    Process running = process;
    if (running == null) {
      return;
    }
    running.destroy();
    if (!HostTool.ended(running, END_MILLIS)) {
      running.destroyForcibly();
      HostTool.ended(running, END_MILLIS);
    }
  }
}
