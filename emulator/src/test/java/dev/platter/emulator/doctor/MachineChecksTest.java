package dev.platter.emulator.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.doctor.DoctorLine.Status;
import dev.platter.emulator.guest.Qemu;
import dev.platter.emulator.guest.QemuVersion;
import dev.platter.emulator.host.FakeHost;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The checks of what runs guests and containers: KVM, QEMU, engines. */
class MachineChecksTest {
  @TempDir Path root;

  private static Qemu qemu(int major, int minor, boolean vfioUser, String name) {
    return new Qemu(
        List.of(name), Map.of(), new QemuVersion(major, minor, 0), vfioUser, Path.of("/"), name);
  }

  private DoctorLine line(Qemu qemu) {
    return FoundLine.of(
        new FakeHost(root), new QemuCheck(() -> List.of(qemu), "/home/ann"), "qemu");
  }

  @Test
  void kvm() throws IOException {
    FakeHost host = new FakeHost(root);
    DoctorLine none = FoundLine.of(host, new KvmCheck(), "kvm");
    assertThat(none.status()).isEqualTo(Status.INFO);
    assertThat(none.text()).startsWith("none: ");
    host.with("/dev/kvm", "");
    DoctorLine file = FoundLine.of(host, new KvmCheck(), "kvm");
    assertThat(file.status()).isEqualTo(Status.WARNING);
    assertThat(file.text()).startsWith("/dev/kvm is not KVM: E");
  }

  @Test
  void whatEachQemuAttaches() {
    assertThat(line(qemu(11, 1, true, "/usr/bin/q")))
        .isEqualTo(DoctorLine.ok("qemu", "QEMU 11.1.0 (/usr/bin/q) attaches virtio-blk and ahci"));
    assertThat(line(qemu(7, 2, false, "/usr/bin/q")).text())
        .endsWith("attaches virtio-blk only: ahci needs QEMU 10.1.0");
    assertThat(line(qemu(10, 1, false, "/usr/bin/q")).text())
        .endsWith("virtio-blk only: it is built without vfio-user-pci");
    DoctorLine old = line(qemu(5, 2, false, "/usr/bin/q"));
    assertThat(old.status()).isEqualTo(Status.WARNING);
    assertThat(old.text()).endsWith("neither kind of disk: too old");
    assertThat(FoundLine.of(new FakeHost(root), new QemuCheck(List::of, "/"), "qemu").status())
        .isEqualTo(Status.INFO);
  }

  @Test
  void noUserIsNamed() {
    assertThat(line(qemu(11, 1, true, "/home/ann/bin/q")).text()).contains("(~/bin/q)");
    assertThat(line(qemu(11, 1, true, "/home/bob/bin/q")).text()).contains("(/home/.../bin/q)");
  }

  @Test
  void engines() {
    FakeHost host = new FakeHost(root);
    assertThat(new EngineCheck(command -> null).run(host.files())).isEmpty();
    assertThat(
            new EngineCheck(command -> command.getFirst().equals("docker") ? "28.2.2" : null)
                .run(host.files()))
        .containsExactly(DoctorLine.ok("docker", "28.2.2 answers"));
    DoctorLine mute = FoundLine.of(host, new EngineCheck(command -> "no tcp://ann@host"), "podman");
    assertThat(mute.status()).isEqualTo(Status.WARNING);
    assertThat(mute.text()).doesNotContain("ann");
  }
}
