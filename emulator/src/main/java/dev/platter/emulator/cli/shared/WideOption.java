package dev.platter.emulator.cli.shared;

import dev.platter.emulator.text.TextTable;
import picocli.CommandLine.Option;

/** {@code --wide}, of the commands that print tables of figures. */
public final class WideOption {
  private static final int USUAL = 80;

  @Option(
      names = "--wide",
      description =
          "Print all columns of tables (default: those that fit the terminal; 80 characters where"
              + " there is none).")
  private boolean wide;

  /** How many characters a line of a table may have. */
  public int columns() {
    return wide ? TextTable.WIDE : Terminal.columns(USUAL);
  }
}
