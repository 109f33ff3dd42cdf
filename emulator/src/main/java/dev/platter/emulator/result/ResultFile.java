package dev.platter.emulator.result;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.file.IoReason;
import dev.platter.aio.file.PathLimits;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.function.Predicate;

/**
 * A kind of file that results go to. A file appears whole or not at all: it is written beside its
 * place and renamed. A device or pipe is written in place. Nothing but a file of the same kind is
 * overwritten.
 *
 * @param what what is written, as in "cannot write JSON"
 * @param ours what a file may hold and be overwritten
 * @param otherwise what to do about a file that holds something else
 * @param isOurs whether a file's first bytes, up to {@value #HEAD_BYTES}, one character each, are
 *     of this kind; not asked about empty files
 */
public record ResultFile(String what, String ours, String otherwise, Predicate<String> isOurs) {
  private static final int HEAD_BYTES = 64;

  /**
   * Checks, before any work is done for it, that the file can be written there later.
   *
   * @throws PlatterException of kind BAD_INPUT if it cannot
   */
  public void checkWritable(String target) {
    PathLimits.check(target);
    Path file;
    try {
      file = Path.of(target).toAbsolutePath();
    } catch (InvalidPathException e) {
      throw badInput(target, "it is no path", "Name a file");
    }
    if (Files.isDirectory(file)) {
      throw badInput(target, "it is a directory", "Name a file in it");
    }
    if (!isOurs(file)) {
      throw badInput(target, "it exists and holds something else than " + ours, otherwise);
    }
    if (replaceable(file)) {
      Path directory = directory(target, resolved(file));
      if (!Files.isWritable(directory)) {
        throw badInput(
            target,
            "no permission to create files in " + directory,
            "Choose a directory that you may write to");
      }
    }
  }

  private PlatterException badInput(String target, String why, String remedy) {
    return PlatterException.badInput("cannot write " + what + " to " + target + ": " + why, remedy);
  }

  /**
   * Whether nothing of value is lost: no file, an empty one, ours, or a character device or pipe.
   */
  private boolean isOurs(Path file) {
    if (Files.notExists(file)) {
      return true;
    }
    try {
      int type = (Integer) Files.getAttribute(file, "unix:mode") & LinuxAbi.S_IFMT;
      if (type != LinuxAbi.S_IFREG) {
        return type != LinuxAbi.S_IFBLK;
      }
      try (InputStream in = Files.newInputStream(file)) {
        String head = new String(in.readNBytes(HEAD_BYTES), ISO_8859_1);
        return head.isEmpty() || isOurs.test(head);
      }
    } catch (AccessDeniedException e) {
      return false; // a rename would replace it all the same
    } catch (IOException e) {
      return true; // the write will tell
    }
  }

  private Path directory(String target, Path file) {
    Path directory = file.getParent();
    if (directory == null || !Files.isDirectory(directory)) {
      throw badInput(
          target,
          "there is no directory " + directory,
          "Create the directory first: mkdir -p " + directory);
    }
    return directory;
  }

  /**
   * Writes the file.
   *
   * @param remedy what to do if that fails
   * @throws PlatterException of kind FAILED if it could not be written; nothing is left behind then
   */
  public void write(String target, String text, String remedy) {
    Path file = Path.of(target).toAbsolutePath();
    try {
      if (replaceable(file)) {
        replace(target, resolved(file), text);
      } else {
        Files.writeString(file, text, UTF_8, StandardOpenOption.WRITE);
      }
    } catch (IOException e) {
      throw new PlatterException(
          PlatterException.Kind.FAILED,
          "cannot write " + what + " to " + target + ": " + IoReason.of(e),
          remedy,
          e);
    }
  }

  private void replace(String target, Path file, String text) throws IOException {
    // Not the file's name and more: that may already be as long as names can be.
    String name = ".platter-" + ProcessHandle.current().pid() + "-" + target.hashCode() + ".tmp";
    Path beside = directory(target, file).resolve(name);
    try {
      Files.writeString(beside, text, UTF_8);
      Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(beside);
    }
  }

  /** Whether a rename may put a file there: over nothing or a regular file, not over /dev/null. */
  private static boolean replaceable(Path file) {
    return Files.notExists(file) || Files.isRegularFile(file);
  }

  /** Follows links, so that a link to a file stays a link. */
  private static Path resolved(Path file) {
    try {
      return file.toRealPath();
    } catch (IOException e) {
      return file; // it does not exist yet
    }
  }
}
