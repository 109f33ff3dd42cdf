package dev.platter.emulator.guest;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A QEMU on this host.
 *
 * @param command the words that start it: its path, or a root directory's loader with arguments
 * @param environment variables that it needs
 * @param version its version
 * @param vfioUser whether it has a vfio-user client
 * @param share the directory of its files: {@code DIR/usr/share} of its root, or the host's
 * @param name its name in messages: the path of the program
 */
public record Qemu(
    List<String> command,
    Map<String, String> environment,
    QemuVersion version,
    boolean vfioUser,
    Path share,
    String name) {
  /** Copies the collections. */
  public Qemu {
    command = List.copyOf(command);
    environment = Map.copyOf(environment);
  }

  /** Whether it can end by itself together with the process that started it. */
  boolean exitsWithParent() {
    return version.atLeast(QemuVersion.EXIT_WITH_PARENT);
  }

  /**
   * A UEFI firmware.
   *
   * @param code read-only code
   * @param variables the initial variables of a machine; each machine needs a copy
   */
  public record Ovmf(Path code, Path variables) {}

  /** The UEFI firmware (package ovmf) in {@link #share}, or null if there is none. */
  public @Nullable Ovmf ovmf() {
    Path directory = share.resolve("OVMF");
    Path code = directory.resolve("OVMF_CODE_4M.fd");
    Path variables = directory.resolve("OVMF_VARS_4M.fd");
    return code.toFile().isFile() && variables.toFile().isFile() ? new Ovmf(code, variables) : null;
  }
}
