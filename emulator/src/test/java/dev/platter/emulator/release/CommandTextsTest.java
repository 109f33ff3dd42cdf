package dev.platter.emulator.release;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.ChildProcess;
import dev.platter.emulator.ChildProcess.Ended;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(value = 240, threadMode = ThreadMode.SEPARATE_THREAD)
class CommandTextsTest {
  private static final String BASH = "bash-completion/completions/platter";
  private static final String ZSH = "zsh/site-functions/_platter";

  /** What bash does when Tab is pressed behind the last word. */
  private static final String TAB =
      """
      compopt() { :; } # knows a completion only that bash itself has begun
      . "$1"
      shift
      COMP_WORDS=("$@")
      COMP_CWORD=$(($# - 1))
      _complete_platter
      printf '%s\\n' "${COMPREPLY[@]}"
      """;

  @TempDir private Path directory;

  @Test
  void aBuildMakesTheSameTextsAgain() {
    assertThat(CommandTexts.all("1")).isEqualTo(CommandTexts.all("1"));
  }

  @Test
  void filesAreWhereAPrefixHasThem() throws Exception {
    CommandTexts.main(new String[] {directory.resolve("share").toString(), "1"});
    for (Map.Entry<String, String> text : CommandTexts.all("1").entrySet()) {
      assertThat(directory.resolve("share").resolve(text.getKey())).hasContent(text.getValue());
    }
    try (Stream<Path> files = Files.walk(directory)) {
      assertThat(files.filter(Files::isRegularFile)).hasSize(CommandTexts.all("1").size());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "ser, serve",
    "image cr, create",
    "bench --rw randr, randread randrw",
    "serve --conf, --config --confine",
    "image create --preallocation fu, full",
  })
  void bashCompletes(String typed, String completed) throws Exception {
    Path script = Files.writeString(directory.resolve("script"), CommandTexts.all("1").get(BASH));
    List<String> command = new ArrayList<>(List.of("bash", "--norc", "-c", TAB, "bash"));
    command.addAll(List.of(script.toString(), "platter"));
    command.addAll(List.of(typed.split(" ", -1)));
    Ended ended = ChildProcess.run(ChildProcess.builder(command));
    assertThat(ended.output().lines()).containsExactly(completed.split(" ", -1));
    assertThat(ended.exitCode()).isZero();
  }

  @Test
  void zshTakesTheScriptForAFunction() {
    assertThat(CommandTexts.all("1").get(ZSH))
        .startsWith("#compdef platter\ncompopt() {")
        .contains(CommandTexts.all("1").get(BASH))
        .endsWith("\n_bash_complete -o default -F _complete_platter\n");
  }
}
