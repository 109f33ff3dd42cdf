package dev.platter.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What no test may do, as it then depends on how it was started, or hangs. */
class TestSourcesTest {
  private static final Pattern CHILD =
      Pattern.compile("new ProcessBuilder\\(|ChildJvm\\.|ChildProcess\\.|Launcher\\.");
  private static final Pattern JVM =
      Pattern.compile("\"bin\", \"java\"|Path\\.of\\(\"\\.\\.\", \"platter\"\\)");
  private static final Pattern STARTS = Pattern.compile("ProcessBuilder|\\.start\\(\\)");
  private static final List<String> MODULES =
      List.of("aio", "devices", "emulator", "guest-images", "it-tests", "it-tests/testcontainers");

  private static List<Path> sources() throws IOException {
    List<Path> all = new ArrayList<>();
    for (String module : MODULES) {
      Path tests = Path.of("..", module, "src", "test", "java");
      if (Files.isDirectory(tests)) {
        try (Stream<Path> files = Files.walk(tests)) {
          files.filter(file -> file.toString().endsWith(".java")).forEach(all::add);
        }
      }
    }
    assertThat(all).hasSizeGreaterThan(200);
    return all;
  }

  /** A read of a child's pipe takes no interrupt: the time-out has to be on another thread. */
  @Test
  void waitsForChildrenEnd() throws IOException {
    TreeSet<String> endless = new TreeSet<>();
    for (Path source : sources()) {
      String text = Files.readString(source);
      if (source.toString().endsWith("Test.java")
          && CHILD.matcher(text).find()
          && !text.contains("ThreadMode.SEPARATE_THREAD")) {
        endless.add(source.toString());
      }
    }
    assertThat(endless).as("tests with children and without a time-out that ends a wait").isEmpty();
  }

  /** nohup and a script's background leave signals ignored for all that is started in them. */
  @Test
  void childrenBeginWithTheirSignalsAtTheirDefaults() throws IOException {
    TreeSet<String> inheriting = new TreeSet<>();
    for (Path source : sources()) {
      String text = Files.readString(source);
      if (JVM.matcher(text).find()
          && STARTS.matcher(text).find()
          && !text.contains("\"--default-signal\"")) {
        inheriting.add(source.toString());
      }
    }
    assertThat(inheriting).as("sources that start a JVM with inherited signals").isEmpty();
  }

  /** What others keep among temporary files comes and goes while a test looks. */
  @Test
  void nobodyElsesTemporaryFilesAreLookedAt() throws IOException {
    Pattern listing = Pattern.compile("(list|walk|newDirectoryStream)\\(Path\\.of\\(\"(/var)?/tmp");
    TreeSet<String> curious = new TreeSet<>();
    for (Path source : sources()) {
      if (listing.matcher(Files.readString(source)).find()) {
        curious.add(source.toString());
      }
    }
    assertThat(curious).isEmpty();
  }
}
