package dev.platter.emulator.release;

import dev.platter.emulator.cli.Platter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import picocli.AutoComplete;
import picocli.CommandLine;

/**
 * The manual pages and completions of all commands. Their texts depend on the command line and the
 * version only, so two builds make the same bytes.
 */
public final class CommandTexts {
  private static final String COMMAND = "platter";

  private CommandTexts() {}

  /**
   * Writes them to where a prefix such as {@code /usr} has them below {@code share}.
   *
   * @param args the directory {@code share}, which is made if it is not there, and the version
   */
  public static void main(String[] args) throws IOException {
    for (Map.Entry<String, String> text : all(args[1]).entrySet()) {
      Path file = Path.of(args[0]).resolve(text.getKey());
      Files.createDirectories(file.resolveSibling(""));
      Files.writeString(file, text.getValue());
    }
  }

  /** All texts by their paths below {@code share}, in the order of those. */
  static Map<String, String> all(String version) {
    Map<String, String> texts = new TreeMap<>();
    addPages(new CommandLine(new Platter()), version, texts);
    texts.put("bash-completion/completions/" + COMMAND, bash());
    texts.put("zsh/site-functions/_" + COMMAND, zsh());
    return texts;
  }

  private static void addPages(CommandLine command, String version, Map<String, String> texts) {
    String file = ManPage.name(command) + "." + ManPage.SECTION;
    texts.put("man/man" + ManPage.SECTION + "/" + file, ManPage.of(command, version));
    command.getSubcommands().values().forEach(each -> addPages(each, version, texts));
  }

  /** A script that bash-completion loads when the command is completed for the first time. */
  private static String bash() {
    return AutoComplete.bash(COMMAND, new CommandLine(new Platter()));
  }

  /** The same script as a function of zsh's completion system, which has an interpreter for it. */
  private static String zsh() {
    return "#compdef "
        + COMMAND
        + "\ncompopt() { :; } # bash has it, and bashcompinit does not\n"
        + bash()
        + "\n# This file is run by the first completion, which is to be answered, too.\n"
        + "_bash_complete -o default -F _complete_"
        + COMMAND
        + "\n";
  }
}
