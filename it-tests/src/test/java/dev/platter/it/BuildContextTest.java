package dev.platter.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.module.ModuleDescriptor.Requires;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What `docker build .` is given and takes, as far as it can be told without an engine. */
class BuildContextTest {
  private static final Path ROOT = Path.of("..");
  private static final List<String> BUILT = List.of("aio", "devices", "emulator", "guest-images");

  private static List<String> lines(String file) throws IOException {
    return Files.readAllLines(ROOT.resolve(file)).stream()
        .filter(line -> !line.isBlank() && !line.startsWith("#"))
        .toList();
  }

  /** What the lines of .dockerignore that begin with an exclamation mark let in. */
  private static List<Pattern> allowed() throws IOException {
    List<String> lines = lines(".dockerignore");
    assertThat(lines.getFirst()).as("all is left out but").isEqualTo("*");
    return lines.stream()
        .filter(line -> line.startsWith("!"))
        .map(line -> line.substring(1).replace(".", "\\.").replace("*", "[^/]*"))
        .map(line -> Pattern.compile(line + "(/.*)?"))
        .toList();
  }

  private static boolean isIn(String path, List<Pattern> allowed) {
    return allowed.stream().anyMatch(pattern -> pattern.matcher(path).matches());
  }

  @Test
  void theContextHasAllThatTheBuildReadsAndNothingElse() throws IOException {
    List<Pattern> allowed = allowed();
    TreeSet<String> needed =
        new TreeSet<>(List.of("pom.xml", "mvnw", ".mvn/wrapper/maven-wrapper.properties"));
    Matcher module =
        Pattern.compile("<module>([^<]+)</module>")
            .matcher(Files.readString(ROOT.resolve("pom.xml")));
    while (module.find()) {
      needed.add(module.group(1) + "/pom.xml"); // Maven reads those of all modules
    }
    BUILT.forEach(name -> needed.add(name + "/src/main/java"));
    lines("Dockerfile").stream()
        .filter(line -> line.startsWith("COPY ") && !line.contains("--from="))
        .map(line -> List.of(line.split(" +", -1)))
        .forEach(words -> needed.addAll(words.subList(1, words.size() - 1)));
    needed.remove(".");
    assertThat(needed).contains("platter", "LICENSE", "it-tests/testcontainers/pom.xml");
    assertThat(needed)
        .allSatisfy(path -> {
          assertThat(ROOT.resolve(path)).exists();
          assertThat(isIn(path, allowed)).as("%s in .dockerignore", path).isTrue();
        });
    for (String path :
        List.of(
            "README.md",
            "docs/serve.md",
            "aio/src/test",
            "emulator/deploy/systemd",
            "CHANGELOG.md")) {
      assertThat(ROOT.resolve(path)).exists();
      assertThat(isIn(path, allowed)).as(path).isFalse();
    }
  }

  /** A class of a module that was not linked is missed only when it is used. */
  @Test
  void theLinkedJavaHasTheModulesOfAllImports() throws IOException {
    Matcher linked =
        Pattern.compile("--add-modules \\\\\\s+([a-z.,]+)")
            .matcher(Files.readString(ROOT.resolve("Dockerfile")));
    assertThat(linked.find()).isTrue();
    ModuleFinder system = ModuleFinder.ofSystem();
    TreeSet<String> modules = new TreeSet<>();
    Arrays.stream(linked.group(1).split(",", -1)).forEach(name -> link(name, system, modules));
    Set<String> packages =
        modules.stream()
            .flatMap(name -> system.find(name).orElseThrow().descriptor().packages().stream())
            .collect(Collectors.toSet());
    assertThat(imports()).hasSizeGreaterThan(20).allMatch(packages::contains);
  }

  /** A module and all that it needs. */
  private static void link(String name, ModuleFinder system, Set<String> linked) {
    ModuleReference module = system.find(name).orElseThrow();
    if (linked.add(name)) {
      for (Requires requires : module.descriptor().requires()) {
        if (!requires.modifiers().contains(Requires.Modifier.STATIC)) {
          link(requires.name(), system, linked);
        }
      }
    }
  }

  /** The packages of the JDK that the sources import. */
  private static Set<String> imports() throws IOException {
    Pattern statement =
        Pattern.compile(
            "(?m)^import (?:static )?((?:java|javax|jdk|com\\.sun)(?:\\.[a-z]+)+)\\.[A-Z]");
    Set<String> packages = new TreeSet<>();
    for (String module : BUILT) {
      try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/main/java"))) {
        for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
          Matcher matcher = statement.matcher(Files.readString(file));
          while (matcher.find()) {
            packages.add(matcher.group(1));
          }
        }
      }
    }
    return packages;
  }

  /** Two documents show the same server in a container; the one that is read first says why. */
  @Test
  void theReadmeAndTheDocumentShowTheSameContainer() throws IOException {
    Pattern block = Pattern.compile("(?s)mkdir -p images run.*?vda\\.sock\\n");
    String readme = Files.readString(ROOT.resolve("README.md"));
    Matcher shown = block.matcher(readme);
    assertThat(shown.find()).isTrue();
    assertThat(Files.readString(ROOT.resolve("docs/containers.md"))).contains(shown.group());
    Matcher profile = Pattern.compile("seccomp=(\\S+\\.json)").matcher(readme);
    while (profile.find()) {
      assertThat(ROOT.resolve(profile.group(1))).exists();
    }
  }
}
