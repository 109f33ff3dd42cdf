package dev.platter.emulator.export;

import java.io.IOException;

/** A client did what its protocol forbids: it loses its connection. */
public final class ProtocolViolation extends IOException {
  private static final long serialVersionUID = 1;

  /**
   * Creates a violation.
   *
   * @param what the client did, in one line that says which message and what was wrong with it
   */
  public ProtocolViolation(String what) {
    super(what);
  }
}
