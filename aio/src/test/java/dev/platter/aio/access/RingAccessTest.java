package dev.platter.aio.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.access.RingAccess.Cause;
import dev.platter.aio.ring.RingCall;
import dev.platter.aio.ring.RingRefusedException;
import dev.platter.aio.sys.Errno;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RingAccessTest {
  private static final String PROFILE = "--security-opt seccomp=platter.json";

  @TempDir Path proc;

  /** A host that shows what it is asked to; an ordinary process of it. */
  private RingHost host(String release, String sysctl, String group, String status)
      throws IOException {
    Files.createDirectories(proc.resolve("self"));
    Files.createDirectories(proc.resolve("sys/kernel"));
    Files.writeString(proc.resolve("sys/kernel/osrelease"), release + "\n");
    if (!sysctl.isEmpty()) {
      Files.writeString(proc.resolve("sys/kernel/io_uring_disabled"), sysctl + "\n");
      Files.writeString(proc.resolve("sys/kernel/io_uring_group"), group + "\n");
    }
    Files.writeString(
        proc.resolve("self/status"),
        "Name:\tjava\nGid:\t1000\t1000\t1000\t1001\nGroups:\t27 100 \n" + status);
    Files.writeString(proc.resolve("self/uid_map"), "         0          0 4294967295\n");
    Files.writeString(
        proc.resolve("self/limits"),
        """
        Limit                     Soft Limit           Hard Limit           Units
        Max open files            20000                unlimited            files
        Max locked memory         65536                8388608              bytes
        """);
    return RingHost.read(proc);
  }

  private RingHost host(String sysctl, String status) throws IOException {
    return host("6.18.44-test", sysctl, "-1", status);
  }

  private static void assertTold(RingAccess access, Cause cause, String what, String... remedies) {
    assertThat(access.cause()).isEqualTo(cause);
    PlatterException told = access.exception(null);
    assertThat(told.kind()).isEqualTo(PlatterException.Kind.HOST_LACKS);
    assertThat(told.errno()).isEqualTo(access.errno());
    assertThat(told).hasMessageContaining(access.host().release()).hasMessageContaining(what);
    assertThat(told.getMessage()).doesNotEndWith(".").doesNotContain("\n");
    assertThat(told.remedy()).contains(remedies);
  }

  private static RingAccess setup(int errno, RingHost host) {
    return RingAccess.refused(RingCall.SETUP, errno, host);
  }

  @Test
  void readsWhatTheKernelShows() throws IOException {
    RingHost host =
        host("6.6.1", "1", "100", "CapEff:\t000001ffffffffff\nSeccomp:\t2\nSeccomp_filters:\t3\n");
    assertThat(host.release()).isEqualTo("6.6.1");
    assertThat(host.disabled()).isEqualTo(1);
    assertThat(host.group()).isEqualTo(100);
    assertThat(host.groups())
        .as("fsgid and supplementary")
        .containsExactlyInAnyOrder(1001L, 27L, 100L);
    assertThat(host.isInGroup()).isTrue();
    assertThat(host.has(RingHost.CAP_SYS_ADMIN)).isTrue();
    assertThat(host.initialUserNamespace()).isTrue();
    assertThat(host.seccompMode()).isEqualTo(2);
    assertThat(host.seccompFilters()).isEqualTo(3);
    assertThat(host.memlock()).isEqualTo(new RingHost.Limit("65536", "8388608"));
    assertThat(host.nofile()).isEqualTo(new RingHost.Limit("20000", "unlimited"));
  }

  @Test
  void whatIsHiddenIsUnknown() {
    RingHost host = RingHost.read(proc.resolve("none"));
    assertThat(host.release()).isEqualTo(System.getProperty("os.version"));
    assertThat(host.disabled()).isNull();
    assertThat(host.group()).isNull();
    assertThat(host.groups()).isEmpty();
    assertThat(host.seccompMode()).isEqualTo(-1);
    assertThat(host.memlock()).isEqualTo(RingHost.Limit.UNKNOWN);
    assertTold(
        setup(Errno.EPERM, host),
        Cause.SECCOMP,
        "a seccomp filter or a security module blocks it",
        PROFILE);
  }

  /** Documentation/admin-guide/sysctl/kernel.rst: 2 is everybody, root included. */
  @Test
  void theSysctlForAll() throws IOException {
    assertTold(
        setup(Errno.EPERM, host("2", "CapEff:\t000001ffffffffff\nSeccomp:\t2\n")),
        Cause.DISABLED_FOR_ALL,
        "io_uring_setup failed with EPERM on Linux 6.18.44-test: kernel.io_uring_disabled=2,"
            + " which holds for root too",
        "sysctl kernel.io_uring_disabled=0");
  }

  @Test
  void theSysctlForAllButAGroup() throws IOException {
    assertTold(
        setup(Errno.EPERM, host("6.6.0", "1", "55", "CapEff:\t0\nSeccomp:\t0\n")),
        Cause.DISABLED_BUT_FOR_GROUP,
        "kernel.io_uring_disabled=1, this process is not in kernel.io_uring_group=55, and it lacks"
            + " CAP_SYS_ADMIN",
        "sysctl kernel.io_uring_disabled=0",
        "--group-add 55",
        "SupplementaryGroups=55");
    assertTold(
        setup(Errno.EPERM, host("6.6.0", "1", "-1", "Seccomp:\t0\n")),
        Cause.DISABLED_BUT_FOR_GROUP,
        "kernel.io_uring_group names no group",
        "kernel.io_uring_group=GID");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1001", "27"})
  void whoIsInTheGroupIsStoppedBySomethingElse(String group) throws IOException {
    assertTold(
        setup(Errno.EPERM, host("6.6.0", "1", group, "Seccomp:\t2\nSeccomp_filters:\t1\n")),
        Cause.SECCOMP,
        "a seccomp filter blocks it (Seccomp_filters: 1); kernel.io_uring_disabled=1",
        PROFILE);
  }

  @Test
  void anAdministratorOfTheHostIsExceptedAndOneOfAContainerIsNot() throws IOException {
    RingHost root = host("1", "CapEff:\t0000000000200000\nSeccomp:\t0\n");
    assertThat(setup(Errno.EPERM, root).cause()).isEqualTo(Cause.SECURITY_MODULE);

    Files.writeString(proc.resolve("self/uid_map"), "         0     100000      65536\n");
    assertTold(
        setup(Errno.EPERM, RingHost.read(proc)),
        Cause.DISABLED_BUT_FOR_GROUP,
        "kernel.io_uring_disabled=1, kernel.io_uring_group names no group of the host",
        "sysctl kernel.io_uring_disabled=0");
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.EPERM, Errno.ENOSYS, Errno.EACCES, Errno.EIO})
  void aFilterMayAnswerAnything(int errno) throws IOException {
    RingHost filtered = host("0", "Seccomp:\t2\nSeccomp_filters:\t2\n");
    String what = "failed with " + Errno.name(errno) + " on Linux 6.18.44-test: ";
    String[] remedies = {
      PROFILE,
      "emulator/deploy/seccomp/platter.json",
      "/opt/platter/seccomp.json",
      "Localhost",
      "SystemCallFilter=@aio",
    };
    if (errno == Errno.EACCES) {
      assertTold(
          setup(errno, filtered),
          Cause.SECURITY_MODULE,
          what + "a security module (SELinux) denies it, or the seccomp filter",
          remedies);
    } else {
      assertTold(
          setup(errno, filtered),
          Cause.SECCOMP,
          what + "a seccomp filter blocks it (Seccomp_filters: 2); kernel.io_uring_disabled=0",
          remedies);
    }
    assertTold(
        RingAccess.refused(RingCall.ENTER, errno, filtered),
        Cause.SECCOMP,
        "io_uring_enter "
            + what
            + "a seccomp filter blocks it (Seccomp_filters: 2), although it"
            + " lets rings be made",
        remedies);
  }

  @Test
  void withoutAFilterItIsASecurityModule() throws IOException {
    RingHost host = host("0", "Seccomp:\t0\n");
    for (int errno : new int[] {Errno.EPERM, Errno.EACCES}) {
      assertTold(
          setup(errno, host),
          Cause.SECURITY_MODULE,
          "a security module (SELinux) denies it; kernel.io_uring_disabled=0",
          "ausearch -m AVC");
      assertThat(setup(errno, host).remedy()).doesNotContain("seccomp");
    }
  }

  @Test
  void aKernelWithoutIt() throws IOException {
    assertTold(
        setup(Errno.ENOSYS, host("4.19.0-21-amd64", "", "", "Seccomp:\t2\n")),
        Cause.NOT_IN_KERNEL,
        "this kernel is too old to have io_uring",
        "Use Linux 5.15 or newer");
    assertTold(
        setup(Errno.ENOSYS, host("6.8.0", "", "", "Seccomp:\t2\n")),
        Cause.NOT_IN_KERNEL,
        "CONFIG_IO_URING",
        "CONFIG_IO_URING");
    assertThat(setup(Errno.ENOSYS, host("6.1.0", "", "", "Seccomp:\t0\n")).cause())
        .isEqualTo(Cause.NOT_IN_KERNEL);
    assertThat(setup(Errno.ENOSYS, host("6.1.0", "", "", "Seccomp:\t2\n")).cause())
        .as("before 6.6 nothing else tells")
        .isEqualTo(Cause.SECCOMP);
  }

  @Test
  void limits() throws IOException {
    assertTold(
        setup(Errno.EMFILE, host("0", "")),
        Cause.DESCRIPTORS,
        "too many open files in this process (soft 20000, hard unlimited)",
        "ulimit -n 4096",
        "--ulimit nofile=",
        "LimitNOFILE=");
    assertTold(setup(Errno.ENFILE, host("0", "")), Cause.DESCRIPTORS, "on this host", "file-max");
    assertTold(
        setup(Errno.ENOMEM, host("5.10.0", "", "", "CapEff:\t0\n")),
        Cause.MEMLOCK,
        "RLIMIT_MEMLOCK is too small (soft 65536, hard 8388608 bytes)",
        "ulimit -l 8192",
        "--ulimit memlock=",
        "LimitMEMLOCK=");
    assertTold(
        setup(Errno.ENOMEM, host("5.10.0", "", "", "CapEff:\t0000000000004000\n")),
        Cause.MEMORY,
        "(RLIMIT_MEMLOCK: soft 65536, hard 8388608 bytes)",
        "--memory");
    assertThat(RingAccess.refused(RingCall.MMAP, Errno.ENOMEM, host("0", "")).what())
        .startsWith("mmap of the ring failed with ENOMEM")
        .contains("the cgroup's limit of it is reached");
  }

  @Test
  void whatIsNotKnownIsSaidSo() throws IOException {
    assertTold(
        setup(Errno.EINVAL, host("0", "Seccomp:\t2\n")),
        Cause.UNKNOWN,
        "no reason is known",
        "platter doctor");
  }

  @Test
  void anIoUringThatLacksFeatures() throws IOException {
    RingAccess access = setup(0, host("5.10.0", "", "", ""));
    assertThat(access.usable()).isFalse();
    assertTold(
        access,
        Cause.KERNEL_TOO_OLD,
        "io_uring of Linux 5.10.0 lacks what Platter needs",
        "Use Linux 5.15 or newer");
  }

  @Test
  void loopsDoWithoutRegistering() throws IOException {
    RingAccess access =
        RingAccess.refused(RingCall.REGISTER, Errno.EPERM, host("0", "Seccomp:\t2\n"));
    assertThat(access.usable()).isTrue();
    assertTold(
        access, Cause.SECCOMP, "although it lets rings be made and used", "io_uring_register");
  }

  // ---- against the kernel --------------------------------------------------------------------

  @Test
  void theKernelHereLetsRingsBeUsed() {
    RingAccess access = RingAccess.probe();
    assertThat(access.cause()).isEqualTo(Cause.NONE);
    assertThat(access.usable()).isTrue();
    assertThat(access.what()).isEqualTo("io_uring is available");
    assertThat(access.remedy()).isEmpty();
  }

  @Test
  void openThrowsTheExplanation() {
    assertThatThrownBy(() -> RingAccess.open(0, Set.of()))
        .isInstanceOfSatisfying(
            PlatterException.class,
            e -> assertThat(e.kind()).isEqualTo(PlatterException.Kind.HOST_LACKS))
        .hasMessageStartingWith("io_uring_setup failed with EINVAL on Linux ")
        .hasCauseInstanceOf(RingRefusedException.class);
  }
}
