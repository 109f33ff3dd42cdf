package dev.platter.emulator.release;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * The manual page of one command, in the man macros of roff (man-pages(7), groff_man(7)). It says
 * what {@code --help} says, in the order of a manual page.
 */
final class ManPage {
  /** The section of manuals for commands of users. */
  static final String SECTION = "1";

  private static final String STOP = ".";

  private final CommandSpec spec;
  private final Help help;
  private final StringBuilder roff = new StringBuilder();

  private ManPage(CommandLine command) {
    spec = command.getCommandSpec();
    help = new Help(spec, Help.defaultColorScheme(Ansi.OFF));
  }

  /** The page's name, which is that of its file without the section: {@code platter-image-info}. */
  static String name(CommandLine command) {
    return command.getCommandSpec().qualifiedName("-");
  }

  /**
   * Writes a page.
   *
   * @param version of Platter, for the foot of the page
   * @return roff, with a line break at the end; the same text for the same command and version
   */
  static String of(CommandLine command, String version) {
    ManPage page = new ManPage(command);
    page.head(version);
    page.synopsis();
    page.description();
    page.parameters();
    page.options();
    page.commands();
    page.exitCodes();
    page.examples();
    page.seeAlso();
    return page.roff.toString();
  }

  private void head(String version) {
    String name = spec.qualifiedName("-");
    macro(".TH", name.toUpperCase(Locale.ROOT), SECTION, "", "platter " + version, "Platter");
    line(".nh"); // a hyphen that roff puts into an option would be copied with it
    line(".ad l");
    section("NAME");
    text(name + " - " + summary(spec));
  }

  /** The first sentence of what a command does. */
  private static String summary(CommandSpec spec) {
    String[] description = rendered(spec.usageMessage().description());
    String first = description.length == 0 ? spec.name() : description[0];
    int end = first.indexOf(STOP + " ");
    String sentence = end < 0 ? first : first.substring(0, end);
    return sentence.endsWith(STOP) ? sentence.substring(0, sentence.length() - 1) : sentence;
  }

  private void synopsis() {
    section("SYNOPSIS");
    String name = spec.qualifiedName();
    String words = help.synopsis(0).strip().replaceAll("\\s+", " ");
    line("\\fB" + escaped(name) + "\\fR" + escaped(words.substring(name.length())));
  }

  private void description() {
    section("DESCRIPTION");
    paragraphs(rendered(spec.usageMessage().description()));
  }

  private void parameters() {
    List<PositionalParamSpec> shown =
        spec.positionalParameters().stream().filter(parameter -> !parameter.hidden()).toList();
    if (!shown.isEmpty()) {
      section("PARAMETERS");
    }
    for (PositionalParamSpec parameter : shown) {
      item(escaped(label(parameter).strip()), parameter.description());
    }
  }

  private void options() {
    section("OPTIONS");
    for (OptionSpec option : spec.options()) {
      if (!option.hidden()) {
        item(names(option) + escaped(label(option)), option.description());
      }
    }
  }

  private String names(OptionSpec option) {
    List<String> names = new ArrayList<>();
    for (String name : option.names()) {
      String shown =
          option.negatable() ? spec.negatableOptionTransformer().makeSynopsis(name, spec) : name;
      names.add("\\fB" + escaped(shown) + "\\fR");
    }
    return String.join(", ", names);
  }

  /** What follows a name: {@code =DEVICE[,DEVICE...]}. */
  private String label(ArgSpec argument) {
    return help.parameterLabelRenderer()
        .renderParameterLabel(argument, Ansi.OFF, List.of())
        .toString();
  }

  private void commands() {
    if (!shownCommands().isEmpty()) {
      section("COMMANDS");
    }
    for (CommandLine command : shownCommands()) {
      item(reference(name(command)), summary(command.getCommandSpec()) + STOP);
    }
  }

  private List<CommandLine> shownCommands() {
    return spec.subcommands().values().stream()
        .distinct()
        .filter(command -> !command.getCommandSpec().usageMessage().hidden())
        .toList();
  }

  private void exitCodes() {
    section("EXIT STATUS");
    for (Map.Entry<String, String> code : spec.usageMessage().exitCodeList().entrySet()) {
      item("\\fB" + escaped(code.getKey().strip()) + "\\fR", code.getValue());
    }
  }

  private void examples() {
    section("EXAMPLES");
    macro(".PP");
    macro(".EX");
    for (String example : spec.usageMessage().footer()) {
      line(escaped(example));
    }
    macro(".EE");
  }

  private void seeAlso() {
    List<String> pages = new ArrayList<>();
    for (CommandSpec above = spec.parent(); above != null; above = above.parent()) {
      pages.add(reference(above.qualifiedName("-")));
    }
    shownCommands().forEach(command -> pages.add(reference(name(command))));
    if (!pages.isEmpty()) {
      section("SEE ALSO");
      line(String.join(",\n", pages));
    }
  }

  private static String reference(String page) {
    return "\\fB" + escaped(page) + "\\fR(" + SECTION + ")";
  }

  private void section(String title) {
    macro(".SH", title);
  }

  private void paragraphs(String... paragraphs) {
    for (String paragraph : paragraphs) {
      macro(".PP");
      text(paragraph);
    }
  }

  /** A tag, and below it what is said about it. */
  private void item(String tag, String... description) {
    macro(".TP");
    line(tag);
    String[] lines = rendered(description);
    for (int i = 0; i < lines.length; i++) {
      if (i > 0) {
        macro(".br");
      }
      text(lines[i]);
    }
  }

  /** As picocli prints them, which takes them for formats. */
  private static String[] rendered(String... texts) {
    List<String> rendered = new ArrayList<>();
    for (String text : texts) {
      rendered.addAll(String.format(Locale.ROOT, text).lines().toList());
    }
    return rendered.toArray(String[]::new);
  }

  private void macro(String name, String... arguments) {
    roff.append(name);
    for (String argument : arguments) {
      roff.append(" \"").append(escaped(argument)).append('"');
    }
    roff.append('\n');
  }

  private void text(String text) {
    line(escaped(text));
  }

  private void line(String line) {
    roff.append(line).append('\n');
  }

  /** Text that roff prints as it stands, with ASCII's own hyphens and quotes, fit to be copied. */
  private static String escaped(String text) {
    StringBuilder escaped = new StringBuilder();
    if (text.startsWith(STOP)) {
      escaped.append("\\&");
    }
    for (int i = 0; i < text.length(); i++) {
      char each = text.charAt(i);
      switch (each) {
        case '\\' -> escaped.append("\\e");
        case '-' -> escaped.append("\\-");
        case '\'' -> escaped.append("\\(aq");
        case '"' -> escaped.append("\\(dq");
        case '`' -> escaped.append("\\(ga");
        case '^' -> escaped.append("\\(ha");
        case '~' -> escaped.append("\\(ti");
        default -> escaped.append(each);
      }
    }
    return escaped.toString();
  }
}
