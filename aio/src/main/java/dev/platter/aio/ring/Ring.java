package dev.platter.aio.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.platter.aio.abi.IoUringAbi;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.ErrnoException;
import dev.platter.aio.sys.Libc;
import dev.platter.aio.sys.Mapping;
import dev.platter.aio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Set;

/**
 * One io_uring instance. {@link #enter} is for one thread alone, and with SINGLE_ISSUER that is the
 * thread that called {@link #open}. Closing is for that thread too, once nothing is in flight.
 *
 * <p>Owns its descriptor and mappings; {@link #close} unmaps SQEs, then the rings, then closes the
 * descriptor, and is idempotent.
 */
public final class Ring implements AutoCloseable {
  /** {@link #enter} without a timeout. */
  public static final long NO_TIMEOUT = -1;

  private static final int REQUIRED_FEATURES =
      IoUringAbi.FEAT_SINGLE_MMAP | IoUringAbi.FEAT_NODROP | IoUringAbi.FEAT_EXT_ARG;

  private final Arena arena;
  private final int fd;
  private final int features;
  private final Set<SetupFlag> granted;
  private final Map<SetupFlag, String> refused;
  private final Mapping rings;
  private final Mapping sqes;
  private final SubmissionQueue submission;
  private final CompletionQueue completion;
  private final MemorySegment waitArgument;
  private final MemorySegment timespec;
  private final MemorySegment pollfd;
  private boolean closed;

  /**
   * Sets a ring up, dropping the flags that this kernel refuses.
   *
   * @param entries SQ size, rounded up to a power of two by the kernel
   * @param wanted the flags to ask for
   * @throws RingRefusedException if there can be no ring
   */
  public static Ring open(int entries, Set<SetupFlag> wanted) throws RingRefusedException {
    return open(RingSetup.KERNEL, entries, wanted);
  }

  static Ring open(RingSetup.SetupCall kernel, int entries, Set<SetupFlag> wanted)
      throws RingRefusedException {
    Arena arena = Arena.ofShared();
    RingSetup.Outcome outcome = new RingSetup(kernel, arena, entries, wanted).run();
    Ring ring = null;
    try {
      checkUsable(kernel, outcome);
      ring = new Ring(arena, outcome);
      return ring;
    } catch (ErrnoException e) {
      throw new RingRefusedException(RingCall.MMAP, e.errno(), e);
    } finally {
      if (ring == null) {
        giveUp(outcome, arena);
      }
    }
  }

  private static void checkUsable(RingSetup.SetupCall kernel, RingSetup.Outcome outcome)
      throws RingRefusedException {
    if (outcome.fd() < 0) {
      throw new RingRefusedException(RingCall.SETUP, -outcome.fd(), null);
    }
    if ((features(outcome) & REQUIRED_FEATURES) != REQUIRED_FEATURES) {
      throw new RingRefusedException(RingCall.SETUP, 0, null);
    }
    // A seccomp filter may allow to make rings and not to use them.
    int entered = kernel.enter(outcome.fd());
    if (entered < 0) {
      throw new RingRefusedException(RingCall.ENTER, -entered, null);
    }
  }

  private static int features(RingSetup.Outcome outcome) {
    return outcome.params().get(JAVA_INT, IoUringAbi.PARAMS_FEATURES);
  }

  /**
   * Makes a ring without any flag, enters it, asks it for its opcodes, and closes it.
   *
   * @throws RingRefusedException with the first call that was refused
   */
  public static void tryOut() throws RingRefusedException {
    tryOut(RingSetup.KERNEL);
  }

  static void tryOut(RingSetup.SetupCall kernel) throws RingRefusedException {
    try (Ring ring = open(kernel, 1, Set.of())) {
      int registered = kernel.register(ring.fd);
      if (registered < 0) {
        throw new RingRefusedException(RingCall.REGISTER, -registered, null);
      }
    }
  }

  private static void giveUp(RingSetup.Outcome outcome, Arena arena) {
    if (outcome.fd() >= 0) {
      Libc.close(outcome.fd());
    }
    arena.close();
  }

  private Ring(Arena arena, RingSetup.Outcome outcome) throws ErrnoException {
    MemorySegment params = outcome.params();
    this.arena = arena;
    this.fd = outcome.fd();
    this.features = features(outcome);
    this.granted = Set.copyOf(outcome.granted());
    this.refused = Map.copyOf(outcome.refused());
    int sqEntries = params.get(JAVA_INT, IoUringAbi.PARAMS_SQ_ENTRIES);
    int cqEntries = params.get(JAVA_INT, IoUringAbi.PARAMS_CQ_ENTRIES);
    int cqes = params.get(JAVA_INT, IoUringAbi.PARAMS_CQ_OFF + (long) IoUringAbi.CQ_OFF_CQES);
    int array = params.get(JAVA_INT, IoUringAbi.PARAMS_SQ_OFF + (long) IoUringAbi.SQ_OFF_ARRAY);
    boolean sqArray = !granted.contains(SetupFlag.NO_SQARRAY);
    long ringBytes =
        Math.max(
            cqes + (long) cqEntries * IoUringAbi.CQE_SIZE,
            sqArray ? array + (long) sqEntries * Integer.BYTES : 0);
    this.rings = Mapping.ofFile(fd, IoUringAbi.OFF_SQ_RING, ringBytes);
    try {
      this.sqes = Mapping.ofFile(fd, IoUringAbi.OFF_SQES, (long) sqEntries * IoUringAbi.SQE_SIZE);
    } catch (ErrnoException e) {
      rings.close();
      throw e;
    }
    this.submission =
        new SubmissionQueue(
            rings.segment(),
            sqes.segment(),
            params.asSlice(IoUringAbi.PARAMS_SQ_OFF, 40),
            sqEntries,
            sqArray);
    this.completion =
        new CompletionQueue(
            rings.segment(), params.asSlice(IoUringAbi.PARAMS_CQ_OFF, 40), cqEntries);
    this.waitArgument = arena.allocate(IoUringAbi.GETEVENTS_ARG_SIZE, 8);
    this.pollfd = arena.allocate(LinuxAbi.POLLFD_SIZE, 4);
    this.timespec = arena.allocate(2 * JAVA_LONG.byteSize(), 8);
  }

