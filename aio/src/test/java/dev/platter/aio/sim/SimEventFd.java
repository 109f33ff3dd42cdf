package dev.platter.aio.sim;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.platter.aio.abi.IoUringAbi;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An eventfd, with the reads and polls of rings that are armed on it. */
final class SimEventFd implements SimFile {
  private final List<SimRequest> armed = new ArrayList<>();
  private long counter;

  SimEventFd(long initial) {
    counter = initial;
  }

  /** A read or a poll of a ring, which completes when there is something. */
  void arm(SimRequest request) {
    armed.add(request);
    if (counter > 0) {
      ready();
    }
  }

  boolean disarm(SimRequest request) {
    return armed.remove(request);
  }

  /** What waits with a number of a ring, or null. */
  @Nullable SimRequest find(SimRing ring, long userData) {
    for (SimRequest request : armed) {
      if (request.ring() == ring && request.userData() == userData) {
        return request;
      }
    }
    return null;
  }

  void add(long value) {
    counter += value;
    ready();
  }

  private void ready() {
    for (SimRequest request : List.copyOf(armed)) {
      if (request.opcode() == IoUringAbi.OP_POLL_ADD) {
        request.ring().post(request.userData(), 1, IoUringAbi.CQE_F_MORE);
      } else if (counter > 0) {
        armed.remove(request);
        SimMemory.at(request.address(), 8).set(JAVA_LONG_UNALIGNED, 0, counter);
        counter = 0;
        request.ring().complete(request, 8);
      }
    }
  }

  @Override
  public void close() {
    if (!armed.isEmpty()) {
      throw new SimFailure("an eventfd is closed that a ring still has a request on", null);
    }
  }
}
