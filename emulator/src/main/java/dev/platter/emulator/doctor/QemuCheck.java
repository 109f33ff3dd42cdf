package dev.platter.emulator.doctor;

import dev.platter.emulator.guest.Qemu;
import dev.platter.emulator.guest.QemuFinder;
import dev.platter.emulator.guest.QemuVersion;
import dev.platter.emulator.host.HostFiles;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** The QEMUs that can run guests, and the disks that each can attach. */
final class QemuCheck implements DoctorCheck {
  private static final QemuVersion VHOST_USER_BLK = new QemuVersion(6, 0, 0);
  private static final String REMEDY =
      "apt install -t trixie-backports qemu-system-x86, or guest-images/make-qemu-root";

  private final Supplier<List<Qemu>> finder;
  private final String home;

  QemuCheck() {
    this(() -> QemuFinder.onHost(null, null).found(), System.getProperty("user.home", "/"));
  }

  /**
   * For tests.
   *
   * @param finder finds QEMUs
   * @param home the user's directory, which is not shown
   */
  QemuCheck(Supplier<List<Qemu>> finder, String home) {
    this.finder = finder;
    this.home = home;
  }

  @Override
  public String title() {
    return "Virtual machines";
  }

  @Override
  public List<DoctorLine> run(HostFiles files) {
    List<DoctorLine> lines = new ArrayList<>();
    for (Qemu qemu : finder.get()) {
      String text = "QEMU " + qemu.version() + " (" + masked(qemu.name()) + ") attaches ";
      if (!qemu.version().atLeast(VHOST_USER_BLK)) {
        lines.add(DoctorLine.warning("qemu", text + "neither kind of disk: too old", REMEDY));
      } else if (qemu.vfioUser()) {
        lines.add(DoctorLine.ok("qemu", text + "virtio-blk and ahci"));
      } else {
        lines.add(
            DoctorLine.warning(
                "qemu",
                text
                    + "virtio-blk only: "
                    + (qemu.version().atLeast(QemuVersion.VFIO_USER)
                        ? "it is built without vfio-user-pci"
                        : "ahci needs QEMU " + QemuVersion.VFIO_USER),
                REMEDY));
      }
    }
    if (lines.isEmpty()) {
      lines.add(DoctorLine.info("qemu", "none is found; platter guest run needs one"));
    }
    return lines;
  }

  private String masked(String path) {
    if (home.length() > 1 && path.startsWith(home + "/")) {
      return "~" + path.substring(home.length());
    }
    return path.replaceFirst("^/home/[^/]+", "/home/...");
  }
}
