package dev.platter.aio.sim;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.platter.aio.abi.IoUringAbi;
import dev.platter.aio.sys.Errno;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * An io_uring: the shared memory as the real one lays it out, so that Platter's own code reads and
 * writes it, and io_uring_enter(2) as the flags of the set-up ask for it.
 */
final class SimRing implements SimFile {
  // Offsets in the mapping; a line apart, where the real ones are.
  private static final int SQ_HEAD = 0;
  private static final int SQ_TAIL = 64;
  private static final int SQ_FLAGS = 128;
  private static final int CQ_HEAD = 192;
  private static final int CQ_TAIL = 256;
  private static final int CQ_OVERFLOW = 320;
  private static final int CQES = 384;

  private record Completion(long userData, int result, int flags) {}

  private final SimKernel kernel;
  private final SimWorld world;
  private final int entries;
  private final int cqEntries;
  private final boolean defers;
  private final boolean cooperates;
  private final boolean showsWork;
  private final @Nullable Thread issuer;
  private final Queue<Completion> work = new ArrayDeque<>();
  private final Queue<Completion> overflown = new ArrayDeque<>();
  private final List<SimWorld.Waiter> waiters = new ArrayList<>();
  private final List<SimEventFd> armedOn = new ArrayList<>();
  private MemorySegment rings = MemorySegment.NULL;
  private MemorySegment sqes = MemorySegment.NULL;
  private boolean closed;

  SimRing(SimKernel kernel, int wanted, MemorySegment params) {
    this.kernel = kernel;
    world = kernel.world();
    entries = Integer.highestOneBit(Math.max(1, 2 * wanted - 1));
    cqEntries = 2 * entries;
    int flags = params.get(JAVA_INT, IoUringAbi.PARAMS_FLAGS);
    defers = (flags & IoUringAbi.SETUP_DEFER_TASKRUN) != 0;
    cooperates = defers || (flags & IoUringAbi.SETUP_COOP_TASKRUN) != 0;
    showsWork = (flags & IoUringAbi.SETUP_TASKRUN_FLAG) != 0;
    issuer = (flags & IoUringAbi.SETUP_SINGLE_ISSUER) != 0 ? Thread.currentThread() : null;
    params.set(JAVA_INT, IoUringAbi.PARAMS_SQ_ENTRIES, entries);
    params.set(JAVA_INT, IoUringAbi.PARAMS_CQ_ENTRIES, cqEntries);
    params.set(
        JAVA_INT,
        IoUringAbi.PARAMS_FEATURES,
        IoUringAbi.FEAT_SINGLE_MMAP
            | IoUringAbi.FEAT_NODROP
            | IoUringAbi.FEAT_EXT_ARG
            | IoUringAbi.FEAT_NO_IOWAIT);
    MemorySegment sq = params.asSlice(IoUringAbi.PARAMS_SQ_OFF, 40);
    sq.set(JAVA_INT, IoUringAbi.SQ_OFF_HEAD, SQ_HEAD);
    sq.set(JAVA_INT, IoUringAbi.SQ_OFF_TAIL, SQ_TAIL);
    sq.set(JAVA_INT, IoUringAbi.SQ_OFF_FLAGS, SQ_FLAGS);
    sq.set(JAVA_INT, IoUringAbi.SQ_OFF_ARRAY, CQES + cqEntries * IoUringAbi.CQE_SIZE);
    MemorySegment cq = params.asSlice(IoUringAbi.PARAMS_CQ_OFF, 40);
    cq.set(JAVA_INT, IoUringAbi.CQ_OFF_HEAD, CQ_HEAD);
    cq.set(JAVA_INT, IoUringAbi.CQ_OFF_TAIL, CQ_TAIL);
    cq.set(JAVA_INT, IoUringAbi.CQ_OFF_OVERFLOW, CQ_OVERFLOW);
    cq.set(JAVA_INT, IoUringAbi.CQ_OFF_CQES, CQES);
  }

  void map(long offset, MemorySegment memory) {
    if (offset == IoUringAbi.OFF_SQES) {
      sqes = memory;
    } else {
      rings = memory;
    }
  }

  // ---- submitting ----------------------------------------------------------------------------

  int enter(int toSubmit, int minComplete, long deadline) {
    world.point();
    if (issuer != null && !Thread.currentThread().equals(issuer)) {
      throw new SimFailure("a thread enters another's ring of SINGLE_ISSUER", null);
    }
    if (rings.equals(MemorySegment.NULL)) {
      return 0; // tried out before it is mapped
    }
    int submitted = submit(toSubmit);
    runWork();
    if (submitted > 0 && minComplete > 0 && world.choices().rarely(64)) {
      return submitted; // a signal: what was submitted counts
    }
    if (minComplete > 0 && isEmpty()) {
      if (world.choices().rarely(64)) {
        return submitted > 0 ? submitted : -Errno.EINTR;
      }
      boolean come = sleep(deadline);
      runWork();
      if (!come && submitted == 0) {
        return -Errno.ETIME;
      }
    }
    return submitted;
  }

