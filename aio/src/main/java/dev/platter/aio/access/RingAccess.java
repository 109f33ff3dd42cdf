package dev.platter.aio.access;

import dev.platter.aio.KernelVersion;
import dev.platter.aio.PlatterException;
import dev.platter.aio.ring.Ring;
import dev.platter.aio.ring.RingCall;
import dev.platter.aio.ring.RingRefusedException;
import dev.platter.aio.ring.SetupFlag;
import dev.platter.aio.sys.Errno;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Whether this process may have rings, and if not, what stops it.
 *
 * @param cause what stops it
 * @param call the system call that was refused; SETUP if none was
 * @param errno what it answered; 0 if no call was refused
 * @param host the settings of the host from which the cause was concluded
 */
public record RingAccess(Cause cause, RingCall call, int errno, RingHost host) {
  /** What stops a process from having rings. */
  public enum Cause {
    /** Nothing. */
    NONE,
    /** {@code kernel.io_uring_disabled=2}, which holds for root too. */
    DISABLED_FOR_ALL,
    /**
     * {@code kernel.io_uring_disabled=1}, and this process is not in the group that may use rings.
     */
    DISABLED_BUT_FOR_GROUP,
    /** A seccomp filter. */
    SECCOMP,
    /** SELinux, or another security module. */
    SECURITY_MODULE,
    /** The kernel has no io_uring. */
    NOT_IN_KERNEL,
    /** The kernel's io_uring lacks a feature that Platter needs. */
    KERNEL_TOO_OLD,
    /** RLIMIT_MEMLOCK. */
    MEMLOCK,
    /** Memory, or the cgroup's limit of it. */
    MEMORY,
    /** RLIMIT_NOFILE, or the host's own limit. */
    DESCRIPTORS,
    /** Something else: the errno is all that is known. */
    UNKNOWN
  }

  /** Asks the kernel for a ring without any flag, and closes that ring. */
  public static RingAccess probe() {
    try {
      Ring.tryOut();
      return new RingAccess(Cause.NONE, RingCall.SETUP, 0, RingHost.read());
    } catch (RingRefusedException e) {
      return refused(e.call(), e.errno(), RingHost.read());
    }
  }

  /**
   * Opens a ring, as {@link Ring#open} does.
   *
   * @throws PlatterException of kind HOST_LACKS that says what stops it
   */
  public static Ring open(int entries, Set<SetupFlag> wanted) {
    try {
      return Ring.open(entries, wanted);
    } catch (RingRefusedException e) {
      throw refused(e.call(), e.errno(), RingHost.read()).exception(e);
    }
  }

  /** Concludes what refused a call. */
  static RingAccess refused(RingCall call, int errno, RingHost host) {
    return new RingAccess(cause(call, errno, host), call, errno, host);
  }

  // The kernel itself never gives these answers, so a seccomp filter gave them.
  private static Cause cause(RingCall call, int errno, RingHost host) {
    return switch (errno) {
      case 0 -> Cause.KERNEL_TOO_OLD;
      case Errno.EMFILE, Errno.ENFILE -> Cause.DESCRIPTORS;
      case Errno.ENOMEM, Errno.EAGAIN -> lackOfMemory(host);
      case Errno.ENOSYS ->
          call == RingCall.SETUP && lacksIoUring(host) ? Cause.NOT_IN_KERNEL : Cause.SECCOMP;
      case Errno.EPERM -> call == RingCall.SETUP ? denial(host) : Cause.SECCOMP;
      case Errno.EACCES ->
          call == RingCall.ENTER || call == RingCall.REGISTER
              ? Cause.SECCOMP
              : Cause.SECURITY_MODULE;
      default ->
          call != RingCall.MMAP
                  && errno != Errno.EINVAL
                  && host.seccompMode() == RingHost.SECCOMP_FILTER
              ? Cause.SECCOMP
              : Cause.UNKNOWN;
    };
  }

  private static Cause denial(RingHost host) {
    Integer disabled = host.disabled();
    if (disabled != null && disabled == RingHost.DISABLED_FOR_ALL) {
      return Cause.DISABLED_FOR_ALL;
    }
    if (disabled != null
        && disabled == RingHost.DISABLED_BUT_FOR_GROUP
        && !host.exceptedFromSysctl()) {
      return Cause.DISABLED_BUT_FOR_GROUP;
    }
    return host.seccompMode() == 0 ? Cause.SECURITY_MODULE : Cause.SECCOMP;
  }

  private static boolean lacksIoUring(RingHost host) {
    KernelVersion version = host.version();
    if (version != null && !version.atLeast(5, 1)) {
      return true;
    }
    // From 6.6 on the sysctl is there exactly if io_uring is.
    boolean told = version != null && version.atLeast(6, 6) && host.disabled() == null;
    return told || host.seccompMode() == 0;
  }

  private static Cause lackOfMemory(RingHost host) {
    KernelVersion version = host.version();
    // From 5.12 on rings count against the cgroup's memory instead.
    boolean counted = version != null && !version.atLeast(5, 12);
    return counted
            && !host.has(RingHost.CAP_IPC_LOCK)
            && host.memlock().softOrMax() != Long.MAX_VALUE
        ? Cause.MEMLOCK
        : Cause.MEMORY;
  }

  /** Whether loops can run. Loops do without io_uring_register. */
  public boolean usable() {
    return cause == Cause.NONE || call == RingCall.REGISTER;
  }

  /**
   * Checks that this process may have rings.
   *
   * @throws PlatterException of kind HOST_LACKS that says what stops it
   */
  public static void check() {
    RingAccess access = probe();
    if (!access.usable()) {
      throw access.exception(null);
    }
  }

  /** What stops it, in one sentence without a full stop. */
  public String what() {
    return RingUnavailable.what(this);
  }

  /** What to do about it; empty if there is nothing to be done. */
  public String remedy() {
    return RingUnavailable.remedy(this);
  }

  /** The failure that it is. */
  PlatterException exception(@Nullable Throwable because) {
    return new PlatterException(PlatterException.Kind.HOST_LACKS, what(), remedy(), because)
        .at(null, errno);
  }
}
