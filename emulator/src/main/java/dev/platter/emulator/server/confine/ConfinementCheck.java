package dev.platter.emulator.server.confine;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.platter.aio.PlatterException;
import dev.platter.aio.abi.LinuxAbi;
import dev.platter.aio.sys.Errno;
import dev.platter.aio.sys.Libc;
import dev.platter.emulator.host.OwnProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Verifies the confinement of this process by the kernel's own answers. */
final class ConfinementCheck {
  private static final String NO_NEW_PRIVS = "NoNewPrivs:";

  // Most hosts have these, and every user may open them.
  private static final List<String> OUTSIDE =
      List.of("/", "/etc", "/usr", "/etc/passwd", "/var", "/home", "/usr/bin", "/dev");
  private static final long READS = PathRule.READ_TREE;

  private ConfinementCheck() {}

  /** A path to verify with: it can be opened now, and no rule allows it. "" if there is none. */
  static String choosePath(List<PathRule> rules) {
    List<Path> given =
        rules.stream()
            .filter(rule -> (rule.rights() & READS) != 0)
            .map(rule -> real(rule.path()))
            .toList();
    return OUTSIDE.stream()
        .filter(path -> tryOpen(path) == 0)
        .filter(path -> given.stream().noneMatch(real(Path.of(path))::startsWith))
        .findFirst()
        .orElse("");
  }

  private static Path real(Path path) {
    try {
      return path.toRealPath();
    } catch (IOException e) {
      return path.toAbsolutePath().normalize(); // it does not exist, or is not accessible
    }
  }

  /**
   * Tries to open a path for reading, and closes it unread.
   *
   * @return 0 or {@code -errno}
   */
  static int tryOpen(String path) {
    int flags = LinuxAbi.O_RDONLY | LinuxAbi.O_NONBLOCK | LinuxAbi.O_CLOEXEC;
    int fd = Libc.open(path, flags, 0);
    if (fd < 0) {
      return fd;
    }
    Libc.close(fd);
    return 0;
  }

  /** Whether all threads of this process have no_new_privs. */
  static boolean noThreadMayGainPrivileges() {
    try {
      for (Path task : OwnProcess.threads()) {
        if (!hasNoNewPrivs(task)) {
          return false;
        }
      }
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Whether a thread has it, or has ended. */
  static boolean hasNoNewPrivs(Path task) throws IOException {
    try {
      // A name may end in the middle of a character: no charset that can fail.
      for (String line : Files.readAllLines(task.resolve("status"), ISO_8859_1)) {
        if (line.startsWith(NO_NEW_PRIVS)) {
          return line.substring(NO_NEW_PRIVS.length()).strip().equals("1");
        }
      }
      return false;
    } catch (IOException e) {
      if (Files.notExists(task)) {
        return true; // a read fails with ESRCH if the thread ends after its file was opened
      }
      throw e;
    }
  }

  /**
   * Checks that the rules from before the exec are enforced.
   *
   * @throws PlatterException of kind FAILED if they are not
   */
  static void verify(ConfinementMark mark) {
    if (!noThreadMayGainPrivileges()) {
      throw notConfined("a thread of this process lacks no_new_privs");
    }
    if (mark.abi() > 0 && !mark.outside().isEmpty()) {
      int result = tryOpen(mark.outside());
      if (result != -Errno.EACCES) {
        throw notConfined(
            mark.outside() + " can be opened: " + (result < 0 ? Errno.name(result) : "no error"));
      }
    }
  }

  private static PlatterException notConfined(String why) {
    return PlatterException.failed(
        "this process claims to be confined and is not: " + why,
        "Unset " + ConfinementMark.VARIABLE + ", or use --confine off and report it");
  }
}
