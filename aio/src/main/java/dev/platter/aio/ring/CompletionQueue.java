package dev.platter.aio.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.platter.aio.abi.IoUringAbi;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * The CQ. The thread that enters the ring takes CQEs one by one: {@link #next}, then the accessors,
 * then the next {@link #next}, which frees the last. {@link #isEmpty} may be asked from that thread
 * at any time.
 */
public final class CompletionQueue {
  private static final VarHandle INT = JAVA_INT.varHandle();

  private final MemorySegment ring;
  private final long headOffset;
  private final long tailOffset;
  private final long overflowOffset;
  private final long cqesOffset;
  private final int mask;
  private int head;
  private long current;

  CompletionQueue(MemorySegment ring, MemorySegment offsets, int entries) {
    this.ring = ring;
    this.headOffset = offsets.get(JAVA_INT, IoUringAbi.CQ_OFF_HEAD);
    this.tailOffset = offsets.get(JAVA_INT, IoUringAbi.CQ_OFF_TAIL);
    this.overflowOffset = offsets.get(JAVA_INT, IoUringAbi.CQ_OFF_OVERFLOW);
    this.cqesOffset = offsets.get(JAVA_INT, IoUringAbi.CQ_OFF_CQES);
    this.mask = entries - 1;
  }

  /** Whether there is nothing to take. */
  public boolean isEmpty() {
    return head == (int) INT.getAcquire(ring, tailOffset);
  }

  /**
   * Takes the next CQE: its fields are copied out by the accessors, and its place is given back to
   * the kernel by {@link #release}.
   *
   * @return false if there is none
   */
  public boolean next() {
    // Acquire: pairs with the kernel's release of the tail, so the CQE is complete.
    if (isEmpty()) {
      return false;
    }
    current = cqesOffset + (long) (head & mask) * IoUringAbi.CQE_SIZE;
    return true;
  }

  /** The current CQE's user_data. */
  public long userData() {
    return ring.get(JAVA_LONG, current + IoUringAbi.CQE_USER_DATA);
  }

  /** The current CQE's result: {@code >= 0} or {@code -errno}. */
  public int result() {
    return ring.get(JAVA_INT, current + IoUringAbi.CQE_RES);
  }

  /** The current CQE's flags. */
  public int cqeFlags() {
    return ring.get(JAVA_INT, current + IoUringAbi.CQE_FLAGS);
  }

  /** Gives the current CQE's place back to the kernel. */
  public void release() {
    head++;
    // Release: our reads of the CQE come before the kernel may overwrite it.
    INT.setRelease(ring, headOffset, head);
  }

  /** How many CQEs the kernel had no room for and no memory to keep; 0 with FEAT_NODROP. */
  public int overflow() {
    return (int) INT.getOpaque(ring, overflowOffset);
  }
}
