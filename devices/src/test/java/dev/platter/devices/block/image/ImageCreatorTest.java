package dev.platter.devices.block.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.platter.aio.PlatterException;
import dev.platter.aio.file.FileHandle;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.assertj.core.api.ThrowableAssertAlternative;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class ImageCreatorTest {
  private static final long MIB = 1 << 20;

  @TempDir Path directory;

  @ParameterizedTest
  @EnumSource(Preallocation.class)
  void hasItsSizeAndReadsAsZeroesInEveryMode(Preallocation mode) throws IOException {
    Path image = directory.resolve("disk.img");
    // Not a multiple of 4096: the last write of FULL is one that O_DIRECT may refuse.
    long size = 3 * MIB + 512;

    create(image, size, mode, false);

    assertThat(Files.readAllBytes(image)).isEqualTo(new byte[(int) size]);
    assertThat(contents()).containsExactly("disk.img");
    ImageInfo info = ImageInspector.inspect(image.toString());
    assertThat(info.lockHolders()).as("unlocked again").isEmpty();
    assertThat(info.facts().allocatedBytes() >= size).isEqualTo(mode != Preallocation.OFF);
  }

  @Test
  void tellsProgressUpToTheSize() {
    List<Long> told = new ArrayList<>();
    ImageCreator.create(
        directory.resolve("disk.img").toString(),
        2 * MIB + 512,
        Preallocation.FULL,
        false,
        told::add);
    assertThat(told).isSorted().endsWith(2 * MIB + 512);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -512, 1, 511, 513, Long.MAX_VALUE, (128L << 50) + 512})
  void refusesSizesThatNoDiskHas(long size) {
    assertBadInput(() -> create(directory.resolve("disk.img"), size, Preallocation.OFF, false))
        .withMessageContaining(Long.toString(size));
    assertThat(contents()).isEmpty();
  }

  @Test
  void doesNotTouchWhatExistsWithoutForce() throws IOException {
    Path image = Files.writeString(directory.resolve("disk.img"), "precious");
    assertBadInput(() -> create(image, MIB, Preallocation.OFF, false))
        .withMessageContaining("it exists")
        .satisfies(e -> assertThat(e.remedy()).contains("--force"));
    assertThat(image).hasContent("precious");
  }

  @Test
  void forceReplacesAndKeepsPermissions() throws IOException {
    Path image = Files.writeString(directory.resolve("disk.img"), "old");
    Files.setPosixFilePermissions(image, PosixFilePermissions.fromString("rw-------"));

    create(image, MIB, Preallocation.FALLOC, true);

    assertThat(Files.size(image)).isEqualTo(MIB);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(image)))
        .isEqualTo("rw-------");
    assertThat(contents()).containsExactly("disk.img");
  }

  /** In a container the PID of a killed process comes again with the next one. */
  @Test
  void forceReplacesBesideWhatAKilledProcessHasLeft() throws IOException {
    Path image = Files.writeString(directory.resolve("disk.img"), "old");
    String left = ".platter-" + ProcessHandle.current().pid() + ".new";
    Files.createFile(directory.resolve(left));

    create(image, MIB, Preallocation.OFF, true);

    assertThat(Files.size(image)).isEqualTo(MIB);
    assertThat(contents()).containsExactlyInAnyOrder(left, "disk.img");
  }

  @Test
  void forceCreatesWhereNothingIs() {
    create(directory.resolve("disk.img"), MIB, Preallocation.OFF, true);
    assertThat(contents()).containsExactly("disk.img");
  }

  @Test
  void forceReplacesWhatALinkPointsTo() throws IOException {
    Path image = Files.writeString(directory.resolve("disk.img"), "old");
    Path link = Files.createSymbolicLink(directory.resolve("link.img"), Path.of("disk.img"));

    create(link, MIB, Preallocation.OFF, true);

    assertThat(Files.isSymbolicLink(link)).isTrue();
    assertThat(Files.size(image)).isEqualTo(MIB);
  }

  @Test
  void forceDoesNotReplaceALockedImage() throws IOException {
    Path image = Files.writeString(directory.resolve("disk.img"), "in use");
    try (FileHandle reader = FileHandle.open(image.toString(), false, false)) {
      reader.lock(false);
      assertBadInput(() -> create(image, MIB, Preallocation.OFF, true))
          .withMessageContaining("is in use by pid " + ProcessHandle.current().pid());
    }
    assertThat(image).hasContent("in use");
    assertThat(contents()).containsExactly("disk.img");
  }

  @Test
  void isLockedWhileItIsMade() {
    Path image = directory.resolve("disk.img");
    ImageCreator.create(
        image.toString(),
        MIB,
        Preallocation.FULL,
        false,
        written -> {
          try (FileHandle other = FileHandle.open(image.toString(), true, false)) {
            assertBadInput(() -> other.lock(false)).withMessageContaining("is in use");
          }
        });
    assertThat(contents()).containsExactly("disk.img");
  }

  @Test
  void forceReplacesRegularFilesOnly() throws Exception {
    Path subdirectory = Files.createDirectory(directory.resolve("dir"));
    Path dangling = Files.createSymbolicLink(directory.resolve("dangling"), Path.of("nowhere"));
    Path fifo = directory.resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();

    for (Path path : List.of(subdirectory, dangling, fifo, Path.of("/dev/null"))) {
      assertBadInput(() -> create(path, MIB, Preallocation.OFF, true))
          .withMessageContaining("not a regular file");
    }
    assertThat(contents()).containsExactly("dangling", "dir", "fifo");
  }

  @Test
  void needsItsDirectory() {
    assertBadInput(
            () -> create(directory.resolve("no/such/disk.img"), MIB, Preallocation.OFF, false))
        .withMessageContaining("there is no directory " + directory.resolve("no/such"));
  }

  @Test
  void findsThatThereIsNoSpaceBeforeItTakesIt() {
    assertThatExceptionOfType(PlatterException.class)
        .isThrownBy(
            () -> create(directory.resolve("disk.img"), 64L << 50, Preallocation.FALLOC, false))
        .withMessageContaining("no space left")
        .satisfies(e -> assertThat(e.kind()).isEqualTo(PlatterException.Kind.FAILED));
    assertThat(contents()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void leavesNothingBehindIfItFailsMidway(boolean force) throws IOException {
    Path image = directory.resolve("disk.img");
    if (force) {
      Files.writeString(image, "old");
    }
    assertThatThrownBy(() ->
            ImageCreator.create(
                image.toString(),
                4 * MIB,
                Preallocation.FULL,
                force,
                written -> {
                  throw new IllegalStateException("disk full, say");
                }))
        .isInstanceOf(IllegalStateException.class);

    if (force) {
      assertThat(image).hasContent("old");
      assertThat(contents()).containsExactly("disk.img");
    } else {
      assertThat(contents()).isEmpty();
    }
  }

  @Test
  void anErrorOfTheKernelLeavesNothingBehind() {
    // The limit on file sizes makes the kernel refuse, with EFBIG, what the checks let through.
    Child child = Child.start("ulimit -f 1024;", directory.resolve("disk.img"), "OFF");
    assertThat(child.output()).contains("more than its file system or the process's limit");
    assertThat(contents()).isEmpty();
  }

  @Test
  void terminationMidwayLeavesNothingBehind() throws Exception {
    Path image = directory.resolve("disk.img");
    Child child = Child.start("", image, "FULL");
    assertThat(child.nextLine()).isEqualTo("written " + MIB);
    assertThat(contents()).containsExactly("disk.img");

    child.process().toHandle().destroy(); // SIGTERM; the JVM treats SIGINT alike
    assertThat(child.process().waitFor()).isEqualTo(128 + 15);

    assertThat(contents()).isEmpty();
  }

  @Test
  void aFinishedImageStaysWhenTheJvmEnds() throws Exception {
    Path image = directory.resolve("disk.img");
    Child child = Child.start("", image, "OFF");
    assertThat(child.output()).isEmpty();
    assertThat(child.process().waitFor()).isZero();
    assertThat(Files.size(image)).isEqualTo(8 * MIB);
  }

  private static void create(Path path, long size, Preallocation mode, boolean force) {
    ImageCreator.create(path.toString(), size, mode, force, written -> {});
  }

  private List<String> contents() {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static ThrowableAssertAlternative<PlatterException> assertBadInput(
      ThrowingCallable call) {
    return assertThatExceptionOfType(PlatterException.class)
        .isThrownBy(call)
        .satisfies(e -> assertThat(e.kind()).isEqualTo(PlatterException.Kind.BAD_INPUT));
  }

  /** Creates an image of 8 MiB in a JVM of its own, and stops after the first piece. */
  record Child(Process process, BufferedReader reader) {
    static Child start(String shellPrefix, Path image, String mode) {
      String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
      ProcessBuilder builder =
          new ProcessBuilder(
                  "env", "--default-signal", "sh", "-c", shellPrefix + "exec \"$@\"", "sh", java)
              .redirectErrorStream(true);
      builder
          .command()
          .addAll(
              List.of(
                  "--enable-native-access=ALL-UNNAMED",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Child.class.getName(),
                  image.toString(),
                  mode));
      try {
        Process process = builder.start();
        return new Child(process, process.inputReader(UTF_8));
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    /** In the child. */
    public static void main(String[] args) {
      try {
        ImageCreator.create(
            args[0],
            8 * MIB,
            Preallocation.valueOf(args[1]),
            false,
            written -> {
              System.out.println("written " + written);
              waitForTheEnd();
            });
      } catch (PlatterException e) {
        System.out.println(e.getMessage());
      }
    }

    private static void waitForTheEnd() {
      try {
        var _ = System.in.read();
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    String nextLine() {
      try {
        return String.valueOf(reader.readLine());
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    String output() {
      return String.join("\n", reader.lines().toList());
    }
  }
}
