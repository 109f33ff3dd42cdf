package dev.platter.emulator.measure.stages;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.ChildJvm;
import dev.platter.emulator.cli.Platter;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** What a JVM of its own loads. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class StartUpTest {
  @TempDir private Path directory;
  private Path image;

  @BeforeEach
  void makeImage() throws Exception {
    image = directory.resolve("disk.img");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(1 << 20);
    }
  }

  private List<String> flightRecorderClasses(String... arguments) throws Exception {
    Path log = directory.resolve("classes");
    Path output = directory.resolve("output");
    List<String> logging = List.of("-Xlog:class+load:file=" + log);
    Process process =
        new ProcessBuilder(ChildJvm.command(Platter.class, logging, List.of(arguments)))
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    assertThat(process.waitFor()).as(Files.readString(output)).isZero();
    List<String> loaded = Files.readAllLines(log);
    assertThat(loaded).anyMatch(line -> line.contains(Platter.class.getName()));
    return loaded.stream().filter(line -> line.contains(" jdk.jfr.")).toList();
  }

  @Test
  @DisplayName("Nothing of the flight recorder is loaded while stages are off")
  void withoutStages() throws Exception {
    assertThat(flightRecorderClasses("--version")).isEmpty();
    assertThat(flightRecorderClasses("iotest", image.toString(), "--total=1M")).isEmpty();
  }

  @Test
  @DisplayName("The test above would see it: it is loaded with stages")
  void withStages() throws Exception {
    assertThat(flightRecorderClasses("iotest", image.toString(), "--total=1M", "--stages"))
        .anyMatch(line -> line.contains(" jdk.jfr.Event "));
  }
}
