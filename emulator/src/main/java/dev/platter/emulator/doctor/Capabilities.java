package dev.platter.emulator.doctor;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Sets of capabilities as the kernel prints them, by name (linux/capability.h). */
final class Capabilities {
  private static final List<String> NAMES =
      List.of(
          "CHOWN",
          "DAC_OVERRIDE",
          "DAC_READ_SEARCH",
          "FOWNER",
          "FSETID",
          "KILL",
          "SETGID",
          "SETUID",
          "SETPCAP",
          "LINUX_IMMUTABLE",
          "NET_BIND_SERVICE",
          "NET_BROADCAST",
          "NET_ADMIN",
          "NET_RAW",
          "IPC_LOCK",
          "IPC_OWNER",
          "SYS_MODULE",
          "SYS_RAWIO",
          "SYS_CHROOT",
          "SYS_PTRACE",
          "SYS_PACCT",
          "SYS_ADMIN",
          "SYS_BOOT",
          "SYS_NICE",
          "SYS_RESOURCE",
          "SYS_TIME",
          "SYS_TTY_CONFIG",
          "MKNOD",
          "LEASE",
          "AUDIT_WRITE",
          "AUDIT_CONTROL",
          "SETFCAP",
          "MAC_OVERRIDE",
          "MAC_ADMIN",
          "SYSLOG",
          "WAKE_ALARM",
          "BLOCK_SUSPEND",
          "AUDIT_READ",
          "PERFMON",
          "BPF",
          "CHECKPOINT_RESTORE");

  private Capabilities() {}

  /**
   * The names in a set, or the missing names if these are fewer.
   *
   * @param hex as in {@code /proc/self/status}; null if unknown
   * @param last the number of the kernel's last capability
   */
  static String describe(@Nullable String hex, int last) {
    if (hex == null || !hex.matches("[0-9a-fA-F]{1,16}")) {
      return "not known";
    }
    long bits = Long.parseUnsignedLong(hex, 16);
    List<String> has = new ArrayList<>();
    List<String> lacks = new ArrayList<>();
    for (int i = 0; i <= Math.clamp(last, 0, 63); i++) {
      ((bits & 1L << i) == 0 ? lacks : has).add(i < NAMES.size() ? NAMES.get(i) : "number " + i);
    }
    if (has.isEmpty()) {
      return "none";
    }
    if (lacks.isEmpty()) {
      return "all";
    }
    return has.size() <= lacks.size() + 8
        ? String.join(" ", has)
        : "all but " + String.join(" ", lacks);
  }
}
