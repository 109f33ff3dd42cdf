package dev.platter.emulator.server.config;

import dev.platter.aio.PlatterException;
import java.util.regex.Pattern;

/** The names of exports and IOThreads: they appear in thread names and log lines. */
public final class Names {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,39}");

  private Names() {}

  /**
   * Refuses a name that cannot be used.
   *
   * @param what what is called so, for the error
   * @throws PlatterException of kind BAD_INPUT
   */
  public static void check(String what, String name) {
    if (!NAME.matcher(name).matches()) {
      throw PlatterException.badInput(
          what + " '" + name + "' cannot be used",
          "Use up to 40 letters, digits, dots, dashes and underscores, the first a letter or"
              + " digit");
    }
  }
}
