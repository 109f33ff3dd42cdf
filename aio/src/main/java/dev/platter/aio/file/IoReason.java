package dev.platter.aio.file;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Objects;

/**
 * Why a file could not be used, in words for people. The messages of Java's own exceptions do not
 * say it: the message for a missing file, for example, is only the file's name.
 */
public final class IoReason {
  private IoReason() {}

  /** The reason, without the file's name. */
  public static String of(UncheckedIOException failure) {
    return of(Objects.requireNonNull(failure.getCause()));
  }

  /** The reason, without the file's name. */
  public static String of(IOException failure) {
    return switch (failure) {
      case NoSuchFileException _ -> "there is no such file or directory";
      case FileAlreadyExistsException _ -> "it exists already";
      case AccessDeniedException _ -> "permission denied";
      case NotDirectoryException _ -> "it is no directory";
      case DirectoryNotEmptyException _ -> "the directory is not empty";
      case FileSystemException e when e.getReason() != null -> e.getReason();
      case CharacterCodingException _ -> "it is not UTF-8";
      case EOFException _ -> "it ends too early";
      case ClosedChannelException _ -> "it was closed";
      default -> {
        String message = failure.getMessage();
        yield message == null || message.isBlank() ? "the system gives no reason" : message;
      }
    };
  }
}
