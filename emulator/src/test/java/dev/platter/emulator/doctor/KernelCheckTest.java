package dev.platter.emulator.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.doctor.DoctorLine.Status;
import dev.platter.emulator.host.FakeHost;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelCheckTest {
  private static final String CLOCKS =
      "/sys/devices/system/clocksource/clocksource0/available_clocksource";

  @TempDir Path root;

  @Test
  void theRelease() throws IOException {
    FakeHost host = new FakeHost(root).with("/proc/sys/kernel/osrelease", "6.1.0-13-amd64\n");
    DoctorLine line = FoundLine.of(host, new KernelCheck(), "release");
    assertThat(line.status()).isEqualTo(Status.OK);
    assertThat(line.text()).startsWith("Linux 6.1.0-13-amd64 ");

    host.with("/proc/sys/kernel/osrelease", "5.10.0-26-amd64\n");
    line = FoundLine.of(host, new KernelCheck(), "release");
    assertThat(line.status()).isEqualTo(Status.WARNING);
    assertThat(line.text()).contains("older than 5.15");
  }

  @Test
  void theMachine() throws IOException {
    FakeHost host = new FakeHost(root).with("/proc/cpuinfo", "flags\t: fpu sse2\n");
    assertThat(FoundLine.of(host, new KernelCheck(), "machine").text())
        .isEqualTo("no hypervisor is seen");

    host.with("/proc/cpuinfo", "flags\t: fpu hypervisor sse2\n");
    assertThat(FoundLine.of(host, new KernelCheck(), "machine").text())
        .isEqualTo("virtual machine: a hypervisor");

    host.with(CLOCKS, "tsc kvm-clock acpi_pm\n")
        .with("/sys/class/dmi/id/sys_vendor", "QEMU\n")
        .with("/sys/class/dmi/id/product_name", "Standard PC\n");
    assertThat(FoundLine.of(host, new KernelCheck(), "machine").text())
        .isEqualTo("virtual machine: KVM, QEMU Standard PC");
  }

  @Test
  void onlyFlagsThatMatterAreShown() throws IOException {
    FakeHost host =
        new FakeHost(root)
            .with(
                "/proc/cmdline",
                "root=UUID=1234 quiet mitigations=off isolcpus=2,3 nosmt key=secret psi=1\n");
    assertThat(FoundLine.of(host, new KernelCheck(), "boot_flags").text())
        .isEqualTo("mitigations=off isolcpus=2,3 nosmt psi=1");
    host.with("/proc/cmdline", "quiet\n");
    assertThat(FoundLine.of(host, new KernelCheck(), "boot_flags").text())
        .isEqualTo("none that matter here");
  }
}