  /** Waits until there is a completion; false if the time has come first. */
  private boolean sleep(long deadline) {
    SimWorld.Waiter waiter = world.waiter(deadline);
    waiters.add(waiter);
    boolean come = world.await(waiter);
    waiters.remove(waiter);
    return come;
  }

  boolean poll(long deadline) {
    world.point();
    boolean come = !isEmpty() || !work.isEmpty() || sleep(deadline);
    runWork();
    return come;
  }

  private int submit(int toSubmit) {
    int head = rings.get(JAVA_INT, SQ_HEAD);
    int count = Math.min(toSubmit, rings.get(JAVA_INT, SQ_TAIL) - head);
    for (int i = 0; i < count; i++) {
      long at = (long) ((head + i) & (entries - 1)) * IoUringAbi.SQE_SIZE;
      // The entry is free again before the request is started, as with the real one.
      rings.set(JAVA_INT, SQ_HEAD, head + i + 1);
      start(at);
    }
    return count;
  }

  private void start(long at) {
    int opcode = sqes.get(JAVA_BYTE, at + IoUringAbi.SQE_OPCODE);
    int fd = sqes.get(JAVA_INT, at + IoUringAbi.SQE_FD);
    long address = sqes.get(JAVA_LONG, at + IoUringAbi.SQE_ADDR);
    long userData = sqes.get(JAVA_LONG, at + IoUringAbi.SQE_USER_DATA);
    SimFile file = kernel.file(fd);
    SimRequest request =
        new SimRequest(
            this,
            file,
            opcode,
            sqes.get(JAVA_LONG, at + IoUringAbi.SQE_OFF),
            address,
            sqes.get(JAVA_INT, at + IoUringAbi.SQE_LEN),
            userData);
    switch (opcode) {
      case IoUringAbi.OP_NOP -> post(userData, 0, 0);
      case IoUringAbi.OP_ASYNC_CANCEL -> post(userData, cancel(address), 0);
      default -> {
        switch (file) {
          case SimEventFd event -> {
            armedOn.add(event);
            event.arm(request);
          }
          case SimHostFile _ -> kernel.start(request);
          case null, default -> post(userData, -Errno.EBADF, 0);
        }
      }
    }
  }

  private int cancel(long userData) {
    for (SimEventFd event : List.copyOf(armedOn)) {
      SimRequest armed = event.find(this, userData);
      if (armed != null) {
        event.disarm(armed);
        complete(armed, -Errno.ECANCELED);
        return 0;
      }
    }
    // A transfer cannot be stopped once the disk has it.
    return kernel.find(this, userData) == null ? -Errno.ENOENT : -Errno.EALREADY;
  }

  // ---- completing ----------------------------------------------------------------------------

  /** The last completion of a request. */
  void complete(SimRequest request, int result) {
    post(request.userData(), result, 0);
  }

  void post(long userData, int result, int flags) {
    if (closed) {
      throw new SimFailure("a ring was closed with a request in flight", null);
    }
    Completion completion = new Completion(userData, result, flags);
    if (cooperates && !(!defers && !waiters.isEmpty())) {
      work.add(completion);
      if (showsWork) {
        flag(IoUringAbi.SQ_TASKRUN, true);
      }
    } else {
      show(completion);
    }
    for (SimWorld.Waiter waiter : List.copyOf(waiters)) {
      world.wake(waiter);
    }
  }

  private void runWork() {
    Completion next;
    while ((next = work.poll()) != null) {
      show(next);
    }
    flag(IoUringAbi.SQ_TASKRUN, false);
    while (!overflown.isEmpty() && hasRoom()) {
      write(overflown.remove());
    }
    flag(IoUringAbi.SQ_CQ_OVERFLOW, !overflown.isEmpty());
  }

  private void show(Completion completion) {
    if (overflown.isEmpty() && hasRoom()) {
      write(completion);
    } else {
      overflown.add(completion);
      flag(IoUringAbi.SQ_CQ_OVERFLOW, true);
    }
  }

  private void write(Completion completion) {
    int tail = rings.get(JAVA_INT, CQ_TAIL);
    long at = CQES + (long) (tail & (cqEntries - 1)) * IoUringAbi.CQE_SIZE;
    rings.set(JAVA_LONG, at + IoUringAbi.CQE_USER_DATA, completion.userData());
    rings.set(JAVA_INT, at + IoUringAbi.CQE_RES, completion.result());
    rings.set(JAVA_INT, at + IoUringAbi.CQE_FLAGS, completion.flags());
    rings.set(JAVA_INT, CQ_TAIL, tail + 1);
  }

  private boolean hasRoom() {
    return rings.get(JAVA_INT, CQ_TAIL) - rings.get(JAVA_INT, CQ_HEAD) < cqEntries;
  }

  private boolean isEmpty() {
    return rings.get(JAVA_INT, CQ_TAIL) == rings.get(JAVA_INT, CQ_HEAD);
  }

  private void flag(int bit, boolean on) {
    int flags = rings.get(JAVA_INT, SQ_FLAGS);
    rings.set(JAVA_INT, SQ_FLAGS, on ? flags | bit : flags & ~bit);
  }

  @Override
  public void close() {
    closed = true;
  }
}
