package dev.platter.emulator.server.confine;

import dev.platter.aio.abi.LandlockAbi;
import dev.platter.aio.sys.Errno;
import java.util.ArrayList;
import java.util.List;

/**
 * The abilities of a kernel's Landlock.
 *
 * @param abi its version from 1 on, or a negated errno if there is none
 */
record LandlockLevel(int abi) {
  private static final int REFER = 2;
  private static final int TRUNCATE = 3;
  private static final int NETWORK = 4;
  private static final int IOCTL_DEV = 5;
  private static final int SCOPES = 6;
  private static final int LOGGING = 7;

  private static final long FS_OF_FIRST = LandlockAbi.ACCESS_FS_REFER - 1;

  boolean available() {
    return abi > 0;
  }

  /** Rights to files that are refused unless a rule allows them: all that this kernel supports. */
  long handledFs() {
    return (available() ? FS_OF_FIRST : 0)
        | since(REFER, LandlockAbi.ACCESS_FS_REFER)
        | since(TRUNCATE, LandlockAbi.ACCESS_FS_TRUNCATE)
        | since(IOCTL_DEV, LandlockAbi.ACCESS_FS_IOCTL_DEV);
  }

  /** Rights to TCP ports that are refused unless a rule allows them. */
  long handledNet() {
    return since(NETWORK, LandlockAbi.ACCESS_NET_BIND_TCP | LandlockAbi.ACCESS_NET_CONNECT_TCP);
  }

  /**
   * The scopes that the process may not leave.
   *
   * @param abstractSockets whether these include sockets in the abstract namespace
   */
  long scoped(boolean abstractSockets) {
    return since(SCOPES, LandlockAbi.SCOPE_SIGNAL)
        | (abstractSockets ? since(SCOPES, LandlockAbi.SCOPE_ABSTRACT_UNIX_SOCKET) : 0);
  }

  /** Flags of landlock_restrict_self(2): what is refused after the exec goes to the audit log. */
  int restrictFlags() {
    return (int) since(LOGGING, LandlockAbi.RESTRICT_SELF_LOG_NEW_EXEC_ON);
  }

  private long since(int version, long value) {
    return abi >= version ? value : 0;
  }

  /** What a newer kernel would confine as well. */
  List<String> lacking() {
    List<String> lacking = new ArrayList<>();
    if (!available()) {
      return List.of("files", "network", "signals");
    }
    addBefore(TRUNCATE, "truncation", lacking);
    addBefore(NETWORK, "network", lacking);
    addBefore(IOCTL_DEV, "device ioctls", lacking);
    addBefore(SCOPES, "signals", lacking);
    return lacking;
  }

  private void addBefore(int version, String what, List<String> lacking) {
    if (abi < version) {
      lacking.add(what);
    }
  }

  /** The version in words, or the reason why there is none, for the log. */
  String describe() {
    return available() ? "abi " + abi : "no: " + reason();
  }

  /** The reason why there is none. */
  String reason() {
    return switch (-abi) {
      case Errno.ENOSYS -> "not in this kernel, or forbidden by a seccomp filter";
      case Errno.EOPNOTSUPP -> "not among the kernel's lsm= modules";
      case Errno.EPERM -> "forbidden by a seccomp filter";
      default -> Errno.name(abi);
    };
  }

  /** The remedy for that. */
  String remedy() {
    return -abi == Errno.EOPNOTSUPP
        ? "Boot with landlock in lsm= (cat /sys/kernel/security/lsm), or use --confine auto"
        : "Use Linux 5.13 or newer and a seccomp profile that allows landlock_*, or --confine auto";
  }
}
