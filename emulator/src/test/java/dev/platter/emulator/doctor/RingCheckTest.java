package dev.platter.emulator.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.access.RingAccess;
import dev.platter.aio.access.RingAccess.Cause;
import dev.platter.aio.access.RingHost;
import dev.platter.aio.ring.RingCall;
import dev.platter.aio.sys.Errno;
import dev.platter.emulator.doctor.DoctorLine.Status;
import dev.platter.emulator.host.FakeHost;
import dev.platter.emulator.host.HostFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RingCheckTest {
  @TempDir Path root;

  private RingHost host(String release) throws IOException {
    FakeHost host =
        new FakeHost(root)
            .with("/proc/sys/kernel/osrelease", release)
            .with("/proc/sys/kernel/io_uring_disabled", "0\n")
            .with("/proc/sys/kernel/io_uring_group", "-1\n")
            .with("/proc/self/status", "Seccomp:\t2\nSeccomp_filters:\t1\n");
    return RingHost.read(host.files().at("/proc"));
  }

  private List<DoctorLine> run(RingAccess access) {
    return new RingCheck(() -> access).run(new HostFiles(root));
  }

  @Test
  void noRingIsAProblemWithItsCause() throws IOException {
    RingAccess access = new RingAccess(Cause.SECCOMP, RingCall.SETUP, Errno.EPERM, host("6.18.1"));
    List<DoctorLine> lines = run(access);
    DoctorLine line = lines.getFirst();
    assertThat(line.name()).isEqualTo("access");
    assertThat(line.status()).isEqualTo(Status.PROBLEM);
    assertThat(line.text()).isEqualTo(access.what()).contains("a seccomp filter blocks it");
    assertThat(line.remedy()).isEqualTo(access.remedy());
    assertThat(line.facts())
        .containsEntry("cause", "seccomp")
        .containsEntry("call", "setup")
        .containsEntry("errno", "EPERM")
        .containsEntry("io_uring_disabled", 0)
        .containsEntry("io_uring_group", -1L)
        .containsEntry("seccomp_filters", 1);
    assertThat(lines).extracting(DoctorLine::name).containsExactly("access", "sysctl");
    assertThat(new DoctorReport(List.of(new DoctorReport.Group("io_uring", lines))).failure())
        .hasMessage(access.what());
  }

  @Test
  void whatTheKernelHereHas() {
    List<DoctorLine> lines = new RingCheck().run(HostFiles.ofHost());
    assertThat(lines)
        .extracting(DoctorLine::name)
        .contains("access", "main_loop_flags", "iothread_flags", "no_iowait", "sysctl");
    assertThat(lines).noneMatch(line -> line.status() == Status.PROBLEM);
  }

  @Test
  void withoutRegisterItIsAWarning() throws IOException {
    List<DoctorLine> lines =
        run(new RingAccess(Cause.SECCOMP, RingCall.REGISTER, Errno.EPERM, host("6.18.1")));
    assertThat(lines.get(0).status()).isEqualTo(Status.OK);
    assertThat(lines.get(1).name()).isEqualTo("register");
    assertThat(lines.get(1).status()).isEqualTo(Status.WARNING);
    assertThat(lines).extracting(DoctorLine::name).doesNotContain("opcodes");
  }

  @Test
  void whetherIdleWorkersStayIsUpToTheKernel() throws IOException {
    for (String ends : new String[] {"6.18.11", "6.18.44-x", "7.0.0", "7.2"}) {
      assertThat(workers(ends)).as(ends).contains("ends when its rings are closed");
    }
    for (String stays : new String[] {"6.18.10", "6.19.3", "6.1.0", "unknown"}) {
      assertThat(workers(stays)).as(stays).contains("stays until its thread ends");
    }
  }

  private String workers(String release) throws IOException {
    return run(new RingAccess(Cause.NONE, RingCall.SETUP, 0, host(release))).stream()
        .filter(line -> line.name().equals("worker_threads"))
        .findFirst()
        .orElseThrow()
        .text();
  }
}
