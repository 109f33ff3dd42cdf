package dev.platter.aio;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A failure of set-up or of a whole run, told so that its reader can act: what kind it is, what was
 * being done to what, and what to do about it. Failures that a guest may see are values, not this.
 */
public final class PlatterException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What kind of failure; each kind is one documented exit code of the command line. */
  public enum Kind {
    /** The run itself failed: an I/O error, a verification mismatch. Exit code 1. */
    FAILED(1),
    /** A bad option, path or image. Exit code 2. */
    BAD_INPUT(2),
    /** The host lacks something: io_uring, a kernel feature, a limit. Exit code 3. */
    HOST_LACKS(3);

    private final int exitCode;

    Kind(int exitCode) {
      this.exitCode = exitCode;
    }

    /** The process exit code for this kind. */
    public int exitCode() {
      return exitCode;
    }
  }

  private final Kind kind;
  private final @Nullable String remedy;
  private final PlatterException[] parts;

  /**
   * Creates a failure.
   *
   * @param kind what kind it is
   * @param message what failed, on what, in one sentence without a final full stop
   * @param remedy what the user can do about it, or null where nothing is known to help
   * @param cause the underlying exception, or null
   */
  public PlatterException(
      Kind kind, String message, @Nullable String remedy, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
    this.remedy = remedy;
    this.parts = new PlatterException[0];
  }

  private PlatterException(Kind kind, String message, List<PlatterException> parts) {
    super(message);
    this.kind = kind;
    this.remedy = null;
    this.parts = parts.toArray(new PlatterException[0]);
  }

  /**
   * Several failures as one, or the only one itself. It is of kind BAD_INPUT if one of them is:
   * what the user has said is looked at first.
   *
   * @param failures at least one
   */
  public static PlatterException of(List<PlatterException> failures) {
    if (failures.size() == 1) {
      return failures.getFirst();
    }
    boolean badInput = failures.stream().anyMatch(failure -> failure.kind == Kind.BAD_INPUT);
    return new PlatterException(
        badInput ? Kind.BAD_INPUT : failures.getFirst().kind,
        failures.stream().map(PlatterException::getMessage).collect(Collectors.joining("; ")),
        failures);
  }

  /** The failures that this one consists of, each with its own remedy; itself if it is one. */
  public List<PlatterException> parts() {
    return parts.length == 0 ? List.of(this) : List.of(parts);
  }

  /** A failure of kind {@link Kind#FAILED}. */
  public static PlatterException failed(String message, @Nullable String remedy) {
    return new PlatterException(Kind.FAILED, message, remedy, null);
  }

  /** A failure of kind {@link Kind#BAD_INPUT}. */
  public static PlatterException badInput(String message, @Nullable String remedy) {
    return new PlatterException(Kind.BAD_INPUT, message, remedy, null);
  }

  /** A failure of kind {@link Kind#HOST_LACKS}. */
  public static PlatterException hostLacks(String message, @Nullable String remedy) {
    return new PlatterException(Kind.HOST_LACKS, message, remedy, null);
  }

  /**
   * The same failure, told with where it was met; this one is its cause.
   *
   * @param where what its message then begins with, before a colon
   */
  public PlatterException within(String where) {
    return new PlatterException(kind, where + ": " + getMessage(), remedy, this);
  }

  /** What kind of failure this is. */
  public Kind kind() {
    return kind;
  }

  /** What to do about it, or null. */
  public @Nullable String remedy() {
    return remedy;
  }
}
