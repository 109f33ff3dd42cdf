package dev.platter.guestimages;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InitramfsTest {
  @TempDir Path directory;

  private static Initramfs one(boolean reversed) {
    Initramfs initramfs = new Initramfs();
    List<Runnable> steps =
        List.of(
            () -> initramfs.file("init", "#!/bin/sh\n", true),
            () -> initramfs.file("lib/modules/a.ko", new byte[] {1, 2, 3}, false),
            () -> initramfs.directory("proc"),
            () -> initramfs.symbolicLink("bin/sh", "busybox"),
            () -> initramfs.characterDevice("dev/console", 5, 1));
    (reversed ? steps.reversed() : steps).forEach(Runnable::run);
    return initramfs;
  }

  @Test
  void sameContentsMakeSameBytesInWhateverOrder() throws IOException {
    Path first = directory.resolve("first");
    Path second = directory.resolve("second");
    one(false).write(first);
    one(true).write(second);
    assertThat(second).hasSameBinaryContentAs(first);
  }

  /** buffer-format.rst: magic 070701, modes as in stat(2), a directory before what is in it. */
  @Test
  void readsBackAsNewcWithParentsFirst() throws IOException {
    Path file = directory.resolve("initramfs");
    one(false).write(file);
    List<String> seen = new ArrayList<>();
    try (GZIPInputStream gzip = new GZIPInputStream(Files.newInputStream(file))) {
      byte[] all = gzip.readAllBytes();
      assertThat(new String(all, 0, 6, StandardCharsets.US_ASCII)).isEqualTo("070701");
    }
    try (CpioArchiveInputStream cpio =
        new CpioArchiveInputStream(new GZIPInputStream(Files.newInputStream(file)))) {
      for (CpioArchiveEntry entry = cpio.getNextEntry();
          entry != null;
          entry = cpio.getNextEntry()) {
        seen.add("%s %o %d".formatted(entry.getName(), entry.getMode(), entry.getSize()));
        assertThat(entry.getTime()).isZero();
        assertThat(entry.getUID()).isZero();
        if (entry.getName().equals("dev/console")) {
          assertThat(entry.getRemoteDeviceMaj()).isEqualTo(5);
          assertThat(entry.getRemoteDeviceMin()).isEqualTo(1);
        }
        if (entry.getName().equals("lib/modules/a.ko")) {
          assertThat(cpio.readAllBytes()).containsExactly(1, 2, 3);
        }
      }
    }
    assertThat(seen)
        .containsExactly(
            "bin 40755 0",
            "bin/sh 120777 7",
            "dev 40755 0",
            "dev/console 20600 0",
            "init 100755 10",
            "lib 40755 0",
            "lib/modules 40755 0",
            "lib/modules/a.ko 100644 3",
            "proc 40755 0");
  }
}
