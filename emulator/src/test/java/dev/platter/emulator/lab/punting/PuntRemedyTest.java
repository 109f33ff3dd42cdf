package dev.platter.emulator.lab.punting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.platter.devices.block.image.ImageInspector;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class PuntRemedyTest {
  @TempDir Path scratch;

  @Test
  void aCopyKeepsDataAndMode() throws Exception {
    Path image = scratch.resolve("a disk.img");
    WriteLayout.SPARSE.make(image, 64L * DirectWriter.PIECE_BYTES);
    assumeTrue(
        ImageInspector.inspect(image.toString()).direct().isPresent(),
        "no O_DIRECT in the temporary directory");
    try (DirectWriter writer = new DirectWriter(image.toString())) {
      writer.writeAt(3L * DirectWriter.PIECE_BYTES);
    }
    Files.setPosixFilePermissions(image, PosixFilePermissions.fromString("rw-rw----"));
    byte[] before = Files.readAllBytes(image);

    String command = PuntRemedy.REWRITE.command(image.toString(), before.length);
    Process shell =
        new ProcessBuilder(List.of("sh", "-c", "umask 022; " + command)).inheritIO().start();

    assertThat(shell.waitFor()).isZero();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(image)))
        .isEqualTo("rw-rw----");
    assertThat(Files.readAllBytes(image)).isEqualTo(before);
    assertThat(Path.of(image + ".new")).doesNotExist();
  }

  @Test
  void aCopyThatIsOverwrittenInPlaceKeepsOwnerAndMode() {
    assertThat(PuntRemedy.NODATACOW.command())
        .contains("--reference=IMAGE")
        .containsSubsequence("touch", "chattr", "chown", "chmod", "fallocate", "dd", "mv");
  }
}