  /** Where requests are queued. */
  public SubmissionQueue submission() {
    return submission;
  }

  /** Where results appear. */
  public CompletionQueue completion() {
    return completion;
  }

  /** The flags that the kernel took. */
  public Set<SetupFlag> granted() {
    return granted;
  }

  /** The flags that it did not take, each with the reason. */
  public Map<SetupFlag, String> refused() {
    return refused;
  }

  /** Whether a feature bit of io_uring_params.features is set. */
  public boolean hasFeature(int bit) {
    return (features & bit) != 0;
  }

  /**
   * Submits and waits in one system call.
   *
   * @param toSubmit how many published SQEs to consume
   * @param minComplete how many CQEs to wait for; 0 runs pending completion work and returns
   * @param timeoutNanos longest wait, or {@link #NO_TIMEOUT}
   * @param noIowait whether the wait must not count as waiting for I/O; needs FEAT_NO_IOWAIT
   * @return SQEs consumed, or {@code -errno}: {@code -ETIME} and {@code -EINTR} are ordinary
   */
  public int enter(int toSubmit, int minComplete, long timeoutNanos, boolean noIowait) {
    int flags = IoUringAbi.ENTER_GETEVENTS | (noIowait ? IoUringAbi.ENTER_NO_IOWAIT : 0);
    if (minComplete == 0 || timeoutNanos < 0) {
      return Syscalls.ioUringEnter(fd, toSubmit, minComplete, flags, 0, 0);
    }
    timespec.set(JAVA_LONG, 0, timeoutNanos / 1_000_000_000L);
    timespec.set(JAVA_LONG, 8, timeoutNanos % 1_000_000_000L);
    waitArgument.set(JAVA_LONG, IoUringAbi.GETEVENTS_ARG_TS, timespec.address());
    return Syscalls.ioUringEnter(
        fd,
        toSubmit,
        minComplete,
        flags | IoUringAbi.ENTER_EXT_ARG,
        waitArgument.address(),
        IoUringAbi.GETEVENTS_ARG_SIZE);
  }

  /**
   * Waits in poll(2) until there are CQEs, as a loop does that waits for other descriptors too.
   *
   * @param timeoutNanos longest wait, rounded up to milliseconds, or {@link #NO_TIMEOUT}
   * @return whether there are any
   */
  public boolean poll(long timeoutNanos) {
    pollfd.set(JAVA_INT, LinuxAbi.POLLFD_FD, fd);
    pollfd.set(JAVA_SHORT, LinuxAbi.POLLFD_EVENTS, (short) LinuxAbi.POLLIN);
    int millis =
        timeoutNanos < 0 ? -1 : (int) Math.min(60_000, Math.ceilDiv(timeoutNanos, 1_000_000));
    return Libc.poll(pollfd.address(), 1, millis) > 0;
  }

  /**
   * io_uring_register(2) on this ring.
   *
   * @return {@code >= 0} or {@code -errno}
   */
  public int register(int opcode, MemorySegment argument, int count) {
    return Syscalls.ioUringRegister(fd, opcode, argument.address(), count);
  }

  /**
   * Limits the io-wq workers of the calling thread, of this and its other rings.
   *
   * @param bounded how many workers serve requests that end by themselves, such as file I/O; 0
   *     leaves the limit as it is
   * @param unbounded how many workers serve requests that may wait for ever, such as those on a
   *     socket; 0 leaves the limit as it is
   * @return 0 or {@code -errno}
   */
  public int limitWorkers(int bounded, int unbounded) {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment limits = scratch.allocateFrom(JAVA_INT, bounded, unbounded);
      return register(IoUringAbi.REGISTER_IOWQ_MAX_WORKERS, limits, 2);
    }
  }

  /** Whether this kernel implements an opcode. */
  public boolean supports(int opcode) {
    int ops = 256;
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment probe =
          scratch.allocate(IoUringAbi.PROBE_SIZE + (long) ops * IoUringAbi.PROBE_OP_SIZE, 8);
      if (register(IoUringAbi.REGISTER_PROBE, probe, ops) < 0) {
        return false;
      }
      int known = probe.get(java.lang.foreign.ValueLayout.JAVA_BYTE, IoUringAbi.PROBE_OPS_LEN);
      if (opcode >= (known & 0xff)) {
        return false;
      }
      long at = IoUringAbi.PROBE_SIZE + (long) opcode * IoUringAbi.PROBE_OP_SIZE;
      short flags =
          probe.get(java.lang.foreign.ValueLayout.JAVA_SHORT, at + IoUringAbi.PROBE_OP_FLAGS);
      return (flags & IoUringAbi.PROBE_OP_SUPPORTED) != 0;
    }
  }

  /** The ring's descriptor, for MSG_RING and fdinfo. */
  public int fd() {
    return fd;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      sqes.close();
      rings.close();
      Libc.close(fd);
      arena.close();
    }
  }
}
