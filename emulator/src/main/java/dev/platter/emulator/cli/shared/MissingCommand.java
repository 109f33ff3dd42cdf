package dev.platter.emulator.cli.shared;

import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** A command was given that only groups others: which of them is meant is to be said. */
public final class MissingCommand extends ParameterException {
  private static final long serialVersionUID = 1L;

  /** Blames a command. */
  public MissingCommand(CommandLine group) {
    super(
        group,
        group.getParent() == null
            ? "a command is missing"
            : "a command is missing after '" + group.getCommandName() + "'");
  }
}
