package dev.platter.testcontainers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PrivateFilesTest {
  private final PrivateFiles files = PrivateFiles.unmade();

  @AfterEach
  void remove() {
    files.remove();
  }

  @Test
  void onlyThisUserCanEnter() throws Exception {
    assertThat(files.sockets()).doesNotExist();
    files.make();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(files.sockets())))
        .isEqualTo("rwx------");
    assertThat(files.owner())
        .isEqualTo(
            Files.getAttribute(files.sockets(), "unix:uid")
                + ":"
                + Files.getAttribute(files.sockets(), "unix:gid"));
  }

  @Test
  void itCanBeMadeAgainInTheSamePlace() {
    Path image = files.scratch("disk", 1 << 20);
    files.make();
    assertThat(image).hasSize(1 << 20);
    files.remove();
    assertThat(image.getParent()).doesNotExist();
    files.make();
    files.make();
    assertThat(image).hasSize(1 << 20);
  }

  @Test
  void aSocketsPathFitsIntoItsAddress() {
    // sun_path has 108 bytes; a name has up to 36.
    assertThat(files.sockets().resolve("x".repeat(36) + ".sock").toString()).hasSizeLessThan(108);
  }

  @Test
  void aDiskThatIsNoMultipleOfASectorIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> files.scratch("disk", 1000))
        .withMessageContaining("512");
  }
}
