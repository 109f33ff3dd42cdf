package dev.platter.aio.file;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Whether a process runs, or is dying. */
public final class ProcessState {
  private static final int PF_EXITING = 0x4; // linux/sched.h
  private static final long SIGKILL_BIT = 1L << (9 - 1);
  private static final int FLAGS_AFTER_STATE = 6; // proc(5): state is field 3, flags is field 9

  private ProcessState() {}

  /**
   * Whether a process has been killed or is exiting. Its threads may stay long after that, until
   * their requests to a disk are done, and its files stay open meanwhile.
   *
   * @return false also if no such process is visible
   */
  public static boolean dying(long pid) {
    Path process = Path.of("/proc", Long.toString(pid));
    try {
      // A name may end in the middle of a character: no charset that can fail.
      String stat = Files.readString(process.resolve("stat"), ISO_8859_1);
      // "4711 (a name) S 1 ...": the name may have brackets and blanks in it.
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", FLAGS_AFTER_STATE + 2);
      if ("ZXx".contains(fields[0])
          || (Long.parseLong(fields[FLAGS_AFTER_STATE]) & PF_EXITING) != 0) {
        return true;
      }
      for (String line : Files.readAllLines(process.resolve("status"), ISO_8859_1)) {
        if ((line.startsWith("SigPnd:") || line.startsWith("ShdPnd:"))
            && (Long.parseUnsignedLong(line.substring(7).trim(), 16) & SIGKILL_BIT) != 0) {
          return true;
        }
      }
      return false;
    } catch (IOException | RuntimeException e) {
      return false; // the process has gone, or is hidden from this user
    }
  }

  /** Whether a process with that id is visible. */
  static boolean visible(long pid) {
    return Files.exists(Path.of("/proc", Long.toString(pid), "stat"));
  }
}
