package dev.platter.emulator.cli;

import dev.platter.emulator.cli.shared.PlatterCommand;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** {@code platter help}. */
@Command(
    name = "help",
    description = "Tells what there is to do, or how a command is used, as --help does.",
    footer = {
      "  platter help",
      "  platter help bench",
      "  platter help image create",
    })
final class HelpCommand extends PlatterCommand {
  @Parameters(
      arity = "0..*",
      paramLabel = "COMMAND",
      description = "The command (default: platter itself, which lists all commands).")
  private List<String> words = List.of();

  @Override
  public void run() {
    CommandLine command = spec().root().commandLine();
    for (String word : words) {
      CommandLine next = command.getSubcommands().get(word);
      if (next == null) {
        throw new ParameterException(
            command, "there is no command '" + word + "' of " + name(command));
      }
      command = next;
    }
    command.usage(out());
    out().flush();
  }

  private static String name(CommandLine command) {
    return command.getCommandSpec().qualifiedName();
  }
}
