package dev.platter.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The example of docs/testcontainers.md is the test that is run here. */
class DocumentedExampleTest {
  @Test
  void theDocumentShowsTheTestThatIsRun() throws IOException {
    String shown =
        Files.readAllLines(Path.of("src/test/java/dev/platter/it/DiskExampleIT.java")).stream()
            // Where it is, and that it is skipped where the image was not built.
            .filter(line -> !line.startsWith("package ") && !line.contains("EnabledIf"))
            .collect(Collectors.joining("\n"))
            .strip();
    assertThat(Files.readString(Path.of("../docs/testcontainers.md")))
        .contains("```java\n" + shown + "\n```");
  }
}
