package dev.platter.emulator.cli.shared;

import dev.platter.aio.PlatterException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/**
 * Refuses options that were given and do nothing beside others: whoever gives one believes that it
 * does.
 */
public final class OptionEffects {
  private final ParseResult given;

  /** Of the command line that was given to a command. */
  public OptionEffects(CommandSpec spec) {
    given = spec.commandLine().getParseResult();
  }

  /**
   * Refuses options without effect, if they were given.
   *
   * @param effective whether they have one
   * @param without what they have none with, or without, as "with --device ahci"
   * @param remedy what would give them one
   * @throws PlatterException of kind BAD_INPUT
   */
  public OptionEffects check(boolean effective, String without, String remedy, String... options) {
    for (String option : options) {
      if (!effective && given.hasMatchedOption(option)) {
        throw PlatterException.badInput(
            option + " has no effect " + without, remedy + ", or leave " + option + " out");
      }
    }
    return this;
  }
}
