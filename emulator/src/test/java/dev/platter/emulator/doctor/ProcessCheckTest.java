package dev.platter.emulator.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.sys.Errno;
import dev.platter.emulator.doctor.DoctorLine.Status;
import dev.platter.emulator.host.FakeHost;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessCheckTest {
  @TempDir Path root;

  private FakeHost host(String release, String nofile, String memlock, String status)
      throws IOException {
    return new FakeHost(root)
        .with("/proc/sys/kernel/osrelease", release)
        .with("/proc/sys/kernel/cap_last_cap", "40\n")
        .with("/proc/self/status", status)
        .with(
            "/proc/self/limits",
            "Max open files            "
                + nofile
                + "   files \n"
                + "Max locked memory         "
                + memlock
                + "   bytes \n");
  }

  @Test
  void limits() throws IOException {
    FakeHost host = host("6.1.0", "20000     524288", "65536   unlimited", "");
    DoctorLine nofile = FoundLine.of(host, new ProcessCheck(() -> 7), "nofile");
    assertThat(nofile.status()).isEqualTo(Status.OK);
    assertThat(nofile.text()).isEqualTo("at most 20000 open files (hard limit 524288)");
    DoctorLine memlock = FoundLine.of(host, new ProcessCheck(() -> 7), "memlock");
    assertThat(memlock.status()).isEqualTo(Status.OK);
    assertThat(memlock.text()).isEqualTo("at most 64 KiB of locked memory (hard limit unlimited)");
  }

  @Test
  void lowLimitsAreWarnings() throws IOException {
    FakeHost host = host("5.10.0", "256   1024", "65536   65536", "");
    DoctorLine nofile = FoundLine.of(host, new ProcessCheck(() -> 7), "nofile");
    assertThat(nofile.status()).isEqualTo(Status.WARNING);
    assertThat(nofile.remedy()).contains("ulimit -n", "--ulimit nofile=", "LimitNOFILE=");
    DoctorLine memlock = FoundLine.of(host, new ProcessCheck(() -> 7), "memlock");
    assertThat(memlock.status()).isEqualTo(Status.WARNING);
    assertThat(memlock.remedy()).contains("ulimit -l", "--ulimit memlock=", "LimitMEMLOCK=");
  }

  @Test
  void seccomp() throws IOException {
    assertThat(seccomp("Seccomp:\t0\nNoNewPrivs:\t0\n"))
        .isEqualTo("no filter; may gain privileges (no_new_privs is off)");
    assertThat(seccomp("Seccomp:\t2\nSeccomp_filters:\t1\nNoNewPrivs:\t1\n"))
        .isEqualTo("1 filter; may not gain privileges (no_new_privs is on)");
    assertThat(seccomp("Seccomp:\t2\nSeccomp_filters:\t3\n")).isEqualTo("3 filters");
    assertThat(seccomp("Seccomp:\t2\n")).isEqualTo("filtered");
    assertThat(seccomp("")).isEqualTo("not known");
  }

  private String seccomp(String status) throws IOException {
    return FoundLine.of(host("6.1.0", "1 1", "1 1", status), new ProcessCheck(() -> 7), "seccomp")
        .text();
  }

  @Test
  void capabilities() {
    assertThat(Capabilities.describe("0000000000000000", 40)).isEqualTo("none");
    assertThat(Capabilities.describe("000001ffffffffff", 40)).isEqualTo("all");
    assertThat(Capabilities.describe("000001fffeffffff", 40)).isEqualTo("all but SYS_RESOURCE");
    assertThat(Capabilities.describe("0000000000204000", 40)).isEqualTo("IPC_LOCK SYS_ADMIN");
    assertThat(Capabilities.describe("00000000a80425fb", 40))
        .as("Docker's default")
        .isEqualTo(
            "CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW"
                + " SYS_CHROOT MKNOD AUDIT_WRITE SETFCAP");
    assertThat(Capabilities.describe("20000000000", 41)).isEqualTo("number 41");
    assertThat(Capabilities.describe(null, 40)).isEqualTo("not known");
  }

  @Test
  void landlock() {
    FakeHost host = new FakeHost(root);
    assertThat(FoundLine.of(host, new ProcessCheck(() -> 7), "landlock"))
        .isEqualTo(DoctorLine.ok("landlock", "ABI 7"));
    DoctorLine off = FoundLine.of(host, new ProcessCheck(() -> -Errno.EOPNOTSUPP), "landlock");
    assertThat(off.status()).isEqualTo(Status.WARNING);
    assertThat(off.remedy()).contains("lsm=");
    assertThat(FoundLine.of(host, new ProcessCheck(() -> -Errno.ENOSYS), "landlock").text())
        .contains("the kernel lacks it, or a seccomp filter hides it");
  }
}
