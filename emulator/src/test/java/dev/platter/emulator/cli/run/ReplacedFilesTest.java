package dev.platter.emulator.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.ChildJvm;
import dev.platter.emulator.ChildProcess;
import dev.platter.emulator.cli.Platter;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.jr.ob.JSON;

/** A run whose program is built anew while it runs. */
@Tag("slow")
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class ReplacedFilesTest {
  @TempDir private Path directory;

  /** The class path as an installation has it: jars only, of which the first has Platter's own. */
  private List<Path> installed() throws Exception {
    Path own = Path.of(Platter.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    List<Path> jars = new ArrayList<>();
    jars.add(copy(own, 0));
    for (String each : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path element = Path.of(each).toAbsolutePath();
      if (Files.exists(element) && !Files.isSameFile(element, own)) {
        jars.add(copy(element, jars.size()));
      }
    }
    return jars;
  }

  private Path copy(Path element, int number) throws IOException {
    Path jar = directory.resolve(number + ".jar");
    if (Files.isRegularFile(element)) {
      return Files.copy(element, jar);
    }
    try (OutputStream file = Files.newOutputStream(jar);
        JarOutputStream out = new JarOutputStream(file);
        Stream<Path> files = Files.walk(element)) {
      out.setLevel(Deflater.NO_COMPRESSION);
      for (Path each : files.filter(Files::isRegularFile).toList()) {
        out.putNextEntry(new JarEntry(element.relativize(each).toString()));
        Files.copy(each, out);
      }
    }
    return jar;
  }

  private Process start(List<Path> jars, Path output, String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(ChildJvm.command(Platter.class, List.of(), List.of(arguments)));
    command.set(
        command.indexOf("-cp") + 1,
        String.join(File.pathSeparator, jars.stream().map(Path::toString).toList()));
    return ChildProcess.start(ChildProcess.builder(command).redirectOutput(output.toFile()));
  }

  @Test
  void tableJsonAndPageNeedNoneOfTheFilesThatABuildReplaces() throws Exception {
    List<Path> jars = installed();
    Path image = Files.write(directory.resolve("disk.img"), new byte[1 << 20]);
    Path state = directory.resolve("state");
    Path json = directory.resolve("r.json");
    Path page = directory.resolve("r.html");
    Path output = directory.resolve("output");
    Process process =
        start(
            jars,
            output,
            "bench",
            image.toString(),
            "--device=virtio",
            "--rw=randwrite",
            "--warmup=0",
            "--runtime=10m",
            "--cache=writeback",
            "--verify",
            "--verify-state=" + state,
            "--destroy-data",
            "--json=" + json,
            "--report=" + page);
    while (!Files.exists(state)) {
      assertThat(process.waitFor(10, TimeUnit.MILLISECONDS))
          .as("ended early: %s", Files.readString(output))
          .isFalse();
    }
    Files.write(
        jars.getFirst(), // in place, as the jar plugin does
        new byte[Math.toIntExact(Files.size(jars.getFirst()))],
        StandardOpenOption.WRITE);
    for (Path jar : jars.subList(1, jars.size())) {
      Files.delete(jar);
    }
    process.destroy();
    assertThat(process.waitFor()).as(Files.readString(output)).isEqualTo(128 + 15);
    assertThat(output).content().contains("virtio (partial)", "end to end");
    assertThat(JSON.std.mapFrom(json.toFile())).containsKey("rows");
    assertThat(page).content().contains("<h1>bench: ", "</html>");
  }
}
