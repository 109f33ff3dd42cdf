package dev.platter.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Documents lead to each other, and quote what the program says. */
class DocumentLinksTest {
  private static final Path ROOT = Path.of("..");
  private static final Path DOCS = ROOT.resolve("docs");
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
  private static final Pattern HEADING = Pattern.compile("(?m)^#+ +(.+)$");
  private static final Pattern CODE = Pattern.compile("`([A-Za-z-]+/[A-Za-z/.-]+)`");
  private static final Pattern QUOTED = Pattern.compile("(?m)^\\| `([^`]+)` \\|");

  private static List<Path> documents() throws IOException {
    List<Path> all = new ArrayList<>();
    for (String name : List.of("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")) {
      all.add(ROOT.resolve(name));
    }
    try (Stream<Path> files = Files.walk(DOCS)) {
      files.filter(file -> file.toString().endsWith(".md")).forEach(all::add);
    }
    return all;
  }

  /** As GitHub makes them of headings. */
  private static Set<String> anchors(Path document) throws IOException {
    Matcher matcher = HEADING.matcher(Files.readString(document));
    Set<String> anchors = new TreeSet<>();
    while (matcher.find()) {
      anchors.add(
          matcher
              .group(1)
              .toLowerCase(Locale.ROOT)
              .replaceAll("[^\\p{L}\\p{N} _-]", "")
              .replace(' ', '-'));
    }
    return anchors;
  }

  @Test
  void linksLeadSomewhere() throws IOException {
    Set<String> broken = new TreeSet<>();
    int links = 0;
    for (Path document : documents()) {
      Matcher matcher = LINK.matcher(Files.readString(document));
      while (matcher.find()) {
        String link = matcher.group(1);
        if (link.contains("://")) {
          continue;
        }
        links++;
        int hash = link.indexOf('#');
        String file = hash < 0 ? link : link.substring(0, hash);
        Path target = file.isEmpty() ? document : document.resolveSibling(file);
        if (!Files.exists(target)
            || (hash >= 0 && !anchors(target).contains(link.substring(hash + 1)))) {
          broken.add(document + ": " + link);
        }
      }
    }
    assertThat(broken).isEmpty();
    assertThat(links).isGreaterThan(100);
  }

  @Test
  void theTableOfContentsHasEveryPage() throws IOException {
    String contents = Files.readString(DOCS.resolve("README.md"));
    try (Stream<Path> pages = Files.list(DOCS)) {
      assertThat(pages.map(page -> String.valueOf(page.getFileName())).sorted())
          .filteredOn(name -> !name.equals("README.md"))
          .allSatisfy(name -> assertThat(contents).contains("](" + name + ")"));
    }
  }

  /** The table for those who add something names what there is. */
  @Test
  void filesToTouchAreThere() throws IOException {
    String table =
        Files.readAllLines(ROOT.resolve("CONTRIBUTING.md")).stream()
            .dropWhile(line -> !line.equals("## Files to touch"))
            .skip(1)
            .takeWhile(line -> !line.startsWith("## "))
            .collect(Collectors.joining("\n"));
    Matcher matcher = CODE.matcher(table);
    Set<String> missing = new TreeSet<>();
    int named = 0;
    while (matcher.find()) {
      String name = matcher.group(1);
      named++;
      String module = name.substring(0, name.indexOf('/'));
      Path source = ROOT.resolve(module).resolve("src/main/java/dev/platter").resolve(name);
      if (Stream.of(ROOT.resolve(name), source, Path.of(source + ".java"))
          .noneMatch(Files::exists)) {
        missing.add(name);
      }
    }
    assertThat(missing).isEmpty();
    assertThat(named).isGreaterThan(30);
  }

  /** A message that is looked up is one that is printed. */
  @Test
  void troubleshootingQuotesWhatIsPrinted() throws IOException {
    StringBuilder printed = new StringBuilder(Files.readString(ROOT.resolve("platter")));
    for (String module : List.of("aio", "devices", "emulator", "guest-images")) {
      try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/main/java"))) {
        for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
          // Literals go on in the next line.
          printed.append(Files.readString(file).replaceAll("\"\\s*\\+\\s*\"", ""));
        }
      }
    }
    Matcher matcher = QUOTED.matcher(Files.readString(DOCS.resolve("troubleshooting.md")));
    List<String> quoted = new ArrayList<>();
    while (matcher.find()) {
      quoted.add(matcher.group(1));
    }
    String all = printed.toString();
    assertThat(quoted)
        .hasSizeGreaterThan(10)
        .filteredOn(text -> !text.startsWith("Picked up ")) // the JVM's
        .allSatisfy(text -> assertThat(all.contains(text)).as("'%s' is printed", text).isTrue());
  }

  /** The versions that tests run with are those that are said to be tried. */
  @Test
  void theLauncherAndTheMatrixAgreeOnJava() throws IOException {
    String launcher = Files.readString(ROOT.resolve("platter"));
    Matcher oldest = Pattern.compile("min_java=(\\d+)").matcher(launcher);
    assertThat(oldest.find()).isTrue();
    String matrix =
        Files.readAllLines(DOCS.resolve("support.md")).stream()
            .filter(line -> line.startsWith("| JDK |"))
            .collect(Collectors.joining());
    assertThat(matrix).contains("before " + oldest.group(1) + ": the launcher says so");
  }
}
