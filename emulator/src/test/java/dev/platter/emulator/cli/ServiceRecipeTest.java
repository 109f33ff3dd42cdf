package dev.platter.emulator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.ChildProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

/** The recipe of the service, as docs/serve.md has it. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class ServiceRecipeTest {
  private static final Path ROOT = Path.of("..");

  @TempDir private Path directory;

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
        DocumentedCommandsTest.blocks(ROOT.resolve("docs/serve.md")).stream()
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
