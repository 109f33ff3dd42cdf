package dev.platter.emulator.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostFilesTest {
  @TempDir Path root;

  @Test
  void whatIsMissingIsEmpty() throws IOException {
    HostFiles files = new HostFiles(root);
    Files.createDirectory(root.resolve("dir"));
    for (String path : new String[] {"/none", "/none/deeper", "/dir"}) {
      assertThat(files.lines(path)).isEmpty();
      assertThat(files.first(path)).isNull();
      assertThat(files.number(path)).isNull();
      assertThat(files.fields(path)).isEmpty();
    }
    assertThat(files.exists("/none")).isFalse();
    assertThat(files.exists("/dir")).isTrue();
  }

  @Test
  void readsLinesFieldsAndNumbers() throws IOException {
    HostFiles files =
        new FakeHost(root)
            .with("/proc/status", "Name:\tjava\nGroups: 1 2\nName:\tother\nnothing\n")
            .with("/proc/limit", " 12 \n13\n")
            .with("/proc/max", "max\n")
            .with("/proc/blank", "\n")
            .files();
    assertThat(files.fields("/proc/status"))
        .containsEntry("Name", "java")
        .containsEntry("Groups", "1 2")
        .hasSize(2);
    assertThat(files.number("/proc/limit")).isEqualTo(12);
    assertThat(files.lines("/proc/limit")).containsExactly(" 12 ", "13");
    assertThat(files.number("/proc/max")).isNull();
    assertThat(files.first("/proc/blank")).isNull();
  }

  @Test
  void whatIsNoTextAndWhatIsLongIsReadAsFarAsItGoes() throws IOException {
    HostFiles files = new HostFiles(root);
    Files.write(root.resolve("odd"), new byte[] {'a', (byte) 0xff, 'b', '\n'});
    assertThat(files.first("/odd")).isEqualTo("a\ufffdb");
    Files.writeString(root.resolve("long"), "x".repeat(1 << 20));
    assertThat(files.first("/long")).hasSize(1 << 18);
  }

  /** What reads them elsewhere does so in a way of its own, and a test cannot make them up. */
  @Test
  void filesOfTheKernelAreOpenedHereAlone() throws IOException {
    Path main = Path.of("src/main/java/dev/platter/emulator");
    Pattern opens = Pattern.compile("(?:Path\\.of|Paths\\.get|new File)\\(\"/(?:proc|sys)\\b");
    List<Path> openers = new ArrayList<>();
    try (Stream<Path> files = Files.walk(main)) {
      for (Path file : files.filter(each -> each.toString().endsWith(".java")).toList()) {
        if (opens.matcher(Files.readString(file)).find()) {
          openers.add(main.relativize(file));
        }
      }
    }
    assertThat(openers).isNotEmpty().allMatch(file -> file.startsWith("host"));
  }
}
