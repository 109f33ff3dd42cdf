package dev.platter.emulator.result.page;

/** A document that is not as {@code docs/json.md} says. The message names the key. */
public final class MalformedDocument extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Creates it. */
  MalformedDocument(String message) {
    super(message);
  }
}
