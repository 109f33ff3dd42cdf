package dev.platter.emulator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.platter.emulator.ChildProcess;
import dev.platter.emulator.ChildProcess.Ended;
import dev.platter.emulator.Launcher;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** The commands that documents show can be typed as they stand. */
@Timeout(value = 240, threadMode = ThreadMode.SEPARATE_THREAD)
class DocumentedCommandsTest {
  private static final Pattern BLOCK = Pattern.compile("(?ms)^```sh\\n(.*?)^```$");
  private static final Pattern WORD = Pattern.compile("'([^']*)'|\"([^\"]*)\"|(\\S+)");
  private static final String COMMAND = "platter";

  @TempDir private Path directory;

  private static List<Path> documents() throws IOException {
    Path checkout = Launcher.checkout();
    try (Stream<Path> docs = Files.walk(checkout.resolve("docs"))) {
      return Stream.concat(
              Stream.of(checkout.resolve("README.md"), checkout.resolve("CONTRIBUTING.md")),
              docs.filter(file -> file.toString().endsWith(".md")).sorted())
          .toList();
    }
  }

  /** The shell's lines of a document, a block each. */
  static List<String> blocks(Path document) throws IOException {
    List<String> blocks = new ArrayList<>();
    Matcher matcher = BLOCK.matcher(Files.readString(document));
    while (matcher.find()) {
      blocks.add(matcher.group(1).replace("\\\n", " "));
    }
    return blocks;
  }

  private static List<String> words(String line) {
    List<String> words = new ArrayList<>();
    Matcher matcher = WORD.matcher(line);
    while (matcher.find() && !matcher.group().startsWith("#")) {
      String text = matcher.group(1) == null ? matcher.group(2) : matcher.group(1);
      words.add(text == null ? matcher.group() : text);
    }
    return words;
  }

  /** All that is for Platter: also what a container is to run, and what follows variables. */
  static Stream<String> commands() throws IOException {
    List<String> commands = new ArrayList<>();
    for (Path document : documents()) {
      for (String block : blocks(document)) {
        block
            .lines()
            .filter(line -> !line.contains("...") && !line.contains("$("))
            .filter(line -> arguments(line) != null)
            .forEach(commands::add);
      }
    }
    assertThat(commands).hasSizeGreaterThan(30);
    return commands.stream();
  }

  /** What Platter is given by a line, itself or in a container; null if the line is for another. */
  private static @Nullable List<String> arguments(String line) {
    List<String> words = words(line);
    int first = 0;
    while (first < words.size() && words.get(first).matches("[A-Z_]+=.*")) {
      first++;
    }
    String program = first < words.size() ? words.get(first) : "";
    if (program.equals(COMMAND) || program.equals("./" + COMMAND)) {
      return words.subList(first + 1, words.size());
    }
    boolean runs = words.contains("run") || words.contains("exec");
    return (program.equals("docker") && runs && words.contains(COMMAND))
        ? words.subList(words.lastIndexOf(COMMAND) + 1, words.size())
        : null;
  }

  @ParameterizedTest
  @MethodSource("commands")
  void optionsAreThoseThatThereAre(String line) {
    List<String> arguments = arguments(line);
    assertThat(arguments).isNotNull();
    assertThatCode(() ->
            new CommandLine(new Platter())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .parseArgs(arguments.toArray(String[]::new)))
        .doesNotThrowAnyException();
  }

  /** Servers go to the background, and are waited for; images are small. */
  private static String script(String... blocks) {
    return Stream.of(blocks)
        .flatMap(String::lines)
        .map(line -> line.replaceAll("--size [0-9]+G", "--size 64M"))
        .map(line ->
            line.contains(" serve ")
                ? line
                    + " >serve.log 2>&1 &\n"
                    + "until grep -q ' ready ' serve.log || ! kill -0 $!; do sleep 0.1; done"
                : line)
        .collect(
            Collectors.joining("\n", "set -eu\nPATH=$PWD:$PATH\n", "\nwait $!\ncat serve.log\n"));
  }

  private Ended run(String script) throws Exception {
    Path libraries = Files.createDirectory(directory.resolve("libraries"));
    Launcher.copyClasses(libraries);
    Launcher launcher = Launcher.in(directory.resolve("checkout"), libraries);
    List<String> command = new ArrayList<>(ChildProcess.DEFAULT_SIGNALS);
    command.addAll(List.of("sh", "-c", script));
    return ChildProcess.run(launcher.builder().command(command));
  }

  private static Path document(String name) {
    return Launcher.checkout().resolve("docs").resolve(name);
  }

  @Tag("slow")
  @Test
  void theFirstExampleOfTheControlSocketRunsAsItStands() throws Exception {
    List<String> blocks = blocks(document("control.md"));
    String second = blocks.get(1).replace("--size 2G", "--size 128M");
    Ended ended = run(script(blocks.get(0), second));
    assertThat(ended.exitCode()).as(ended.output()).isZero();
    assertThat(ended.output())
        .contains(" vdb: serving ", " vdb: resized ", " vdb: removed ", "stopped flushed=true");
  }

  /** Where a user's own group is his, a new directory is his group's to write. */
  @Tag("slow")
  @Test
  void theFirstServerOfTheReadmeRunsAsItStands() throws Exception {
    String block =
        blocks(Launcher.checkout().resolve("README.md")).stream()
            .filter(text -> text.contains("./platter serve --export"))
            .findFirst()
            .orElseThrow();
    assertThat(blocks(document("serve.md")).getFirst()).isEqualTo(block.replace("./", ""));
    Ended ended = run(script("umask 002", "chmod g+w .", block, "find run -type s", "kill $!"));
    assertThat(ended.exitCode()).as(ended.output()).isZero();
    assertThat(ended.output())
        .contains("\nrun/vda.sock\n", "socket=run/vda.sock", "stopped flushed=true");
  }
}
