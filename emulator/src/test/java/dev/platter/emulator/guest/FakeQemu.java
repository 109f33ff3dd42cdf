package dev.platter.emulator.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;

/** Shell scripts that behave as QEMU does. */
final class FakeQemu {
  private FakeQemu() {}

  /** A script. */
  static Path script(Path file, String body) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.writeString(file, "#!/bin/sh\n" + body);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** One that only tells of itself. */
  static Path telling(Path file, String version, boolean vfioUser) throws IOException {
    return script(
        file,
        """
        case "$1" in
          --version) echo "QEMU emulator version %s" ;;
          -device)
            echo 'name "vhost-user-blk-pci", bus PCI'
            %s
            ;;
          *) exit 1 ;;
        esac
        """
            .formatted(
                version,
                vfioUser ? "echo 'name \"vfio-user-pci\", bus PCI, desc \"over socket\"'" : ":"));
  }

  /** As the finder would describe a script. */
  static Qemu of(Path script) {
    return new Qemu(
        List.of(script.toString()),
        Map.of(),
        new QemuVersion(11, 1, 3),
        true,
        Path.of("/usr/share"),
        script.toString());
  }
}
