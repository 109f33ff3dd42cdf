package dev.platter.aio.ring;

import dev.platter.aio.PlatterException;
import dev.platter.aio.sys.Errno;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Turns the errno of a refused io_uring_setup(2) into what blocks it and what helps. */
final class RingUnavailable {
  private static final Path SYSCTL = Path.of("/proc/sys/kernel/io_uring_disabled");

  private RingUnavailable() {}

  static PlatterException explain(int errno) {
    return explain(errno, readSysctl(), System.getProperty("os.version", "?"));
  }

  /**
   * Explains.
   *
   * @param sysctl the text of kernel.io_uring_disabled, or "" where there is none
   */
  static PlatterException explain(int errno, String sysctl, String kernel) {
    String what = "io_uring_setup failed with " + Errno.name(errno) + " on Linux " + kernel;
    return switch (errno) {
      case Errno.ENOSYS ->
          PlatterException.hostLacks(
              what + ": the system call is blocked by a seccomp filter, or not in this kernel",
              "In a container, run with a seccomp profile that allows io_uring_setup,"
                  + " io_uring_enter and io_uring_register (docker/podman:"
                  + " --security-opt seccomp=PROFILE.json). On a host, use Linux 5.15 or newer"
                  + " built with CONFIG_IO_URING");
      case Errno.EPERM ->
          sysctl.equals("1") || sysctl.equals("2")
              ? PlatterException.hostLacks(
                  what + ": kernel.io_uring_disabled=" + sysctl,
                  sysctl.equals("2")
                      ? "As root: sysctl kernel.io_uring_disabled=0"
                      : "As root: sysctl kernel.io_uring_disabled=0, or run as a member of the"
                          + " group in kernel.io_uring_group")
              : PlatterException.hostLacks(
                  what
                      + ": a seccomp filter or security module denies it"
                      + (sysctl.isEmpty() ? "" : " (kernel.io_uring_disabled=" + sysctl + ")"),
                  "In a container, run with a seccomp profile that allows io_uring_setup,"
                      + " io_uring_enter and io_uring_register (docker/podman:"
                      + " --security-opt seccomp=PROFILE.json)");
      case Errno.ENOMEM ->
          PlatterException.hostLacks(
              what
                  + ": not enough memory, or RLIMIT_MEMLOCK is too small (kernels before 5.12"
                  + " count ring memory against it)",
              "Raise the limit: ulimit -l 8192, or LimitMEMLOCK=8M in the systemd unit");
      case Errno.EMFILE ->
          PlatterException.hostLacks(
              what + ": too many open files", "Raise the limit: ulimit -n 4096");
      default -> PlatterException.hostLacks(what, "Platter needs Linux 5.15 or newer");
    };
  }

  private static String readSysctl() {
    try {
      return Files.readString(SYSCTL).trim();
    } catch (IOException e) {
      return "";
    }
  }
}
