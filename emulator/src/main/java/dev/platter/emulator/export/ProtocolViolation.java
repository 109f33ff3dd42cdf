package dev.platter.emulator.export;

import java.io.IOException;

/** An act of a client that its protocol forbids. The client loses its connection. */
public final class ProtocolViolation extends IOException {
  private static final long serialVersionUID = 1;

  private final boolean heldUpOthers;

  /**
   * Creates a violation.
   *
   * @param what the client did, in one line that says which message and what was wrong with it
   */
  public ProtocolViolation(String what) {
    this(what, false);
  }

  private ProtocolViolation(String what, boolean heldUpOthers) {
    super(what);
    this.heldUpOthers = heldUpOthers;
  }

  /** A violation that has held up a loop, and with it the other clients of that loop. */
  public static ProtocolViolation byFullEventFd() {
    return new ProtocolViolation("the client has filled the counter of an eventfd", true);
  }

  /** Whether other clients have waited for it. */
  boolean heldUpOthers() {
    return heldUpOthers;
  }
}
