package dev.platter.emulator.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.platter.aio.PlatterException.Kind;
import dev.platter.aio.file.FileHandle;
import dev.platter.emulator.doctor.DoctorLine.Status;
import dev.platter.emulator.host.FakeHost;
import dev.platter.emulator.host.IoLimits;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageCheckTest {
  @TempDir Path root;

  private Path image(long bytes) throws IOException {
    Path path = root.resolve("disk.img");
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(bytes);
    }
    return path;
  }

  private DoctorLine line(Path path, String name) {
    return FoundLine.of(new FakeHost(root), new ImageCheck(path.toString()), name);
  }

  @Test
  void aDisk() throws IOException {
    Path path = image(1 << 20);
    DoctorLine line = line(path, "image");
    assertThat(line.status()).isEqualTo(Status.OK);
    assertThat(line.text()).startsWith("1 MiB, ");
    assertThat(line.facts())
        .containsEntry("path", path.toString())
        .containsEntry("size_bytes", 1L << 20);
    assertThat(line(path, "lock").status()).isEqualTo(Status.OK);
    assertThat(line(path, "space").text()).endsWith(" free on its file system");
    assertThat(new ImageCheck(path.toString()).title()).isEqualTo("Image " + path);
  }

  /** The disk's own figures cannot be had then. */
  @Test
  void theCgroupsLimitsOfItsDiskAreTold() {
    assertThat(ImageCheck.limits(new IoLimits(null, null, null, null)))
        .isEqualTo(DoctorLine.ok("io_limits", "the cgroup has none for its disk"));
    DoctorLine line = ImageCheck.limits(new IoLimits(10L << 20, null, null, 1200L));
    assertThat(line.status()).isEqualTo(Status.WARNING);
    assertThat(line.text())
        .isEqualTo(
            "the cgroup limits its disk to reads of 10 MiB/s, 1,200 writes a second: the figures"
                + " are those of the limit");
    assertThat(line.remedy()).contains("io.max");
  }

  @Test
  void whoHasItLocked() throws IOException {
    Path path = image(1 << 20);
    try (FileHandle writer = FileHandle.open(path.toString(), true, false)) {
      writer.lock(true);
      DoctorLine line = line(path, "lock");
      assertThat(line.status()).isEqualTo(Status.WARNING);
      assertThat(line.text()).startsWith("in use by pid " + ProcessHandle.current().pid());
    }
  }

  @Test
  void anImageThatNobodyCanUseIsBadInput() throws IOException {
    Path odd = Files.write(root.resolve("odd"), new byte[700]);
    for (Path path : new Path[] {root.resolve("none"), root, odd}) {
      DoctorLine line = line(path, "image");
      assertThat(line.status()).isEqualTo(Status.PROBLEM);
      assertThat(line.kind()).isEqualTo(Kind.BAD_INPUT);
      assertThat(line.text()).contains(path.toString());
      assertThat(line.remedy()).isNotBlank();
    }
  }
}
