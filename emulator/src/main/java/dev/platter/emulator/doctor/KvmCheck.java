package dev.platter.emulator.doctor;

import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import dev.platter.emulator.host.HostFiles;
import java.util.List;

/** Whether guests may run on the processor itself. */
final class KvmCheck implements DoctorCheck {
  private static final String DEVICE = "/dev/kvm";

  @Override
  public String title() {
    return "Virtual machines";
  }

  @Override
  public List<DoctorLine> run(HostFiles files) {
    int fd = Libc.open(files.at(DEVICE).toString(), LinuxAbi.O_RDWR | LinuxAbi.O_CLOEXEC, 0);
    if (fd < 0) {
      return List.of(refused(-fd));
    }
    try {
      int version = Libc.ioctl(fd, LinuxAbi.KVM_GET_API_VERSION, 0);
      return List.of(
          version < 0
              ? DoctorLine.warning(
                  "kvm", DEVICE + " is not KVM: " + Errno.name(version), "modprobe kvm")
              : DoctorLine.ok("kvm", DEVICE + " opens, API version " + version));
    } finally {
      Libc.close(fd);
    }
  }

  private static DoctorLine refused(int errno) {
    return switch (errno) {
      case Errno.ENOENT, Errno.ENXIO, Errno.ENODEV ->
          DoctorLine.info("kvm", "none: QEMU emulates the processor, which works and is slow");
      case Errno.EACCES, Errno.EPERM ->
          DoctorLine.warning(
              "kvm",
              DEVICE + " does not open: " + Errno.name(errno),
              "Add the user to the group kvm; Docker, Podman: --device " + DEVICE);
      default -> DoctorLine.warning("kvm", DEVICE + " does not open: " + Errno.name(errno), null);
    };
  }
}
