package dev.platter.aio.file;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.platter.aio.abi.LinuxAbi;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the processes that hold a file lock. The kernel lists each descriptor's locks in {@code
 * /proc/PID/fdinfo/FD}, but does not name the holder of an OFD lock otherwise. Only processes that
 * the caller may inspect are seen.
 */
public final class LockHolders {
  // "lock: 1: OFDLCK ADVISORY WRITE -1 fe:00:4711 0 EOF": the last two are the first and last byte.
  private static final Pattern RANGE = Pattern.compile(" (\\d+) (\\d+|EOF)$");

  private LockHolders() {}

  /**
   * Finds the living holders of locks on a file.
   *
   * @return lines such as {@code "pid 4711 (qemu-system-x86), write lock"}; empty if none is
   *     visible
   */
  public static List<String> of(FileFacts file) {
    List<String> holders = new ArrayList<>();
    // As the kernel prints it: device in two-digit hex, inode in decimal (fs/locks.c).
    String id =
        String.format(
            "%02x:%02x:%s",
            file.deviceMajor(), file.deviceMinor(), Long.toUnsignedString(file.inode()));
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        collect(process, id, holders);
      }
    } catch (IOException | DirectoryIteratorException e) {
      return holders; // no /proc: nothing to tell
    }
    return holders;
  }

  /**
   * The visible holders; if none is visible although there is a lock, one line that says so.
   *
   * @param locked as {@link OfdLock#locked} tells
   */
  static List<String> orHidden(List<String> visible, int locked) {
    if (!visible.isEmpty() || locked == LinuxAbi.F_UNLCK) {
      return visible;
    }
    return List.of(
        "a process that this user cannot see, "
            + (locked == LinuxAbi.F_WRLCK ? "write lock" : "read lock"));
  }

  private static void collect(Path process, String id, List<String> holders) {
    try (DirectoryStream<Path> infos = Files.newDirectoryStream(process.resolve("fdinfo"))) {
      for (Path info : infos) {
        collectFrom(info, process, id, holders);
      }
    } catch (IOException | DirectoryIteratorException e) {
      // The process ended, or is not ours to inspect.
      return;
    }
  }

  private static boolean isOnImage(String line) {
    Matcher range = RANGE.matcher(line);
    return range.find() && Long.parseLong(range.group(1)) < LockBytes.IMAGE_LENGTH;
  }

  /** A process's name: 15 bytes, which may end in the middle of a character. */
  private static String comm(Path process) throws IOException {
    return new String(Files.readAllBytes(process.resolve("comm")), UTF_8).trim();
  }

  private static void collectFrom(Path info, Path process, String id, List<String> holders) {
    try {
      for (String line : Files.readAllLines(info)) {
        if (line.startsWith("lock:") && line.contains(" " + id + " ") && isOnImage(line)) {
          String kind = line.contains("WRITE") ? "write lock" : "read lock";
          String name = comm(process);
          String holder = "pid " + process.getFileName() + " (" + name + "), " + kind;
          long pid = Long.parseLong(String.valueOf(process.getFileName()));
          if (!holders.contains(holder) && !ProcessState.dying(pid)) {
            holders.add(holder);
          }
        }
      }
    } catch (IOException e) {
      // This descriptor was closed meanwhile; the next may hold the lock.
      return;
    }
  }
}
