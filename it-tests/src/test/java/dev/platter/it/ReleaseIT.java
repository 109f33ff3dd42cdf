package dev.platter.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.it.Containers.Ended;
import dev.platter.testcontainers.PlatterContainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.utility.DockerImageName;

/** The tarball and the Debian package, which {@code ./mvnw verify -Pit,release} makes before. */
@Timeout(value = 300, threadMode = ThreadMode.SEPARATE_THREAD)
class ReleaseIT {
  private static final Path ROOT = Path.of("..");
  private static final Path RELEASE = ROOT.resolve("emulator/target/release");
  private static final Pattern TARBALL = Pattern.compile("platter-(.+)-linux-.+\\.tar\\.gz");
  private static final Pattern TIME =
      Pattern.compile("<project.build.outputTimestamp>([^<]+)</project.build.outputTimestamp>");
  private static final DockerImageName DEBIAN = DockerImageName.parse("debian:trixie-slim");

  @TempDir private Path directory;

  @BeforeAll
  static void haveRelease() throws IOException {
    Path jar = ROOT.resolve("emulator/target/platter.jar");
    if (!Files.isDirectory(RELEASE) || files(RELEASE).size() < 2) {
      throw TestVm.skipped("no release was built; ./mvnw verify -Pit,release builds one");
    }
    for (Path file : files(RELEASE)) {
      if (Files.getLastModifiedTime(file).compareTo(Files.getLastModifiedTime(jar)) < 0) {
        throw TestVm.skipped(file + " is older than the jar; ./mvnw verify -Pit,release builds it");
      }
    }
  }

  /** The tarball and the package, in this order. */
  private static List<Path> files(Path release) throws IOException {
    try (Stream<Path> all = Files.list(release)) {
      return all.filter(Files::isRegularFile).sorted().toList();
    }
  }

  @Test
  void anotherBuildMakesTheSameBytes() throws Exception {
    Matcher tarball = TARBALL.matcher(files(RELEASE).getFirst().getFileName().toString());
    assertThat(tarball.matches()).isTrue();
    Matcher time = TIME.matcher(Files.readString(ROOT.resolve("pom.xml")));
    assertThat(time.find()).isTrue();
    Path again = directory.resolve("release");
    Process release =
        new ProcessBuilder(
                "env",
                "--default-signal",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                ROOT.resolve("emulator/target/test-classes")
                    + ":"
                    + System.getProperty("java.class.path"),
                "dev.platter.emulator.release.Release",
                ROOT.toString(),
                again.toString(),
                tarball.group(1),
                time.group(1))
            .redirectErrorStream(true)
            .start();
    String output = new String(release.getInputStream().readAllBytes(), UTF_8);
    assertThat(release.waitFor()).as(output).isZero();
    assertThat(files(again)).hasSize(2);
    for (Path file : files(again)) {
      assertThat(file).hasSameBinaryContentAs(RELEASE.resolve(file.getFileName()));
    }
  }

  /** Runs a script in a Debian that has no Java, and sees the release in /release. */
  private static Ended inDebian(String script) {
    Containers.require(DEBIAN);
    GenericContainer<?> debian =
        Containers.of(DEBIAN)
            .withCommand("sh", "-ec", script)
            .withCreateContainerCmdModifier(create ->
                Objects.requireNonNull(create.getHostConfig())
                    .withSecurityOpts(List.of("seccomp=" + PlatterContainer.ioUringProfile())));
    Containers.mount(debian, RELEASE.toAbsolutePath().normalize(), "/release");
    return Containers.run(debian, Duration.ofMinutes(2));
  }

  @Test
  void theTarballRunsWhereThereIsNoJava() {
    Ended ended =
        inDebian(
            """
            if command -v java; then exit 1; fi
            tar -xzf /release/platter-*.tar.gz -C /opt
            cd /opt/platter-*
            ./platter iotest --total 8M
            ./platter --make-caches
            ls commands.aot serve.aot share/man/man1/platter.1
            JAVA_TOOL_OPTIONS=-Xlog:class+load ./platter --version >loaded
            grep 'dev.platter.emulator.cli.Platter source: shared objects file' loaded
            """);
    assertThat(ended.exitCode()).as(ended.output()).isZero();
    assertThat(ended.output()).contains("device", "raw ", "ahci ", "virtio ");
  }

  @Test
  void debianInstallsAndRemovesThePackage() {
    Ended ended =
        inDebian(
            """
            dpkg --install /release/platter_*.deb
            platter --version
            ls /opt/platter/commands.aot /opt/platter/serve.aot
            dpkg --listfiles platter >files
            for file in man/man1/platter.1.gz man/man1/platter-serve.1.gz \\
              bash-completion/completions/platter zsh/vendor-completions/_platter; do
              grep "^/usr/share/$file\\$" files
            done
            bash -c '. /usr/share/bash-completion/completions/platter && complete -p platter'
            dpkg --purge platter
            ! ls -d /opt/platter /usr/bin/platter
            """);
    assertThat(ended.exitCode()).as(ended.output()).isZero();
  }
}
