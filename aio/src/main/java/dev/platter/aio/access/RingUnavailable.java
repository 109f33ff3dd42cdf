package dev.platter.aio.access;

import dev.platter.aio.KernelVersion;
import dev.platter.aio.sys.Errno;

/** Says what stops a process from having rings, and which setting or flag helps. */
final class RingUnavailable {
  private static final String ALLOW_IN_FILTER =
      "Allow io_uring_setup, io_uring_enter and io_uring_register. Docker, Podman: --security-opt"
          + " seccomp=platter.json, Platter's profile (emulator/deploy/seccomp/platter.json, in its"
          + " image /opt/platter/seccomp.json). Kubernetes: securityContext.seccompProfile of type"
          + " Localhost with platter-kubernetes.json from there. systemd: SystemCallFilter=@aio";
  private static final String NEWER_KERNEL =
      "Use Linux 5.15 or newer built with CONFIG_IO_URING; in a virtual machine, a microVM or"
          + " gVisor it is that kernel that counts";

  private RingUnavailable() {}

  static String what(RingAccess access) {
    RingHost host = access.host();
    return switch (access.cause()) {
      case NONE -> "io_uring is available";
      case KERNEL_TOO_OLD -> "io_uring of Linux " + host.release() + " lacks what Platter needs";
      case DISABLED_FOR_ALL ->
          failed(access) + "kernel.io_uring_disabled=2, which holds for root too";
      case DISABLED_BUT_FOR_GROUP -> failed(access) + disabledButForGroup(host);
      case SECCOMP -> failed(access) + filter(access);
      case SECURITY_MODULE ->
          failed(access)
              + "a security module (SELinux) denies it"
              + (host.seccompMode() == RingHost.SECCOMP_FILTER ? ", or the seccomp filter" : "")
              + sysctl(host);
      case NOT_IN_KERNEL -> failed(access) + notInKernel(host);
      case MEMLOCK ->
          failed(access)
              + "RLIMIT_MEMLOCK is too small ("
              + host.memlock()
              + " bytes); kernels before 5.12 count ring memory against it";
      case MEMORY ->
          failed(access)
              + "no memory, or the cgroup's limit of it is reached (RLIMIT_MEMLOCK: "
              + host.memlock()
              + " bytes)";
      case DESCRIPTORS -> failed(access) + descriptors(access);
      case UNKNOWN -> failed(access) + "no reason is known for that";
    };
  }

  private static String failed(RingAccess access) {
    return access.call()
        + " failed with "
        + Errno.name(access.errno())
        + " on Linux "
        + access.host().release()
        + ": ";
  }

  private static String disabledButForGroup(RingHost host) {
    Long group = host.group();
    String why =
        group == null || group < 0
            ? "kernel.io_uring_group names no group"
            : "this process is not in kernel.io_uring_group=" + group;
    return "kernel.io_uring_disabled=1, "
        + why
        + (host.initialUserNamespace() ? ", and it lacks CAP_SYS_ADMIN" : " of the host");
  }

  private static String filter(RingAccess access) {
    RingHost host = access.host();
    String filters =
        host.seccompFilters() < 0 ? "" : " (Seccomp_filters: " + host.seccompFilters() + ")";
    String told =
        switch (host.seccompMode()) {
          case RingHost.SECCOMP_FILTER -> "a seccomp filter blocks it" + filters;
          case 0 -> "something that shows no seccomp filter blocks it";
          default -> "a seccomp filter or a security module blocks it";
        };
    return switch (access.call()) {
      case SETUP, MMAP -> told + sysctl(host);
      case ENTER -> told + ", although it lets rings be made";
      case REGISTER -> told + ", although it lets rings be made and used";
    };
  }

  private static String notInKernel(RingHost host) {
    KernelVersion version = host.version();
    return version != null && !version.atLeast(5, 1)
        ? "this kernel is too old to have io_uring"
        : "this kernel is built without io_uring (CONFIG_IO_URING)";
  }

  private static String descriptors(RingAccess access) {
    return access.errno() == Errno.EMFILE
        ? "too many open files in this process (" + access.host().nofile() + ")"
        : "too many open files on this host (fs.file-max)";
  }

  private static String sysctl(RingHost host) {
    return host.disabled() == null ? "" : "; kernel.io_uring_disabled=" + host.disabled();
  }

  static String remedy(RingAccess access) {
    RingHost host = access.host();
    return switch (access.cause()) {
      case NONE -> "";
      case KERNEL_TOO_OLD, NOT_IN_KERNEL -> NEWER_KERNEL;
      case DISABLED_FOR_ALL -> "As root on the host: sysctl kernel.io_uring_disabled=0";
      case DISABLED_BUT_FOR_GROUP -> joinGroup(host);
      case SECCOMP -> ALLOW_IN_FILTER;
      case SECURITY_MODULE ->
          "Look for what it denied: ausearch -m AVC -ts recent, journalctl -k"
              + (host.seccompMode() == RingHost.SECCOMP_FILTER ? ". " + ALLOW_IN_FILTER : "");
      case MEMLOCK ->
          "Raise it: ulimit -l 8192; Docker, Podman: --ulimit memlock=8388608:8388608; systemd:"
              + " LimitMEMLOCK=8M";
      case MEMORY -> "Raise the cgroup's limit (docker, podman: --memory; systemd: MemoryMax=)";
      case DESCRIPTORS ->
          access.errno() == Errno.EMFILE
              ? "Raise it: ulimit -n 4096; Docker, Podman: --ulimit nofile=4096:4096; systemd:"
                  + " LimitNOFILE=4096"
              : "As root on the host: sysctl fs.file-max";
      case UNKNOWN -> "Platter needs Linux 5.15 or newer; platter doctor shows what this host has";
    };
  }

  private static String joinGroup(RingHost host) {
    Long group = host.group();
    String disabled = "As root on the host: sysctl kernel.io_uring_disabled=0";
    if (group == null || group < 0) {
      return disabled + ", or kernel.io_uring_group=GID with a group of this process";
    }
    return disabled
        + "; or let it be in that group. Docker, Podman: --group-add "
        + group
        + ". Kubernetes: securityContext.supplementalGroups. systemd: SupplementaryGroups="
        + group;
  }
}
