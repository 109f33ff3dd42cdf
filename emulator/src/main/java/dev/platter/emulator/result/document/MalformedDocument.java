package dev.platter.emulator.result.document;

/** A document differs from what {@code docs/json.md} says. The message names the key. */
public final class MalformedDocument extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Creates it. */
  public MalformedDocument(String message) {
    super(message);
  }

  /**
   * The value of a key is wrong or missing.
   *
   * @param path the key behind the keys of the objects around it; the document's number and a colon
   *     may precede them, and the message leaves those out
   * @param what the fault, as a predicate: {@code is not a number}
   */
  public static MalformedDocument at(String path, String what) {
    return new MalformedDocument("'" + path.replaceFirst("^\\d+:", "") + "' " + what);
  }
}
