package dev.platter.emulator.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.emulator.ChildProcess;
import dev.platter.emulator.ChildProcess.Ended;
import dev.platter.emulator.Launcher;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.jr.ob.JSON;

/** {@code ./platter}: what it starts, in which locale, with which options, and when it builds. */
@Timeout(value = 240, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class LauncherTest {
  private static final Pattern JVM_OPTIONS =
      Pattern.compile("PLATTER_JAVA_OPTS=(?:\"([^\"]+)\"|([^\\s`\"]+))");

  @TempDir private static Path directory; // one for all: launchers link to the libraries in it
  private static Path libraries;
  private Launcher launcher;

  @BeforeAll
  static void copyClasses() throws Exception {
    libraries = Files.createDirectory(directory.resolve("libraries"));
    Launcher.copyClasses(libraries);
  }

  @BeforeEach
  void copy() throws IOException {
    launcher = Launcher.in(Files.createTempDirectory(directory, "checkout"), libraries);
  }

  /** The words of a shell, which passes on names whose bytes the JVM of this test need not know. */
  private Ended shell(String locale, String script) throws Exception {
    List<String> command = new ArrayList<>(ChildProcess.DEFAULT_SIGNALS);
    command.addAll(List.of("sh", "-c", script));
    ProcessBuilder builder = launcher.builder().command(command);
    if (!locale.isEmpty()) {
      builder.environment().put("LC_ALL", locale);
    }
    return ChildProcess.run(builder);
  }

  /** Names are bytes to the kernel, whatever the locale; de_DE stands for one not installed. */
  @ParameterizedTest
  @ValueSource(strings = {"", "de_DE.UTF-8"})
  void namesAreNotAsciiAlone(String locale) throws Exception {
    Ended ended =
        shell(
            locale,
            """
            there=$(printf 'gr\\303\\266\\303\\237e \\346\\227\\245')
            mkdir "$there" && mv platter emulator "$there" && cd "$there" || exit
            truncate -s 4096 "$there.img"
            exec ./platter image info "$there.img" --json -
            """);
    assertThat(ended.exitCode()).as(ended.output()).isZero();
    assertThat(JSON.std.mapFrom(ended.output()).get("image"))
        .asInstanceOf(InstanceOfAssertFactories.MAP)
        .containsEntry("path", "größe 日.img")
        .containsEntry("size_bytes", 4096);
  }

  /** Also a line break, which ends no line of the log. */
  @Test
  void aServerIsReachedAtAnyName() throws Exception {
    Ended ended =
        shell(
            "C",
            """
            image=$(printf 'gr\\303\\266\\303\\237e,\\n"1".img') # a comma is written twice
            socket=$(printf '\\303\\261.sock')
            control=$(printf '\\303\\247.sock')
            truncate -s 4096 "$image"
            image=$(printf %s "$image" | sed 's/,/,,/g')
            ./platter serve --control "$control" \\
              --export "virtio-blk,cache=writeback,image=$image,socket=$socket" >log 2>&1 &
            until grep -q ready log || ! kill -0 $!; do sleep 0.1; done
            ./platter ctl --socket "$control" list --json -
            kill $!
            wait $!
            cat log >&2
            ls
            """);
    assertThat(ended.output())
        .contains(
            "\"größe,\\n\\\"1\\\".img\"",
            "\"ñ.sock\"",
            "image=\"größe,\\x0a\\\"1\\\".img\"",
            "socket=ñ.sock",
            "control=ç.sock");
    assertThat(ended.exitCode()).as(ended.output()).isZero();
    assertThat(ended.output().lines()).doesNotContain("ñ.sock", "ç.sock");
  }

  @Test
  void anArgumentThatIsNotUtf8IsRefusedAsWhatItIs() throws Exception {
    Ended ended = shell("", "exec ./platter image info \"$(printf 'bad\\377.img')\"");
    assertThat(ended.output())
        .contains("platter: the argument 'bad\\xff.img' is not UTF-8")
        .contains("  try: ");
    assertThat(ended.exitCode()).isEqualTo(2);
  }

  @Test
  void aCheckoutThatJavaCannotNameIsToldSo() throws Exception {
    for (String name : List.of("a\\377b", "a:b")) {
      String to = "there=$(printf '" + name + "'); mkdir \"$there\" && cp platter \"$there\" && ";
      Ended ended = shell("", to + "exec \"$there/platter\" --version");
      assertThat(ended.output()).startsWith("platter: cannot run from ").contains("Rename the");
      assertThat(ended.exitCode()).isEqualTo(2);
    }
  }

  /** What a document tells its reader to put into the environment starts a server. */
  static Stream<String> documentedOptions() throws IOException {
    TreeSet<String> options = new TreeSet<>();
    Path checkout = Launcher.checkout();
    List<Path> texts = new ArrayList<>(List.of(checkout.resolve("README.md")));
    for (String below : List.of("docs", "emulator/deploy", "emulator/src/main")) {
      try (Stream<Path> files = Files.walk(checkout.resolve(below))) {
        files.filter(Files::isRegularFile).forEach(texts::add);
      }
    }
    for (Path text : texts) {
      Matcher matcher = JVM_OPTIONS.matcher(Files.readString(text));
      while (matcher.find()) {
        String value = matcher.group(1) == null ? matcher.group(2) : matcher.group(1);
        options.add(Objects.requireNonNull(value).replaceFirst("[.,;]$", ""));
      }
    }
    options.removeIf(option -> !option.matches("-\\S{3,}.*") || option.equals("-Xmx"));
    assertThat(options).hasSizeGreaterThan(3);
    return options.stream();
  }

  @ParameterizedTest
  @MethodSource("documentedOptions")
  void documentedOptionsOfTheJvmWork(String options) throws Exception {
    Files.write(launcher.root().resolve("disk.img"), new byte[4096]);
    ProcessBuilder builder =
        launcher.builder("serve", "--check", "--export=virtio-blk,image=disk.img,socket=vda.sock");
    builder.environment().put("PLATTER_JAVA_OPTS", options);
    Ended ended = ChildProcess.run(builder);
    assertThat(ended.exitCode()).as(ended.output()).isZero();
  }

  @Test
  void anotherCollectorMayComeFromTheEnvironment() throws Exception {
    ProcessBuilder builder = launcher.builder("--version");
    builder.environment().put("JAVA_TOOL_OPTIONS", "-XX:+UseParallelGC");
    Ended ended = ChildProcess.run(builder);
    assertThat(ended.exitCode()).as(ended.output()).isZero();
    assertThat(ended.output()).contains("platter ");
  }

  /** A checkout whose build only counts. */
  private Path builds() throws IOException {
    Path root = launcher.root();
    Path built = root.resolve("built.jar");
    Files.move(launcher.jar(), built, StandardCopyOption.REPLACE_EXISTING);
    script(
        root.resolve("mvnw"),
        "#!/bin/sh\necho build >>builds\ncp built.jar emulator/target/platter.jar\n");
    Files.writeString(root.resolve("pom.xml"), "<project/>");
    Files.createDirectories(root.resolve("emulator/src/main"));
    Files.writeString(root.resolve("emulator/src/main/A.java"), "class A {}");
    return root.resolve("builds");
  }

  private static void script(Path file, String text) throws IOException {
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private void start() throws Exception {
    start(launcher.builder("--java-home"));
  }

  private static void start(ProcessBuilder builder) throws Exception {
    Ended ended = ChildProcess.run(builder);
    assertThat(ended.exitCode()).as(ended.output()).isZero();
  }

  private static void date(Path file, int hours) throws IOException {
    Files.setLastModifiedTime(file, FileTime.from(Instant.now().plus(hours, ChronoUnit.HOURS)));
  }

  @Test
  void aReleaseRunsOnTheJavaBesideItsLauncher() throws Exception {
    Path java = launcher.root().resolve("java");
    Files.createSymbolicLink(java, Path.of(System.getProperty("java.home")));
    assertThat(ChildProcess.run(launcher.builder("--java-home")).output())
        .isEqualTo(launcher.root().toRealPath().resolve("java") + "\n");
  }

  @Test
  void onlyAReleaseMakesCaches() throws Exception {
    Ended ended = ChildProcess.run(launcher.builder("--make-caches"));
    assertThat(ended.output())
        .isEqualTo("platter: only a release has a Java of its own to make caches for.\n");
    assertThat(ended.exitCode()).isEqualTo(2);
  }

  @Test
  void aCacheThatDoesNotFitIsPassedOverInSilence() throws Exception {
    Path java = launcher.root().resolve("java");
    Files.createSymbolicLink(java, Path.of(System.getProperty("java.home")));
    Files.writeString(launcher.root().resolve("commands.aot"), "no cache");
    Ended ended = ChildProcess.run(launcher.builder("--version"));
    assertThat(ended.exitCode()).as(ended.output()).isZero();
    assertThat(ended.output()).startsWith("platter ").hasLineCount(2);
  }

  /** A release whose Java writes how it was started, and the caches that it is to make. */
  private void release(String makesCaches) throws IOException {
    Path bin = Files.createDirectories(launcher.root().resolve("java/bin"));
    Files.writeString(bin.resolveSibling("release"), "JAVA_VERSION=\"25\"\n");
    script(
        bin.resolve("java"),
        """
        #!/bin/sh
        printf '%%s\\n' "$@"
        for option; do
          case $option in -XX:AOTCacheOutput=*) %s ;; esac
        done
        """
            .formatted(makesCaches));
  }

  private List<String> optionsOf(String javaOptions, String... words) throws Exception {
    ProcessBuilder builder = launcher.builder(words);
    builder.environment().put("PLATTER_JAVA_OPTS", javaOptions);
    Ended ended = ChildProcess.run(builder);
    assertThat(ended.exitCode()).as(ended.output()).isZero();
    return ended.output().lines().toList();
  }

  @Test
  void aReleaseMakesACacheForCommandsAndOneForServe() throws Exception {
    release(": >\"${option#*=}\"");
    Path temporary = Files.createDirectory(launcher.root().resolve("temporary"));
    ProcessBuilder builder = launcher.builder("--make-caches");
    builder.environment().put("TMPDIR", temporary.toString());
    assertThat(ChildProcess.run(builder)).isEqualTo(new Ended(0, ""));
    assertThat(temporary).isEmptyDirectory();

    String cache = "-XX:AOTCache=" + launcher.root().toRealPath();
    assertThat(optionsOf("", "--version"))
        .contains(cache + "/commands.aot")
        .endsWith(
            "-jar", launcher.root().toRealPath() + "/emulator/target/platter.jar", "--version");
    assertThat(optionsOf("", "serve", "--check")).contains(cache + "/serve.aot");
    for (String option : List.of("-Xshare:off", "-XX:AOTMode=off", "-XX:SharedArchiveFile=a.jsa")) {
      assertThat(optionsOf(option, "--version"))
          .contains(option)
          .noneMatch(other -> other.startsWith("-XX:AOTCache="));
    }
  }

  @Test
  void aCacheThatCannotBeMadeIsSaid() throws Exception {
    release(": >\"${option#*=}.config\"; echo no space");
    Path cache = launcher.root().resolve("commands.aot");
    Files.writeString(cache, "of before");
    Ended ended = ChildProcess.run(launcher.builder("--make-caches"));
    assertThat(ended.output())
        .startsWith("platter: cannot make " + launcher.root().toRealPath() + "/commands.aot:\n")
        .endsWith("no space\n");
    assertThat(ended.exitCode()).isEqualTo(1);
    assertThat(cache).hasContent("of before");
    assertThat(launcher.root()).isDirectoryNotContaining("glob:**.new*");
  }

  @Test
  void sourcesDatedInTheFutureAreBuiltOnce() throws Exception {
    Path builds = builds();
    Path source = launcher.root().resolve("emulator/src/main/A.java");
    date(source, 24);
    start();
    start();
    assertThat(Files.readString(builds, UTF_8)).isEqualTo("build\n");
    date(source, 25); // changed, by the same clock
    start();
    start();
    assertThat(Files.readString(builds, UTF_8)).isEqualTo("build\nbuild\n");
    Files.writeString(source, "class A { }"); // changed, by this host's clock
    start();
    start();
    assertThat(Files.readString(builds, UTF_8)).isEqualTo("build\nbuild\nbuild\n");
  }

  /** Then find fails, and has told of all others. */
  @Test
  void aSourceThatVanishesMeanwhileEndsNoBuild() throws Exception {
    Path builds = builds();
    Path bin = Files.createDirectory(launcher.root().resolve("bin"));
    script(
        bin.resolve("find"),
        "#!/bin/sh\necho find >>finds\nPATH=${PATH#*:}\nfind \"$@\"\nexit 1\n");
    ProcessBuilder builder = launcher.builder("--java-home");
    builder.environment().merge("PATH", bin + ":", (path, first) -> first + path);
    start(builder);
    assertThat(Files.readString(builds, UTF_8)).isEqualTo("build\n");
    assertThat(Files.readString(launcher.root().resolve("finds"), UTF_8)).isEqualTo("find\n");
  }
}
