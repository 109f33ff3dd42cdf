package dev.platter.emulator.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.file.FileHandle;
import dev.platter.emulator.cli.Cli;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.jr.ob.JSON;

class ImageCommandsTest {
  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"off", "falloc", "FALLOC-keep-size", "full"})
  void createsAndTells(String mode) throws IOException {
    Path image = directory.resolve("disk.img");
    Cli create = Cli.run("image", "create", image, "--size", "1M", "--preallocation=" + mode);
    assertThat(create.err()).isEmpty();
    assertThat(create.exitCode()).isZero();
    assertThat(create.out()).startsWith("created " + image + ", 1 MiB, preallocation ");
    assertThat(Files.size(image)).isEqualTo(1 << 20);

    Cli info = Cli.run("image", "info", image);
    assertThat(info.exitCode()).isZero();
    assertThat(info.out())
        .contains("size        1 MiB (1,048,576 bytes)\n", "locked      no\n", "punted      ")
        .doesNotContain("unusable");
    assertThat(info.out().lines())
        .allSatisfy(line -> assertThat(line).matches("([a-zA-Z_]+ +| {12})\\S.*"));
  }

  @Test
  void fallocIsTheDefault() {
    Cli create = Cli.run("image", "create", directory.resolve("disk.img"), "--size=4k");
    assertThat(create.out()).endsWith("preallocation falloc\n");
  }

  @Test
  void existingFilesNeedForce() {
    Path image = directory.resolve("disk.img");
    Cli.run("image", "create", image, "--size", "1M");
    Cli refused = Cli.run("image", "create", image, "--size", "2M");
    assertThat(refused)
        .isEqualTo(
            new Cli(
                2,
                "",
                "platter: cannot create "
                    + image
                    + ": it exists\n  try: Choose another path, or pass --force\n"));
    assertThat(Cli.run("image", "create", image, "--size", "2M", "--force").exitCode()).isZero();
    assertThat(image).hasSize(2 << 20);
  }

  @Test
  void badInputExitsWithTwoAndSaysWhatHelps() {
    Path image = directory.resolve("disk.img");
    for (Cli run :
        new Cli[] {
          Cli.run("image", "create", image, "--size", "1000"),
          Cli.run("image", "create", image, "--size", "0"),
          Cli.run("image", "create", directory.resolve("no/disk.img"), "--size", "1M"),
          Cli.run("image", "create", directory, "--size", "1M", "--force"),
          Cli.run("image", "info", image),
          Cli.run("image", "info", directory),
          Cli.run("image", "info", "/dev/null"),
        }) {
      assertThat(run.exitCode()).isEqualTo(2);
      assertThat(run.out()).isEmpty();
      assertThat(run.err().lines()).hasSize(2);
      assertThat(run.err()).startsWith("platter: ").contains("\n  try: ");
    }
    assertThat(image).doesNotExist();
  }

  @Test
  void noSpaceExitsWithOne() {
    Path image = directory.resolve("disk.img");
    Cli run = Cli.run("image", "create", image, "--size", "65536T");
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains("no space left").contains("  try: Free some space");
    assertThat(image).doesNotExist();
  }

  @Test
  void infoNamesTheLockHolder() {
    Path image = directory.resolve("disk.img");
    Cli.run("image", "create", image, "--size", "1M");
    try (FileHandle writer = FileHandle.open(image.toString(), true, false)) {
      writer.lock(true);
      String holder = "pid " + ProcessHandle.current().pid();
      assertThat(Cli.run("image", "info", image).out()).contains("locked      by " + holder);
      Cli force = Cli.run("image", "create", image, "--size", "1M", "--force");
      assertThat(force.exitCode()).isEqualTo(2);
      assertThat(force.err()).contains(image + " is in use by " + holder);
    }
  }

  @Test
  void infoTellsWhatIsNoDisk() throws IOException {
    Path odd = Files.write(directory.resolve("odd"), new byte[700]);
    Cli run = Cli.run("image", "info", odd);
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("unusable    as a disk: its size is not a multiple of ");
  }

  @Test
  void jsonHasTheDocumentedShape() throws IOException {
    Path image = directory.resolve("disk.img");
    Path json = directory.resolve("info.json");
    Cli.run("image", "create", image, "--size", "1M");

    Cli both = Cli.run("image", "info", image, "--json", json);
    assertThat(both.exitCode()).isZero();
    assertThat(both.out()).contains("size ");
    String text = Files.readString(json);
    Map<String, Object> document = JSON.std.mapFrom(text);
    assertThat(document.keySet()).containsExactly("schema", "image");
    assertThat(document).containsEntry("schema", "platter.image/1");
    assertThat(document.get("image"))
        .asInstanceOf(InstanceOfAssertFactories.map(String.class, Object.class))
        .containsEntry("path", image.toString())
        .containsEntry("type", "regular")
        .containsEntry("size_bytes", 1 << 20);

    Cli only = Cli.run("image", "info", image, "--json", "-");
    assertThat(only.out()).isEqualTo(text);
  }

  @Test
  void jsonIsCheckedBeforeAnythingIsDone() {
    Cli run =
        Cli.run("image", "info", "no-such-image", "--json", directory.resolve("no/info.json"));
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err())
        .contains("there is no directory " + directory.resolve("no"))
        .doesNotContain("no-such-image");
  }
}
