package dev.platter.aio.socket;

import dev.platter.aio.event.HeldUpPipes;
import java.util.Arrays;

/**
 * Descriptors that came with a message and have no owner yet, in the order they were sent. The
 * handler of the message takes the descriptors that it knows; {@link #discard} closes the rest. For
 * one thread.
 */
public final class ReceivedFds implements AutoCloseable {
  private final HeldUpPipes heldUpPipes;
  private int[] fds = new int[8];
  private int count;
  private int taken;

  /** Creates room for descriptors of a peer whose pipes are not counted. */
  public ReceivedFds() {
    this(new HeldUpPipes());
  }

  /**
   * Creates room for descriptors of a client.
   *
   * @param heldUpPipes closes the descriptors that were not taken, and counts the pipes among them
   */
  public ReceivedFds(HeldUpPipes heldUpPipes) {
    this.heldUpPipes = heldUpPipes;
  }

  void add(int fd) {
    if (count == fds.length) {
      fds = Arrays.copyOf(fds, 2 * count);
    }
    fds[count++] = fd;
  }

  /** How many descriptors are still to be taken. */
  public int size() {
    return count - taken;
  }

  /**
   * Takes the next descriptor, which the caller then owns.
   *
   * @throws IllegalStateException if {@link #size} is 0
   */
  public int take() {
    if (taken == count) {
      throw new IllegalStateException("no descriptor left");
    }
    return fds[taken++];
  }

  /** The descriptor that is taken next; it stays here. */
  public int peek() {
    if (taken == count) {
      throw new IllegalStateException("no descriptor left");
    }
    return fds[taken];
  }

  /** Closes the descriptors that were not taken, and is ready for the next message. */
  public void discard() {
    while (taken < count) {
      heldUpPipes.discard(fds[taken++]);
    }
    taken = 0;
    count = 0;
  }

  @Override
  public void close() {
    discard();
  }
}
