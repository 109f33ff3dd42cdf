package dev.platter.emulator.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.jr.ob.JSON;

class QemuCommandTest {
  private static Qemu qemu(int major, int minor) {
    return new Qemu(
        List.of("/opt/ld.so", "/opt/qemu"),
        Map.of(),
        new QemuVersion(major, minor, 0),
        true,
        Path.of("/opt/share"),
        "/opt/qemu");
  }

  private static QemuCommand machine(Qemu qemu) {
    return new QemuCommand(qemu, 1, 256L << 20);
  }

  /** The values of an option, in order. */
  private static List<String> values(List<String> line, String option) {
    return IntStream.range(0, line.size() - 1)
        .filter(i -> line.get(i).equals(option))
        .mapToObj(i -> line.get(i + 1))
        .toList();
  }

  private static Map<String, Object> json(String text) throws IOException {
    return JSON.std.mapFrom(text);
  }

  @Test
  void theMemoryCanBeMappedByOthers() {
    List<String> line = machine(qemu(11, 1)).build(Accelerator.TCG);
    assertThat(line).startsWith("/opt/ld.so", "/opt/qemu");
    assertThat(values(line, "-machine")).containsExactly("q35,sata=off,memory-backend=mem0");
    assertThat(values(line, "-object"))
        .containsExactly("memory-backend-memfd,id=mem0,share=on,size=268435456");
    assertThat(values(line, "-m")).containsExactly("size=262144k");
    assertThat(values(line, "-accel")).containsExactly("tcg");
    assertThat(values(machine(qemu(11, 1)).build(Accelerator.KVM), "-accel"))
        .containsExactly("kvm");
  }

  @Test
  void itEndsWithItsParentWhereItCan() {
    assertThat(values(machine(qemu(11, 1)).build(Accelerator.TCG), "-run-with"))
        .containsExactly("exit-with-parent=on");
    assertThat(values(machine(qemu(10, 1)).build(Accelerator.TCG), "-run-with")).isEmpty();
  }

  @Test
  void aVirtioDiskIsReachedOverASocketThatMayComeBack() throws IOException {
    VmDisk disk = new VmDisk.VhostUser("d", Path.of("/run/a,b.sock"), 2, true);
    List<String> line = machine(qemu(11, 1)).disk(disk).build(Accelerator.TCG);
    assertThat(values(line, "-chardev"))
        .contains("socket,id=ds,reconnect-ms=100,path=/run/a,,b.sock");
    assertThat(json(values(line, "-device").getFirst()))
        .containsEntry("driver", "vhost-user-blk-pci")
        .containsEntry("chardev", "ds")
        .containsEntry("num-queues", 2)
        .containsEntry("packed", true);
    assertThat(values(machine(qemu(9, 1)).disk(disk).build(Accelerator.TCG), "-chardev"))
        .contains("socket,id=ds,reconnect=1,path=/run/a,,b.sock");
    VmDisk plain = new VmDisk.VhostUser("d", Path.of("/s"), 0, false);
    assertThat(
            json(
                values(machine(qemu(11, 1)).disk(plain).build(Accelerator.TCG), "-device")
                    .getFirst()))
        .doesNotContainKeys("packed", "num-queues");
  }

  @Test
  void aSataControllerTakesThePlaceOfTheMachinesOwn() throws IOException {
    List<String> line =
        machine(qemu(11, 1))
            .disk(new VmDisk.VfioUser("d", Path.of("/run/a,b.sock")))
            .build(Accelerator.TCG);
    assertThat(json(values(line, "-device").getFirst()))
        .containsEntry("driver", "vfio-user-pci")
        .containsEntry("socket", Map.of("type", "unix", "path", "/run/a,b.sock"))
        .containsEntry("addr", "1f.2")
        .containsEntry("x-msg-timeout", 60_000);
  }

  @Test
  void thePeersDisksAreOnIoUringAndDirect(@TempDir Path directory) throws IOException {
    Path image = Files.createFile(directory.resolve("a,b.img"));
    List<String> line =
        machine(qemu(11, 1))
            .disk(new VmDisk.QemuVirtio("v", image, "sv", true))
            .disk(new VmDisk.QemuAhci("a", image, "sa", true))
            .build(Accelerator.TCG);
    List<String> nodes = values(line, "-blockdev");
    assertThat(json(nodes.get(0)))
        .containsEntry("driver", "file")
        .containsEntry("filename", image.toString())
        .containsEntry("aio", "io_uring")
        .containsEntry("cache", Map.of("direct", true))
        .containsEntry("read-only", true)
        .containsEntry("locking", "off");
    assertThat(json(nodes.get(1)))
        .containsEntry("aio", "io_uring")
        .containsEntry("cache", Map.of("direct", true))
        // QEMU's disks for IDE refuse a read-only node.
        .containsEntry("read-only", false)
        .containsEntry("locking", "off");
    List<String> devices = values(line, "-device");
    assertThat(json(devices.get(0)))
        .containsEntry("driver", "virtio-blk-pci")
        .containsEntry("iothread", "vt")
        .containsEntry("drive", "vn")
        .containsEntry("serial", "sv");
    assertThat(values(line, "-object")).contains("iothread,id=vt");
    assertThat(json(devices.get(1))).containsEntry("driver", "ich9-ahci").containsEntry("id", "ac");
    assertThat(json(devices.get(2)))
        .containsEntry("driver", "ide-hd")
        .containsEntry("bus", "ac.0")
        .containsEntry("drive", "an")
        .containsEntry("serial", "sa");
  }

  @Test
  void anImageOfItsOwnIsLockedAndWritable(@TempDir Path directory) throws IOException {
    Path image = Files.createFile(directory.resolve("disk.img"));
    List<String> line =
        machine(qemu(11, 1))
            .disk(new VmDisk.QemuVirtio("v", image, "s", false))
            .build(Accelerator.TCG);
    assertThat(json(values(line, "-blockdev").getFirst()))
        .containsEntry("read-only", false)
        .doesNotContainKey("locking");
    List<String> device =
        machine(qemu(11, 1))
            .disk(new VmDisk.QemuVirtio("v", Path.of("/dev/null"), "s", false))
            .build(Accelerator.TCG);
    assertThat(json(values(device, "-blockdev").getFirst())).containsEntry("driver", "host_device");
  }

  @Test
  void bootsAKernelOrFromTheFirstDisk() throws IOException {
    VmDisk disk = new VmDisk.VfioUser("d", Path.of("/s"));
    List<String> direct =
        machine(qemu(11, 1))
            .kernel(Path.of("/k"), Path.of("/i"), "console=ttyS0 x")
            .disk(disk)
            .build(Accelerator.TCG);
    assertThat(direct)
        .containsSequence("-kernel", "/k", "-initrd", "/i", "-append", "console=ttyS0 x");
    assertThat(json(values(direct, "-device").getFirst())).doesNotContainKey("bootindex");

    List<String> bios = machine(qemu(11, 1)).disk(disk).build(Accelerator.TCG);
    assertThat(json(values(bios, "-device").getFirst())).containsEntry("bootindex", 1);
    List<String> uefi =
        machine(qemu(11, 1))
            .uefi(Path.of("/code"), Path.of("/vars"))
            .disk(disk)
            .build(Accelerator.TCG);
    assertThat(values(uefi, "-drive"))
        .containsExactly(
            "if=pflash,format=raw,unit=0,readonly=on,file=/code",
            "if=pflash,format=raw,unit=1,file=/vars");
    assertThat(json(values(uefi, "-device").getFirst())).containsEntry("bootindex", 1);
  }
}
