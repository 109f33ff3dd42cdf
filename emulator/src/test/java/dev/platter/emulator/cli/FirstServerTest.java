package dev.platter.emulator.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.ChildJvm;
import dev.platter.emulator.ChildProcess;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** The first server of a newcomer, as documents have it; and the recipe of the service. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class FirstServerTest {
  private static final Path ROOT = Path.of("..");

  @TempDir private Path directory;

  /** The blocks of shell commands of a document, without what is typed at another terminal. */
  private static List<String> blocks(Path document) throws IOException {
    List<String> blocks = new ArrayList<>();
    String[] parts = Files.readString(document).split("```", -1);
    for (int i = 1; i < parts.length; i += 2) {
      if (parts[i].startsWith("sh\n")) {
        blocks.add(parts[i].substring(3));
      }
    }
    return blocks;
  }

  private static String firstServer(Path document) throws IOException {
    return blocks(document).stream()
        .filter(block -> block.contains("serve --export"))
        .findFirst()
        .orElseThrow();
  }

  /** A command of that name that is this Platter. */
  private void installPlatter() throws IOException {
    String command =
        ChildJvm.command(Platter.class, List.of(), List.of()).stream()
            .map(word -> "'" + word + "'")
            .collect(Collectors.joining(" "));
    Path platter = directory.resolve("platter");
    Files.writeString(platter, "#!/bin/sh\nexec " + command + " \"$@\"\n");
    Files.setPosixFilePermissions(platter, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** Where a user's own group is his, a new directory is his group's to write. */
  @Test
  void theFirstServerStarts() throws Exception {
    String commands = firstServer(ROOT.resolve("README.md"));
    assertThat(commands.replace("./platter", "platter"))
        .isEqualTo(firstServer(ROOT.resolve("docs/serve.md")));
    installPlatter();
    String script =
        "umask 002; mkdir here; mv platter here; cd here\n"
            + commands.replace("--size 10G", "--size 1M");
    Process shell =
        ChildProcess.start(
            ChildProcess.builder(List.of("sh", "-ec", script)).directory(directory.toFile()));
    List<String> lines = new ArrayList<>();
    try (BufferedReader log = shell.inputReader(UTF_8)) {
      while (lines.isEmpty() || !lines.getLast().contains(" platter: ready ")) {
        String line = log.readLine();
        assertThat(line).as("after %s", lines).isNotNull();
        lines.add(line);
      }
      assertThat(directory.resolve("here/run/vda.sock")).exists();
    } finally {
      ChildProcess.kill(shell);
    }
  }

  /** All but the parts that need root, in a directory instead of the host's. */
  @Test
  void theRecipeOfTheServicePutsFilesWhereTheUnitLooksForThem() throws Exception {
    Path checkout = directory.resolve("checkout");
    Path host = Files.createDirectory(directory.resolve("host"));
    for (String made :
        List.of("platter", "emulator/target/platter.jar", "emulator/target/lib/a.jar")) {
      Path file = checkout.resolve(made);
      Files.createDirectories(file.getParent());
      Files.writeString(file, "#!/bin/sh\n");
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    Path systemd = checkout.resolve("emulator/deploy/systemd");
    Files.createDirectories(systemd);
    for (String file : List.of("platter.service", "platter.yaml")) {
      Files.copy(ROOT.resolve("emulator/deploy/systemd").resolve(file), systemd.resolve(file));
    }
    String recipe =
        blocks(ROOT.resolve("docs/serve.md")).stream()
            .filter(block -> block.contains("useradd"))
            .findFirst()
            .orElseThrow();
    String rootless =
        Arrays.stream(recipe.split("\n", -1))
            .filter(line -> !line.matches("sudo (useradd|systemctl|-u) .*"))
            .map(line -> line.replace("sudo ", "").replace("-o platter -g platter ", ""))
            .map(line -> line.replaceAll(" /(?=opt|etc|var)", " " + host + "/"))
            .collect(Collectors.joining("\n"));
    Files.createDirectories(host.resolve("etc/systemd/system"));
    ChildProcess.Ended ended =
        ChildProcess.run(
            ChildProcess.builder(List.of("sh", "-ec", rootless)).directory(checkout.toFile()));
    assertThat(ended.output()).isEmpty();
    assertThat(ended.exitCode()).isZero();

    String unit = Files.readString(host.resolve("etc/systemd/system/platter.service"));
    List<String> expected =
        Stream.of("ExecStart=/opt/platter/platter", "WorkingDirectory=/var/lib/platter").toList();
    assertThat(unit).contains(expected).contains("--config /etc/platter/platter.yaml");
    assertThat(host.resolve("opt/platter/platter")).isExecutable();
    assertThat(host.resolve("opt/platter/emulator/target/platter.jar")).isRegularFile();
    assertThat(host.resolve("opt/platter/emulator/target/lib/a.jar")).isRegularFile();
    assertThat(host.resolve("etc/platter/platter.yaml")).isRegularFile();
    assertThat(host.resolve("var/lib/platter")).isDirectory();
    assertThat(recipe).contains("image create /var/lib/platter/disk.img");
    assertThat(Files.readString(host.resolve("etc/platter/platter.yaml")))
        .contains("image: disk.img");
  }
}
