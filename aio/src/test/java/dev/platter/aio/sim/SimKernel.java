package dev.platter.aio.sim;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.platter.aio.abi.IoUringAbi;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Errno;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What loops use of Linux, simulated: rings, eventfds, files, poll(2) and futex(2). A descriptor of
 * this kernel is a number that no real one reaches. Each method does what the man page says, and
 * what that leaves open {@link Choices} decide.
 */
final class SimKernel {
  private static final int FIRST_FD = 1 << 20;
  private static final int FUTEX_WAIT = 0;

  private final SimWorld world;
  private final Map<Integer, SimFile> files = new HashMap<>();
  private final List<SimRequest> inFlight = new ArrayList<>();
  private final Map<Long, List<SimWorld.Waiter>> futexes = new HashMap<>();
  private int nextFd = FIRST_FD;
  private int pendingFd;
  private long pendingOffset;

  SimKernel(SimWorld world) {
    this.world = world;
  }

  SimWorld world() {
    return world;
  }

  /** Whether a descriptor belongs to this kernel. */
  private static boolean owns(int fd) {
    return fd >= FIRST_FD;
  }

  private int install(SimFile file) {
    // A number is used again at once, as Linux does: who keeps a closed one hits another file.
    int fd = nextFd;
    for (int free = FIRST_FD; free < nextFd; free++) {
      if (!files.containsKey(free)) {
        fd = free;
        break;
      }
    }
    nextFd = Math.max(nextFd, fd + 1);
    files.put(fd, file);
    return fd;
  }

  /** What a descriptor stands for; null if nothing does. */
  @Nullable SimFile file(int fd) {
    return owns(fd) || fd < 0 ? files.get(fd) : new SimHostFile(fd);
  }

  /** Descriptors that are open. */
  int open() {
    return files.size();
  }

  // ---- what happens by itself ----------------------------------------------------------------

  /** How many things may happen now, without a thread that does something. */
  int events() {
    return inFlight.size();
  }

  /** One of them happens. */
  void happen(int which) {
    SimRequest request = inFlight.remove(which);
    request.ring().complete(request, request.perform(world.choices()));
  }

  /** A request that the host works on, and that ends when it is chosen. */
  void start(SimRequest request) {
    inFlight.add(request);
  }

  /** A request that is worked on, or null. */
  @Nullable SimRequest find(SimRing ring, long userData) {
    for (SimRequest request : inFlight) {
      if (request.ring() == ring && request.userData() == userData) {
        return request;
      }
    }
    return null;
  }

  // ---- descriptors ---------------------------------------------------------------------------

  int eventfd(int initial) {
    world.point();
    return install(new SimEventFd(initial));
  }

  int close(int fd) {
    world.point();
    SimFile file = owns(fd) ? files.remove(fd) : new SimHostFile(fd);
    if (file == null) {
      throw new SimFailure("close of descriptor " + fd + ", which is not open", null);
    }
    file.close();
    return 0;
  }

  /** write(2) of 1 to an eventfd. */
  void signal(int fd) {
    world.point();
    if (!(files.get(fd) instanceof SimEventFd event)) {
      throw new SimFailure("a signal to descriptor " + fd + ", which is no eventfd", null);
    }
    event.add(1);
  }

  /** poll(2) on one descriptor. */
  int poll(long pollfd, int count, int timeoutMillis) {
    if (count != 1) {
      throw new IllegalArgumentException("poll of " + count);
    }
    MemorySegment entry = SimMemory.at(pollfd, LinuxAbi.POLLFD_SIZE);
    int fd = entry.get(JAVA_INT, LinuxAbi.POLLFD_FD);
    SimFile file = files.get(fd);
    if (!(file instanceof SimRing ring)) {
      throw new IllegalArgumentException("poll of " + file);
    }
    return ring.poll(timeoutMillis < 0 ? SimWorld.NEVER : world.now() + timeoutMillis * 1_000_000L)
        ? 1
        : 0;
  }

  // ---- rings ---------------------------------------------------------------------------------

  int ioUringSetup(int entries, MemorySegment params) {
    world.point();
    SimRing ring = new SimRing(this, entries, params);
    return install(ring);
  }

  private SimRing ring(int fd) {
    if (files.get(fd) instanceof SimRing ring) {
      return ring;
    }
    throw new SimFailure("descriptor " + fd + " is no ring", null);
  }

  int ioUringEnter(int fd, int toSubmit, int minComplete, int flags, long argument) {
    long deadline = SimWorld.NEVER;
    if ((flags & IoUringAbi.ENTER_EXT_ARG) != 0) {
      long timespec =
          SimMemory.at(argument, IoUringAbi.GETEVENTS_ARG_SIZE)
              .get(JAVA_LONG, IoUringAbi.GETEVENTS_ARG_TS);
      deadline = world.now() + nanos(timespec);
    }
    return ring(fd).enter(toSubmit, minComplete, deadline);
  }

  private static long nanos(long timespec) {
    MemorySegment time = SimMemory.at(timespec, 16);
    return time.get(JAVA_LONG, 0) * 1_000_000_000L + time.get(JAVA_LONG, 8);
  }

  int ioUringRegister(int fd, int opcode) {
    SimRing _ = ring(fd);
    return opcode == IoUringAbi.REGISTER_IOWQ_MAX_WORKERS ? 0 : -Errno.EINVAL;
  }

  /** mmap(2) of a ring is about to happen. */
  long mapping(int fd, long offset, long length) {
    pendingFd = fd;
    pendingOffset = offset;
    return length;
  }

  /** It has happened: the memory is the ring's. */
  void mapped(MemorySegment memory) {
    ring(pendingFd).map(pendingOffset, memory);
  }

  // ---- futexes -------------------------------------------------------------------------------

  void futex(long address, int operation, int value, long timespec) {
    world.point();
    if ((operation & 1) == FUTEX_WAIT) {
      if (SimMemory.at(address, 4).get(JAVA_INT, 0) != value || world.choices().rarely(32)) {
        return; // woken for no reason
      }
      long deadline = timespec == 0 ? SimWorld.NEVER : world.now() + nanos(timespec);
      SimWorld.Waiter waiter = world.waiter(deadline);
      List<SimWorld.Waiter> sleepers = futexes.computeIfAbsent(address, _ -> new ArrayList<>());
      sleepers.add(waiter);
      boolean _ = world.await(waiter);
      sleepers.remove(waiter);
      if (sleepers.isEmpty()) {
        futexes.remove(address);
      }
    } else {
      List<SimWorld.Waiter> sleepers = futexes.get(address);
      if (sleepers != null && !sleepers.isEmpty()) {
        world.wake(sleepers.remove(world.choices().choose(sleepers.size())));
      }
    }
  }
}
