package dev.platter.emulator.result.document;

/** A document that is not as {@code docs/json.md} says. The message names the key. */
public final class MalformedDocument extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Creates it. */
  public MalformedDocument(String message) {
    super(message);
  }

  /**
   * Of a key.
   *
   * @param path the key with the keys around it, perhaps behind the document's number and a colon
   * @param what what is wrong: {@code is not a number}
   */
  public static MalformedDocument at(String path, String what) {
    return new MalformedDocument("'" + path.replaceFirst("^\\d+:", "") + "' " + what);
  }
}
