package dev.platter.emulator.cli.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.PlatterException;
import dev.platter.emulator.DeepTree;
import dev.platter.emulator.cli.Cli;
import dev.platter.emulator.cli.shared.FailureHandler;
import dev.platter.emulator.cli.shared.Interruption;
import dev.platter.emulator.lab.Experiment;
import dev.platter.emulator.lab.Finding;
import dev.platter.emulator.lab.LabContext;
import dev.platter.emulator.lab.Plant;
import dev.platter.emulator.lab.Verdict;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import tools.jackson.jr.ob.JSON;

@Timeout(60)
class LabCommandTest {
  @TempDir private Path directory;
  private final List<LabContext> contexts = new ArrayList<>();

  private Experiment experiment(String name, Function<LabContext, Finding> body) {
    return new Experiment() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public String summary() {
        return "about " + name;
      }

      @Override
      public Finding run(LabContext context) {
        contexts.add(context);
        return body.apply(context);
      }
    };
  }

  private Experiment sound(String name) {
    return experiment(
        name, context -> new Finding("Sound", "?", "").verdict(Verdict.AFFECTED, "it is so"));
  }

  private Cli run(List<Experiment> experiments, Object... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    FailureHandler failures = new FailureHandler();
    String[] words = new String[args.length + 2];
    for (int i = 0; i < args.length; i++) {
      words[i] = args[i].toString();
    }
    words[args.length] = "--dir";
    words[args.length + 1] = directory.toString();
    int exitCode =
        new CommandLine(new LabCommand(experiments))
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err))
            .setParameterExceptionHandler(failures)
            .setExecutionExceptionHandler(failures)
            .execute(words);
    int _ = Interruption.end(exitCode);
    return new Cli(exitCode, out.toString(), err.toString());
  }

  @SuppressWarnings("unchecked")
  private static List<Map<String, Object>> experiments(Map<String, Object> document) {
    return (List<Map<String, Object>>) Objects.requireNonNull(document.get("experiments"));
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(Map<String, Object> document, String key) {
    return (Map<String, Object>) Objects.requireNonNull(document.get(key));
  }

  @Test
  void withoutANameListsAll() {
    Cli cli = Cli.run("lab");
    assertThat(cli.exitCode()).isZero();
    assertThat(cli.err()).isEmpty();
    assertThat(cli.out().lines().map(line -> line.split(" ", 2)[0]))
        .containsSubsequence("lost-wakeup", "ring-flags", "iowait", "io-wq", "punting");
    assertThat(cli.out().lines()).allSatisfy(line -> assertThat(line).hasSizeLessThan(81));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "lab ring-flag                          | there is no experiment 'ring-flag'",
        "lab ring-flags ALL                     | there is no experiment 'ALL'",
        "lab --json=x.json                      | --json needs an experiment to run",
        "lab --report=x.html                    | --report needs an experiment to run",
        "lab ring-flags --dir=/no/such          | cannot make a scratch directory in /no/such",
        "lab ring-flags --image=/no/such/image  | no such file",
        "lab ring-flags --image=/               | is a directory",
        "lab ring-flags --json=/no/such/x.json  | there is no directory",
        "lab ring-flags --report=/no/such/x     | there is no directory",
        "lab ring-flags --frobnicate            | unknown option",
        "lab ring-flags --plant=some            | is not one of none, present, absent",
      })
  void badInputIsToldBeforeAnythingIsDone(String command, String message) {
    Cli cli = Cli.run((Object[]) command.split(" "));
    assertThat(cli.err()).startsWith("platter: ").contains(message);
    assertThat(cli.exitCode()).isEqualTo(2);
    assertThat(cli.out()).isEmpty();
  }

  @Test
  void anUnknownNameIsAnsweredWithTheKnownOnes() {
    assertThat(run(List.of(sound("one"), sound("two")), "three"))
        .isEqualTo(
            new Cli(2, "", "platter: there is no experiment 'three'\n  try: one, two, or all\n"));
  }

  @Test
  void runsEachOnceAndWritesWhatItPrints() throws IOException {
    Path json = directory.resolve("lab.json");
    Cli cli =
        run(List.of(sound("one"), sound("two")), "two", "all", "two", "--full", "--json", json);
    assertThat(cli.err()).isEmpty();
    assertThat(cli.exitCode()).isZero();
    assertThat(cli.out())
        .containsSubsequence("two: Sound\n", "affected: it is so", "one: Sound\n")
        .containsPattern("experiment +verdict +took s\ntwo +affected +0.0\none +affected +0.0\n$");
    Map<String, Object> document = JSON.std.mapFrom(Files.readString(json));
    assertThat(document.keySet())
        .containsExactly(
            "schema",
            "created",
            "command",
            "environment",
            "parameters",
            "warnings",
            "partial",
            "experiments");
    assertThat(document).containsEntry("schema", "platter.lab/1").containsEntry("partial", false);
    assertThat(document.get("command")).asString().contains(" two all two --full --json ");
    assertThat(experiments(document).stream().map(one -> one.get("name")))
        .containsExactly("two", "one");
    assertThat(map(document, "parameters"))
        .containsEntry("experiments", List.of("two", "one"))
        .containsEntry("full", true)
        .containsEntry("directory", directory.toString())
        .containsEntry("image", null)
        .containsEntry("plant", "none")
        .containsKey("filesystem");
    assertThat(map(document, "environment").get("loops"))
        .asString()
        .contains("main-loop", "iothread");
    assertThat(contexts).hasSize(2).allMatch(LabContext::full);
  }

  @Test
  void jsonOnStandardOutputIsAllThereIs() throws IOException {
    Cli cli = run(List.of(sound("one")), "one", "--json=-");
    assertThat(cli.exitCode()).isZero();
    assertThat(JSON.std.mapFrom(cli.out())).containsEntry("schema", "platter.lab/1");
  }

  @Test
  void aPlantedTroubleIsToldWhereverTheResultIs() throws IOException {
    Path json = directory.resolve("lab.json");
    Path page = directory.resolve("lab.html");
    Cli cli =
        run(List.of(sound("one")), "one", "--plant=present", "--json", json, "--report", page);
    assertThat(contexts).extracting(LabContext::plant).containsExactly(Plant.PRESENT);
    String sentence = "This was a trial of the experiment: the trouble was planted.";
    assertThat(cli.out()).contains("seen        " + sentence.substring(0, 40));
    assertThat(page).content().contains(sentence);
    Map<String, Object> document = JSON.std.mapFrom(Files.readString(json));
    assertThat(map(document, "parameters")).containsEntry("plant", "present");
    assertThat(experiments(document).getFirst()).containsEntry("plant", "present");
    assertThat(Plant.ABSENT.sentence()).endsWith("was kept away.");
  }

  @Test
  void aReportIsWritten() {
    Path page = directory.resolve("lab.html");
    assertThat(run(List.of(sound("one")), "one", "--report", page).exitCode()).isZero();
    assertThat(page).content().contains("it is so");
  }

  @Test
  void theScratchDirectoryIsThereAndGoesWithAllThatIsInIt() throws IOException {
    Path image = Files.write(directory.resolve("disk.img"), new byte[4096]);
    Cli cli =
        run(
            List.of(
                experiment(
                    "litters",
                    context -> {
                      try {
                        Files.createDirectories(context.scratch().resolve("a/b"));
                        Files.writeString(context.scratch().resolve("a/b/c"), "litter");
                      } catch (IOException e) {
                        throw new IllegalStateException(e);
                      }
                      return new Finding("", "", "");
                    })),
            "litters",
            "--image",
            image);
    assertThat(cli.exitCode()).isZero();
    assertThat(contexts.getFirst().scratch().getParent()).isEqualTo(directory);
    assertThat(contexts.getFirst().image()).isEqualTo(image);
    assertThat(directory).isDirectoryContaining(file -> file.equals(image));
    assertThat(directory.toFile().list()).hasSize(1);
  }

  @Test
  void aScratchDirectoryThatCannotBeRemovedIsToldAfterTheResults() throws IOException {
    Cli cli =
        run(
            List.of(
                experiment(
                    "digs",
                    context -> {
                      try {
                        DeepTree.make(context.scratch());
                      } catch (IOException e) {
                        throw new IllegalStateException(e);
                      }
                      return new Finding("", "", "").verdict(Verdict.AFFECTED, "it is so");
                    })),
            "digs");
    Path scratch = contexts.getFirst().scratch();
    DeepTree.part(scratch);
    assertThat(cli.out()).contains("affected: it is so");
    assertThat(cli.err()).startsWith("platter: cannot remove all of " + scratch + "\n  try: ");
    assertThat(cli.exitCode()).isEqualTo(1);
  }

  private static Finding fail(RuntimeException failure) {
    throw failure;
  }

  private Experiment failing(String name, RuntimeException failure) {
    return experiment(name, context -> fail(failure));
  }

  private Map<String, Object> only(Cli cli) throws IOException {
    return experiments(JSON.std.mapFrom(cli.out())).getFirst();
  }

  private static void assertFailed(Map<String, Object> result, @Nullable String failure) {
    assertThat(result).containsEntry("failure", failure);
  }

  @Test
  void oneThatFailsDoesNotKeepTheOthersFromRunning() {
    Cli cli =
        run(
            List.of(
                failing("breaks", PlatterException.failed("the disk is on fire", "Pour water")),
                failing("bugs", new IllegalStateException("oops")),
                sound("works")),
            "all");
    assertThat(cli.exitCode()).isEqualTo(1);
    assertThat(cli.err())
        .contains("platter: the disk is on fire\n  try: Pour water\n")
        .contains("internal error: java.lang.IllegalStateException: oops")
        .endsWith("platter: 2 of 3 experiments failed: breaks, bugs\n");
    assertThat(cli.out())
        .contains("failed: it failed: the disk is on fire\n", "to do       Pour water\n")
        .containsPattern("breaks +failed .*\nbugs +failed .*\nworks +affected ");
  }

  @Test
  void aFailureIsPartOfTheDocument() throws IOException {
    Cli cli =
        run(List.of(failing("breaks", PlatterException.failed("no", null))), "all", "--json=-");
    assertThat(cli.exitCode()).isEqualTo(1);
    assertFailed(only(cli), "no");
    assertThat(only(cli)).containsEntry("verdict", "inconclusive");
  }

  @Test
  void whatTheHostLacksIsAFinding() throws IOException {
    Cli cli =
        run(
            List.of(failing("lacks", PlatterException.hostLacks("no tracefs", "Mount it"))),
            "all",
            "--json=-");
    assertThat(cli.exitCode()).isZero();
    assertThat(cli.err()).isEmpty();
    assertThat(only(cli))
        .containsEntry("verdict", "not_possible")
        .containsEntry("reason", "no tracefs")
        .containsEntry("remedy", "Mount it");
    assertFailed(only(cli), null);
  }
}
