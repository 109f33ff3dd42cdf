package dev.platter.emulator.doctor;

import dev.platter.aio.KernelVersion;
import dev.platter.aio.access.RingHost;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Landlock;
import dev.platter.emulator.host.HostFiles;
import dev.platter.emulator.text.Units;
import java.util.List;
import java.util.Map;
import java.util.function.IntSupplier;

/** Limits and rights of this process. */
final class ProcessCheck implements DoctorCheck {
  private static final long FEW_DESCRIPTORS = 1024;
  private static final long LITTLE_MEMLOCK = 8 << 20;
  private static final int LAST_CAPABILITY = 40;

  private final IntSupplier landlock;

  ProcessCheck() {
    this(Landlock::landlockAbi);
  }

  /**
   * For tests.
   *
   * @param landlock tells Landlock's ABI, or {@code -errno}
   */
  ProcessCheck(IntSupplier landlock) {
    this.landlock = landlock;
  }

  @Override
  public String title() {
    return "Process";
  }

  @Override
  public List<DoctorLine> run(HostFiles files) {
    RingHost host = RingHost.read(files.at("/proc"));
    Map<String, String> status = files.fields("/proc/self/status");
    Long last = files.number("/proc/sys/kernel/cap_last_cap");
    return List.of(
        nofile(host.nofile()),
        memlock(host),
        DoctorLine.info("seccomp", seccomp(host, status.getOrDefault("NoNewPrivs", "?"))),
        DoctorLine.info(
            "capabilities",
            Capabilities.describe(
                status.get("CapEff"), last == null ? LAST_CAPABILITY : last.intValue())),
        landlock(landlock.getAsInt()));
  }

  private static DoctorLine nofile(RingHost.Limit limit) {
    String text = "at most " + limit.soft() + " open files (hard limit " + limit.hard() + ")";
    return limit.softOrMax() < FEW_DESCRIPTORS
        ? DoctorLine.warning(
            "nofile",
            text + ", few for a server",
            "Raise it: ulimit -n 4096; Docker, Podman: --ulimit nofile=4096:4096; systemd:"
                + " LimitNOFILE=4096")
        : DoctorLine.ok("nofile", text);
  }

  private static DoctorLine memlock(RingHost host) {
    RingHost.Limit limit = host.memlock();
    String text =
        "at most "
            + size(limit.soft())
            + " of locked memory (hard limit "
            + size(limit.hard())
            + ")";
    KernelVersion version = host.version();
    boolean counts = version != null && !version.atLeast(5, 12);
    return counts && limit.softOrMax() < LITTLE_MEMLOCK
        ? DoctorLine.warning(
            "memlock",
            text + ", against which this kernel counts rings",
            "Raise it: ulimit -l 8192; Docker, Podman: --ulimit memlock=8388608:8388608; systemd:"
                + " LimitMEMLOCK=8M")
        : DoctorLine.ok("memlock", text);
  }

  private static String size(String limit) {
    Long bytes = HostFiles.parse(limit);
    return bytes == null ? limit : Units.bytes(bytes);
  }

  private static String seccomp(RingHost host, String noNewPrivileges) {
    String mode =
        switch (host.seccompMode()) {
          case -1 -> "not known";
          case 0 -> "no filter";
          case RingHost.SECCOMP_FILTER ->
              host.seccompFilters() < 0
                  ? "filtered"
                  : host.seccompFilters() + (host.seccompFilters() == 1 ? " filter" : " filters");
          default -> "mode " + host.seccompMode();
        };
    return mode
        + switch (noNewPrivileges) {
          case "0" -> "; may gain privileges (no_new_privs is off)";
          case "1" -> "; may not gain privileges (no_new_privs is on)";
          default -> "";
        };
  }

  private static DoctorLine landlock(int abi) {
    if (abi > 0) {
      return DoctorLine.ok("landlock", "ABI " + abi);
    }
    return DoctorLine.warning(
        "landlock",
        "none: "
            + switch (-abi) {
              case Errno.EOPNOTSUPP -> "it is switched off";
              case Errno.ENOSYS -> "the kernel lacks it, or a seccomp filter hides it";
              case Errno.EPERM -> "a seccomp filter forbids it";
              default -> Errno.name(abi);
            }
            + "; platter serve cannot confine itself with it",
        -abi == Errno.EOPNOTSUPP
            ? "Boot with landlock in lsm="
            : "Linux 5.13 or newer with CONFIG_SECURITY_LANDLOCK, and a seccomp profile that"
                + " allows landlock_create_ruleset, landlock_add_rule and landlock_restrict_self");
  }
}
