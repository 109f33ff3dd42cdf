package dev.platter.guestimages;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;

/**
 * A failure to make or check an image or a guest, which tells its reader the failed operation, its
 * object and a remedy. This module depends on no other, so the command line maps this exception to
 * its own exit codes.
 */
public final class GuestImageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What kind of failure. */
  public enum Kind {
    /** The work itself failed: an I/O error, a program that ended with an error. */
    FAILED,
    /** A bad option, path or file given by the caller. */
    BAD_INPUT,
    /** The host lacks something: a program, a package list, a library. */
    HOST_LACKS
  }

  private final Kind kind;
  private final @Nullable String remedy;

  /**
   * Creates a failure.
   *
   * @param message what failed, on what, in one sentence without a final full stop
   * @param remedy what the user can do about it, or null where nothing is known to help
   * @param cause the underlying exception, or null
   */
  public GuestImageException(
      Kind kind, String message, @Nullable String remedy, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
    this.remedy = remedy;
  }

  static GuestImageException failed(String message, @Nullable String remedy) {
    return new GuestImageException(Kind.FAILED, message, remedy, null);
  }

  static GuestImageException badInput(String message, @Nullable String remedy) {
    return new GuestImageException(Kind.BAD_INPUT, message, remedy, null);
  }

  static GuestImageException hostLacks(String message, @Nullable String remedy) {
    return new GuestImageException(Kind.HOST_LACKS, message, remedy, null);
  }

  /** An I/O error while doing {@code what}. */
  static GuestImageException io(String what, IOException cause) {
    return new GuestImageException(Kind.FAILED, what + " failed: " + reason(cause), null, cause);
  }

  /**
   * Why a file could not be used; the message of Java's own exceptions may be only the file's name.
   */
  static String reason(IOException failure) {
    return switch (failure) {
      case NoSuchFileException e -> "there is no " + e.getFile();
      case AccessDeniedException e -> "permission denied for " + e.getFile();
      case FileSystemException e when e.getReason() != null -> e.getReason();
      default -> String.valueOf(failure.getMessage());
    };
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
