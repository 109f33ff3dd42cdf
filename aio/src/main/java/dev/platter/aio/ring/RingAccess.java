package dev.platter.aio.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.platter.aio.KernelVersion;
import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.IoUringAbi;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import java.lang.foreign.Arena;
import java.util.EnumSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Whether this process may have rings, and if not, what stops it.
 *
 * @param cause what stops it
 * @param call the system call that was refused; SETUP if none was
 * @param errno what it answered; 0 if it was not refused
 * @param host what that was concluded from
 */
public record RingAccess(Cause cause, Call call, int errno, RingHost host) {
  private static final int REQUIRED_FEATURES =
      IoUringAbi.FEAT_SINGLE_MMAP | IoUringAbi.FEAT_NODROP | IoUringAbi.FEAT_EXT_ARG;

  /** A system call of io_uring's. */
  public enum Call {
    /** Makes a ring. */
    SETUP("io_uring_setup"),
    /** Submits and waits. */
    ENTER("io_uring_enter"),
    /** Asks for opcodes and sets limits; loops do without it. */
    REGISTER("io_uring_register"),
    /** Makes the ring's memory visible. */
    MMAP("mmap of the ring");

    private final String title;

    Call(String title) {
      this.title = title;
    }

    @Override
    public String toString() {
      return title;
    }
  }

  /** What stops a process from having rings. */
  public enum Cause {
    /** Nothing. */
    NONE,
    /** {@code kernel.io_uring_disabled=2}, which holds for root too. */
    DISABLED_FOR_ALL,
    /** {@code kernel.io_uring_disabled=1}, and it is not of those whom that excepts. */
    DISABLED_BUT_FOR_GROUP,
    /** A seccomp filter. */
    SECCOMP,
    /** SELinux, or another security module. */
    SECURITY_MODULE,
    /** The kernel has no io_uring. */
    NOT_IN_KERNEL,
    /** Its io_uring lacks what Platter needs. */
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

  /** Asks the kernel, for a ring without any flag that is closed again. */
  public static RingAccess probe() {
    return probe(RingSetup.KERNEL, RingHost.read());
  }

  static RingAccess probe(RingSetup.SetupCall kernel, RingHost host) {
    try (Arena arena = Arena.ofConfined()) {
      RingSetup.Outcome outcome =
          new RingSetup(kernel, arena, 1, EnumSet.noneOf(SetupFlag.class)).run();
      try {
        RingAccess refusal = refusal(kernel, outcome, () -> host);
        if (refusal != null) {
          return refusal;
        }
        int registered = kernel.register(outcome.fd());
        return registered < 0
            ? refused(Call.REGISTER, -registered, host)
            : new RingAccess(Cause.NONE, Call.SETUP, 0, host);
      } finally {
        if (outcome.fd() >= 0) {
          Libc.close(outcome.fd());
        }
      }
    }
  }

  /**
   * Looks at a ring that was just set up.
   *
   * @param host read only if it was refused
   * @return why it cannot be used, or null if it can
   */
  static @Nullable RingAccess refusal(
      RingSetup.SetupCall kernel, RingSetup.Outcome outcome, Supplier<RingHost> host) {
    if (outcome.fd() < 0) {
      return refused(Call.SETUP, -outcome.fd(), host.get());
    }
    int features = outcome.params().get(JAVA_INT, IoUringAbi.PARAMS_FEATURES);
    if ((features & REQUIRED_FEATURES) != REQUIRED_FEATURES) {
      return new RingAccess(Cause.KERNEL_TOO_OLD, Call.SETUP, 0, host.get());
    }
    // A filter may let rings be made and not be used.
    int entered = kernel.enter(outcome.fd());
    return entered < 0 ? refused(Call.ENTER, -entered, host.get()) : null;
  }

  /** Concludes what refused a call. */
  static RingAccess refused(Call call, int errno, RingHost host) {
    return new RingAccess(cause(call, errno, host), call, errno, host);
  }

  // What is SECCOMP without a look at the host is what the kernel itself never answers.
  private static Cause cause(Call call, int errno, RingHost host) {
    return switch (errno) {
      case Errno.EMFILE, Errno.ENFILE -> Cause.DESCRIPTORS;
      case Errno.ENOMEM, Errno.EAGAIN -> lackOfMemory(host);
      case Errno.ENOSYS ->
          call == Call.SETUP && lacksIoUring(host) ? Cause.NOT_IN_KERNEL : Cause.SECCOMP;
      case Errno.EPERM -> call == Call.SETUP ? denial(host) : Cause.SECCOMP;
      case Errno.EACCES ->
          call == Call.ENTER || call == Call.REGISTER ? Cause.SECCOMP : Cause.SECURITY_MODULE;
      default ->
          call != Call.MMAP
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

  /** Whether loops can run: without io_uring_register they can. */
  public boolean usable() {
    return cause == Cause.NONE || call == Call.REGISTER;
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
    return new PlatterException(PlatterException.Kind.HOST_LACKS, what(), remedy(), because);
  }
}
