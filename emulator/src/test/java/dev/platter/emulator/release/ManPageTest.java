package dev.platter.emulator.release;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.cli.Platter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

class ManPageTest {
  private static final String MACRO = "\\.(TH|SH|PP|TP|br|nh|ad l|EX|EE)\\b.*";

  static List<CommandLine> commands() {
    List<CommandLine> found = new ArrayList<>();
    collect(new CommandLine(new Platter()), found);
    return found;
  }

  private static void collect(CommandLine command, List<CommandLine> found) {
    found.add(command);
    command.getSubcommands().values().forEach(sub -> collect(sub, found));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void everyCommandHasACompletePage(CommandLine command) {
    String page = ManPage.of(command, "1.2.3");
    String name = command.getCommandSpec().qualifiedName();
    assertThat(page)
        .startsWith(".TH \"PLATTER")
        .contains("\"platter 1.2.3\"")
        .containsSubsequence(
            ".SH \"NAME\"\n",
            ".SH \"SYNOPSIS\"\n\\fB" + name.replace("-", "\\-") + "\\fR ",
            ".SH \"DESCRIPTION\"\n",
            ".SH \"OPTIONS\"\n",
            ".SH \"EXIT STATUS\"\n",
            ".TP\n\\fB130\\fR\n",
            ".SH \"EXAMPLES\"\n",
            name.replace("-", "\\-"),
            ".EE\n");
    for (OptionSpec option : command.getCommandSpec().options()) {
      assertThat(page).contains(option.longestName().substring(2).replace("-", "\\-"));
    }
    assertThat(page.lines())
        .allSatisfy(line -> {
          assertThat(line).matches("[ -~]*").doesNotStartWith("'").doesNotContain("${");
          assertThat(!line.startsWith(".") || line.matches(MACRO)).as(line).isTrue();
        });
  }

  @Test
  void aGroupLeadsToItsCommandsAndBack() {
    Map<String, String> texts = CommandTexts.all("1");
    assertThat(texts.get("man/man1/platter.1"))
        .contains(".SH \"COMMANDS\"\n.TP\n\\fBplatter\\-iotest\\fR(1)\n");
    assertThat(texts.get("man/man1/platter-image.1"))
        .endsWith(
            """
            .SH "SEE ALSO"
            \\fBplatter\\fR(1),
            \\fBplatter\\-image\\-create\\fR(1),
            \\fBplatter\\-image\\-info\\fR(1)
            """);
  }

  /** What roff takes for its own. */
  @SuppressWarnings("unused")
  @Command(
      name = "odd",
      description = {".dot begins 100 %% of it.", "'quoted' \\ back"},
      footer = {"  odd 'a' \\", "      --b"})
  static final class Odd {
    @Option(names = "--no-way", paramLabel = "X", description = "One.%nTwo: ${DEFAULT-VALUE}.")
    private String way = "a-b";

    @Option(names = "--secret", hidden = true)
    private boolean secret;

    @Parameters(paramLabel = "IT", description = "~ and ^.")
    private String it = "";
  }

  @Test
  void textStandsAsItIsWritten() {
    assertThat(ManPage.of(new CommandLine(new Odd()), "1"))
        .isEqualTo(
            """
            .TH "ODD" "1" "" "platter 1" "Platter"
            .nh
            .ad l
            .SH "NAME"
            odd \\- .dot begins 100 % of it
            .SH "SYNOPSIS"
            \\fBodd\\fR [\\-\\-no\\-way=X] IT
            .SH "DESCRIPTION"
            .PP
            \\&.dot begins 100 % of it.
            .PP
            \\(aqquoted\\(aq \\e back
            .SH "PARAMETERS"
            .TP
            IT
            \\(ti and \\(ha.
            .SH "OPTIONS"
            .TP
            \\fB\\-\\-no\\-way\\fR=X
            One.
            .br
            Two: a\\-b.
            .SH "EXIT STATUS"
            .SH "EXAMPLES"
            .PP
            .EX
              odd \\(aqa\\(aq \\e
                  \\-\\-b
            .EE
            """);
  }
}
