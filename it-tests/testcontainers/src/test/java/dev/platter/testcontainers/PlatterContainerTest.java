package dev.platter.testcontainers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlatterContainerTest {
  @TempDir private Path directory;

  @Test
  void imagesAndSocketsAreMountedWhereTheServerLooksForThem() throws Exception {
    Path image = Files.createFile(directory.resolve("disk.img"));
    try (PlatterContainer platter =
        new PlatterContainer().withVirtioDisk("data", image).withSataDisks("sata", image, image)) {
      assertThat(platter.mounts())
          .extracting(bind -> bind.getPath() + ":" + bind.getVolume().getPath())
          .containsExactly(
              platter.virtioSocket("data").getParent() + ":/run/platter",
              image + ":/images/data",
              image + ":/images/sata-0",
              image + ":/images/sata-1");
      assertThat(platter.sataSocket("sata").getParent())
          .isEqualTo(platter.controlSocket().getParent());
    }
  }

  @Test
  void anImageThatIsNotThereIsRefusedBeforeTheEngineMakesADirectoryOfIt() {
    try (PlatterContainer platter = new PlatterContainer()) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> platter.withVirtioDisk("data", directory.resolve("none.img")))
          .withMessageContaining("none.img is no regular file");
    }
  }

  @Test
  void theProfileInTheJarAllowsIoUring() {
    assertThat(PlatterContainer.ioUringProfile())
        .contains("\"io_uring_setup\"", "\"io_uring_enter\"", "\"io_uring_register\"");
  }

  @Test
  void metricsHaveNoAddressUnlessAskedFor() {
    try (PlatterContainer platter = new PlatterContainer()) {
      assertThatIllegalStateException()
          .isThrownBy(platter::metricsUrl)
          .withMessageContaining("withMetrics");
    }
  }
}
