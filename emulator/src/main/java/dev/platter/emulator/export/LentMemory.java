package dev.platter.emulator.export;

import java.util.Locale;

/** Messages about the memory that a client lends. */
public final class LentMemory {
  private static final long MIB = 1 << 20;

  private LentMemory() {}

  /**
   * Why a guest cannot have more memory.
   *
   * @param moreBytes the memory to be added, when the guest starts or later
   * @param lentBytes the memory that the client lends already
   * @param maxBytes the memory that the client may lend
   */
  public static String tooMuch(long moreBytes, long lentBytes, long maxBytes) {
    return String.format(
        Locale.ROOT,
        "%s more than the %s that the client lends already would exceed the %s that it may lend:"
            + " guest-memory= of the export, by default the memory limit of the server's cgroup",
        mib(moreBytes),
        mib(lentBytes),
        mib(maxBytes));
  }

  private static String mib(long bytes) {
    return bytes % MIB == 0 ? bytes / MIB + " MiB" : bytes + " bytes";
  }
}
