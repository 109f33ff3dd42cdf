package dev.platter.aio.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.platter.aio.abi.IoUringAbi;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * The SQ: SQEs are filled behind a private tail and become visible to the kernel in {@link
 * #publish}. Filling and publishing need the ring's owner, or the lock that it shares; {@link
 * #flags} may be read by the entering thread without it.
 */
public final class SubmissionQueue {
  private static final VarHandle INT = JAVA_INT.varHandle();

  private final MemorySegment ring;
  private final Sqe sqe;
  private final long headOffset;
  private final long tailOffset;
  private final long flagsOffset;
  private final int entries;
  private final int mask;
  private int tail;

  SubmissionQueue(
      MemorySegment ring, MemorySegment sqes, MemorySegment offsets, int entries, boolean array) {
    this.ring = ring;
    this.sqe = new Sqe(sqes);
    this.headOffset = offsets.get(JAVA_INT, IoUringAbi.SQ_OFF_HEAD);
    this.tailOffset = offsets.get(JAVA_INT, IoUringAbi.SQ_OFF_TAIL);
    this.flagsOffset = offsets.get(JAVA_INT, IoUringAbi.SQ_OFF_FLAGS);
    this.entries = entries;
    this.mask = entries - 1;
    if (array) {
      // The index array stays the identity: SQEs are used in ring order.
      long arrayOffset = offsets.get(JAVA_INT, IoUringAbi.SQ_OFF_ARRAY);
      for (int i = 0; i < entries; i++) {
        ring.set(JAVA_INT, arrayOffset + (long) i * Integer.BYTES, i);
      }
    }
  }

  private int head() {
    return (int) INT.getAcquire(ring, headOffset);
  }

  /** Whether {@link #next} has an SQE to give. */
  public boolean hasRoom() {
    return tail - head() < entries;
  }

  /**
   * Takes the next SQE, zeroed, to be filled before {@link #publish}.
   *
   * @return a flyweight that is valid until the next call
   * @throws IllegalStateException if there is no room
   */
  public Sqe next() {
    if (!hasRoom()) {
      throw new IllegalStateException("submission queue is full");
    }
    sqe.moveTo(tail & mask);
    tail++;
    return sqe;
  }

  /** Gives back the SQE that {@link #next} gave last; it must not have been published. */
  public void takeBack() {
    tail--;
  }

  /** How many SQEs the kernel has not consumed, published or not. */
  public int pending() {
    return tail - head();
  }

  /**
   * Makes all filled SQEs visible to the kernel.
   *
   * @return how many it has yet to consume
   */
  public int publish() {
    // Release: the kernel reads the tail with acquire and then the SQEs.
    INT.setRelease(ring, tailOffset, tail);
    return pending();
  }

  /** The kernel's SQ flags: {@code SQ_TASKRUN}, {@code SQ_CQ_OVERFLOW}. */
  public int flags() {
    return (int) INT.getOpaque(ring, flagsOffset);
  }

  /** SQ size in entries. */
  public int entries() {
    return entries;
  }

  /** The SQEs that the kernel has not consumed, for humans. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("SQ[").append(pending()).append(" pending");
    for (int i = head(); i != tail; i++) {
      text.append("; ").append(sqe.describe(i & mask));
    }
    return text.append(']').toString();
  }
}
