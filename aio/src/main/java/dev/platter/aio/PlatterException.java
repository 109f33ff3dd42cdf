package dev.platter.aio;

import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.ErrnoException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A failure of set-up or of a whole run. It tells its reader the kind of failure, the operation and
 * its object, and a remedy. Programs tell failures apart by {@link #kind}, {@link #path} and {@link
 * #errno}; messages are for people and may change. Failures that a guest may see are values and
 * never this exception.
 */
public final class PlatterException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What kind of failure. */
  public enum Kind {
    /** The run itself failed: an I/O error, a verification mismatch. */
    FAILED,
    /** A bad option, path or image. */
    BAD_INPUT,
    /** The host lacks something: io_uring, a kernel feature, a limit. */
    HOST_LACKS
  }

  private final Kind kind;
  private final @Nullable String remedy;
  private final @Nullable String path;
  private final int errno;
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
    this(kind, message, remedy, cause, pathOf(cause), errnoOf(cause));
  }

  private PlatterException(
      Kind kind,
      String message,
      @Nullable String remedy,
      @Nullable Throwable cause,
      @Nullable String path,
      int errno,
      PlatterException... parts) {
    super(message, cause);
    this.kind = kind;
    this.remedy = remedy;
    this.path = path;
    this.errno = errno;
    this.parts = parts;
  }

  /**
   * Joins several failures into one; a single failure is returned as it is. The joined failure is
   * of kind BAD_INPUT if any part is, because users mend their input first.
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
        null,
        null,
        null,
        0,
        failures.toArray(PlatterException[]::new));
  }

  /**
   * The failures that this failure consists of, each with its own remedy; only itself if it is not
   * joined.
   */
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
   * The same failure with the path and the error number that programs ask for. A cause that has
   * both, such as {@link FileSystemException}, passes them on by itself.
   *
   * @param path the file, directory or socket, as it was named; null if it is none
   * @param errno the kernel's positive error number, or 0 if no system call was refused
   */
  public PlatterException at(@Nullable String path, int errno) {
    return new PlatterException(kind, text(), remedy, getCause(), path, errno, parts);
  }

  private static @Nullable String pathOf(@Nullable Throwable cause) {
    return cause instanceof FileSystemException failure ? failure.getFile() : null;
  }

  private static int errnoOf(@Nullable Throwable cause) {
    return switch (cause) {
      case ErrnoException failure -> failure.errno();
      case NoSuchFileException _ -> Errno.ENOENT;
      case FileAlreadyExistsException _ -> Errno.EEXIST;
      case AccessDeniedException _ -> Errno.EACCES;
      case NotDirectoryException _ -> Errno.ENOTDIR;
      case IOException failure when failure.getCause() instanceof ErrnoException its -> its.errno();
      case null, default -> 0;
    };
  }

  /**
   * The same failure with another remedy; this failure becomes the cause.
   *
   * @param remedy what the user can do about it
   */
  public PlatterException withRemedy(String remedy) {
    return new PlatterException(kind, text(), remedy, this, path, errno);
  }

  /**
   * The same failure, told with the place of it; this failure becomes the cause.
   *
   * @param where the place; the new message begins with it and a colon
   */
  public PlatterException within(String where) {
    return new PlatterException(kind, where + ": " + text(), remedy, this, path, errno);
  }

  /** What kind of failure this is. */
  public Kind kind() {
    return kind;
  }

  private String text() {
    return String.valueOf(getMessage());
  }

  /** The file, directory or socket that could not be used, as it was named; null if it is none. */
  public @Nullable String path() {
    return path;
  }

  /** The kernel's positive error number; 0 if no system call was refused, or several failed. */
  public int errno() {
    return errno;
  }

  /** What to do about it, or null. */
  public @Nullable String remedy() {
    return remedy;
  }
}
