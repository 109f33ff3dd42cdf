package dev.platter.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Each decision record in docs/adr says its number, its status and its date. */
class DecisionRecordsTest {
  private static final Path RECORDS = Path.of("..", "docs", "adr");
  private static final Pattern NAME = Pattern.compile("(\\d{3})-[a-z0-9-]+\\.md");
  private static final Pattern STATUS =
      Pattern.compile("Status: ((?:accepted|superseded by)\\b.*)\\. Date: ([0-9-]+)\\.");

  private static List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(RECORDS)) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    }
  }

  @Test
  void noTwoRecordsShareANumber() throws IOException {
    TreeSet<String> numbers = new TreeSet<>();
    for (String name : names()) {
      Matcher matcher = NAME.matcher(name);
      assertThat(matcher.matches()).as("%s is NNN-some-words.md", name).isTrue();
      assertThat(numbers.add(matcher.group(1))).as("%s has a number of its own", name).isTrue();
    }
    assertThat(numbers).hasSizeGreaterThan(30);
  }

  @Test
  void everyRecordBeginsWithNumberStatusAndDate() throws IOException {
    for (String name : names()) {
      List<String> lines = Files.readAllLines(RECORDS.resolve(name));
      assertThat(lines.getFirst()).as(name).startsWith("# " + name.substring(0, 3) + " ");
      assertThat(lines.get(1)).as("%s, line 2", name).isEmpty();
      Matcher status = STATUS.matcher(lines.get(2));
      assertThat(status.matches()).as("the status of %s: %s", name, lines.get(2)).isTrue();
      assertThat(LocalDate.parse(status.group(2))).as(name).isAfter(LocalDate.of(2026, 1, 1));
      if (status.group(1).contains("superseded")) {
        assertThat(status.group(1)).as("%s links to its successor", name).contains(".md)");
      }
    }
  }
}
