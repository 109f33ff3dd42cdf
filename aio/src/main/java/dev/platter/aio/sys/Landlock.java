package dev.platter.aio.sys;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.platter.aio.abi.LandlockAbi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The system calls of Landlock (landlock(7)), which the C library does not wrap. Each returns what
 * the kernel returns, or {@code -errno}.
 */
public final class Landlock {
  // The same on every architecture (asm-generic/unistd.h).
  private static final long CREATE_RULESET = 444;
  private static final long ADD_RULE = 445;
  private static final long RESTRICT_SELF = 446;

  private Landlock() {}

  /**
   * The version of the kernel's Landlock.
   *
   * @return 1 or more; {@code -ENOSYS} if the kernel was built without it, {@code -EOPNOTSUPP} if
   *     it was booted without it, {@code -EPERM} or {@code -ENOSYS} if a seccomp filter forbids it
   */
  public static int landlockAbi() {
    return (int)
        Syscalls.syscall(CREATE_RULESET, 0, 0, LandlockAbi.CREATE_RULESET_VERSION, 0, 0, 0);
  }

  /**
   * landlock_create_ruleset(2).
   *
   * @param fs handled rights to files, {@code LandlockAbi.ACCESS_FS_*}
   * @param net handled rights to ports; 0 below ABI 4
   * @param scoped {@code LandlockAbi.SCOPE_*}; 0 below ABI 6
   * @return the ruleset's descriptor, closed on exec
   */
  public static int createRuleset(long fs, long net, long scoped) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(LandlockAbi.RULESET_ATTR_SIZE, 8);
      attr.set(JAVA_LONG, LandlockAbi.RULESET_ATTR_HANDLED_ACCESS_FS, fs);
      attr.set(JAVA_LONG, LandlockAbi.RULESET_ATTR_HANDLED_ACCESS_NET, net);
      attr.set(JAVA_LONG, LandlockAbi.RULESET_ATTR_SCOPED, scoped);
      return (int) Syscalls.syscall(CREATE_RULESET, attr.address(), attr.byteSize(), 0, 0, 0, 0);
    }
  }

  /**
   * landlock_add_rule(2): allows {@code rights} to a file, or to a directory and all below it.
   *
   * @param rights that the ruleset handles; for a file, only rights that files have
   * @param fd the file or directory, opened with O_PATH
   */
  public static int allowPath(int ruleset, long rights, int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(LandlockAbi.PATH_BENEATH_ATTR_SIZE, 8);
      attr.set(JAVA_LONG, LandlockAbi.PATH_BENEATH_ATTR_ALLOWED_ACCESS, rights);
      attr.set(JAVA_INT, LandlockAbi.PATH_BENEATH_ATTR_PARENT_FD, fd);
      return addRule(ruleset, LandlockAbi.RULE_PATH_BENEATH, attr);
    }
  }

  /**
   * landlock_add_rule(2): allows {@code rights} to a TCP port; 0 is any port the kernel chooses.
   */
  public static int allowPort(int ruleset, long rights, int port) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(LandlockAbi.NET_PORT_ATTR_SIZE, 8);
      attr.set(JAVA_LONG, LandlockAbi.NET_PORT_ATTR_ALLOWED_ACCESS, rights);
      attr.set(JAVA_LONG, LandlockAbi.NET_PORT_ATTR_PORT, port);
      return addRule(ruleset, LandlockAbi.RULE_NET_PORT, attr);
    }
  }

  private static int addRule(int ruleset, int type, MemorySegment attr) {
    return (int) Syscalls.syscall(ADD_RULE, ruleset, type, attr.address(), 0, 0, 0);
  }

  /**
   * landlock_restrict_self(2): the calling thread alone, and the threads and programs that it
   * starts from then on. Needs {@link ProcessControl#setNoNewPrivs}.
   *
   * @param flags {@code LandlockAbi.RESTRICT_SELF_*}; 0 below ABI 7
   */
  public static int restrictSelf(int ruleset, int flags) {
    return (int) Syscalls.syscall(RESTRICT_SELF, ruleset, flags, 0, 0, 0, 0);
  }
}
