package dev.platter.emulator.server.confine;

import org.jspecify.annotations.Nullable;

/**
 * A message from the first JVM to the second, in the environment. It says what to verify, and
 * proves nothing.
 *
 * @param pid the process
 * @param abi the Landlock that was enforced, or a negated errno
 * @param outside a path that could be opened before, and must not be any more; "" for none
 */
record ConfinementMark(long pid, int abi, String outside) {
  static final String VARIABLE = "PLATTER_CONFINED";

  /** Parses a mark; null if there is none, or if it is for another process, such as the parent. */
  static @Nullable ConfinementMark of(@Nullable String value, long pid) {
    String[] words = value == null ? new String[0] : value.split(":", 3);
    if (words.length != 3 || !words[0].equals(Long.toString(pid))) {
      return null;
    }
    try {
      return new ConfinementMark(pid, Integer.parseInt(words[1]), words[2]);
    } catch (NumberFormatException e) {
      return null; // not written by Platter
    }
  }

  String value() {
    return pid + ":" + abi + ":" + outside;
  }
}
